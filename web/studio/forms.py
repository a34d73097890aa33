"""The tab of forms: the editor's page, and the form as the officer will see it, drawn by the real renderer."""

from typing import Final

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from engine.domain.actor import BUILDING_ROLES
from engine.errors import Invalid
from forms.component import Form
from forms.context import FormContext
from forms.fields import fields
from forms.reading import read_form
from web.i18n import language
from web.permission import needs
from web.request import engine, now
from web.studio.api import READERS, Answer, answers, asked, text_of
from web.studio.editing import add_file, editor_page, with_policy

blueprint = Blueprint("studio_forms", __name__)
IMAGES: Final = "img-src 'self' blob: data:"  # form-js begins with an empty picture, written out in its text
# Only our own page may hold it, nothing in it runs, and nothing it says is sent anywhere.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'"
)
PEOPLE: Final = (("demo_a", "演示员甲"), ("demo_b", "演示员乙"))


@blueprint.get("/studio/drafts/<draft_id>/forms")
@needs(*READERS)
def forms(draft_id: str) -> Response:
    return with_policy(render_template("studio/forms.html", page=editor_page(draft_id, "forms")), IMAGES)


@blueprint.post("/studio/drafts/<draft_id>/forms")
@needs(*BUILDING_ROLES)
def add(draft_id: str) -> BaseResponse | tuple[Response, int]:
    """A new form."""
    done = add_file(draft_id, "forms", "studio_forms.forms")
    if not isinstance(done, str):
        return done
    page = editor_page(draft_id, "forms", typed=request.form.get("name", "")[:200], problem=done)
    return with_policy(render_template("studio/forms.html", page=page), IMAGES), 422


@blueprint.post("/studio/api/preview-form")
@needs(*READERS)
@answers
def preview() -> Answer:
    """{text} → the page of the form in HTML, as far as the form can be read. 422 with problems when it is no form."""
    form, problems = read_form(text_of(asked(), "text").encode(), "form")
    if form is None:
        raise Invalid("bad_form", "This is not a form.", tuple(problems))
    html = render_template("studio/form_preview.html", title=form.title.by(language()), fields=_fields(form))
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


def _fields(form: Form) -> list[object]:
    """With the real units and two invented people, who belong to the first unit there is; nothing is filled in."""
    units = {unit.unit_id: unit.name for unit in engine().read.units()}
    first = next(iter(units), "")
    context = FormContext(now=now(), units=units, persons={key: (name, first) for key, name in PEOPLE})
    return list(fields(form, None, (), context, language()))
