"""The tab of letter templates: the editor's page, and the letter that its text makes of invented facts."""

from typing import Final

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from engine.domain.actor import BUILDING_ROLES
from engine.domain.letter import KINDS
from engine.domain.letter_words import documented
from engine.errors import Invalid, Problem, Rejected
from forms.letters.isolate import render_isolated
from forms.letters.sample import sample_letter
from web.errors import said, sentence
from web.i18n import language
from web.pdf import POLICY, show_pdf
from web.permission import needs
from web.request import actor, engine
from web.studio.api import READERS
from web.studio.editing import add_file, editor_page
from web.studio.starters import SUFFIXES
from web.turns import PREVIEWS

blueprint = Blueprint("studio_letters", __name__)
SUBJECTS: Final = {"one": 1, "several": 12, "report": 0}  # what the invented letter is about → how many cases


@blueprint.get("/studio/drafts/<draft_id>/letters")
@needs(*READERS)
def letters(draft_id: str) -> str:
    return _page(draft_id)


@blueprint.post("/studio/drafts/<draft_id>/letters")
@needs(*BUILDING_ROLES)
def add(draft_id: str) -> BaseResponse | tuple[str, int]:
    """A new template, of a kind that the folder has none of."""
    done = add_file(draft_id, "letters", "studio_letters.letters", known=KINDS)
    if not isinstance(done, str):
        return done
    return _page(draft_id, typed=request.form.get("name", "")[:200], problem=done), 422


@blueprint.post("/studio/drafts/<draft_id>/letters/preview.pdf")
@needs(*READERS)
def preview(draft_id: str) -> Response | tuple[str, int, dict[str, str]]:
    """The posted `text` of the template `name` as a PDF, for the frame beside it; what is wrong with it as a page."""
    engine().read.model_draft(draft_id)
    try:
        with PREVIEWS.take(actor().person_id):
            return show_pdf(_pdf(request.form), "sample.pdf")
    except Invalid as error:
        lines = [(one.where, said(one)) for one in error.problems]
        return _refused(sentence(error), lines), 422, _framed()
    except Rejected as error:
        return _refused(sentence(error), []), 409, _framed()


def _pdf(sent: "dict[str, str]") -> bytes:
    name, template, subject = sent.get("name", ""), sent.get("text", ""), sent.get("subject", "one")
    kind = name.rpartition("/")[2].removesuffix(SUFFIXES["letters"])
    if kind not in KINDS:
        zh = f"“{name[:80]}”不是函件种类。文件名应为：{'、'.join(sorted(KINDS))}，加 {SUFFIXES['letters']}。"
        problem = Problem("name", zh, f"{name[:80]!r} names no kind of letter; known are {', '.join(sorted(KINDS))}.")
        raise Invalid("template_kind_unknown", "There is no such kind of letter.", (problem,))
    layout = sent.get("layout") or KINDS[kind].layout
    if layout not in KINDS[kind].layouts or subject not in SUBJECTS:
        problem = Problem("layout", "没有这种版式或样例。", "There is no such layout or sample.")
        raise Invalid("letter_layout_unknown", "There is no such layout or sample.", (problem,))
    about = {"cases": SUBJECTS[subject] or 1, "is_report": subject == "report"}
    letter = sample_letter(kind, template.replace("\r\n", "\n"), layout=layout, name=name, **about)
    return render_isolated(letter).pdf


def _refused(words: str, problems: list[tuple[str, str]]) -> str:
    return render_template("studio/letter_refused.html", words=words, problems=problems)


def _framed() -> dict[str, str]:
    return {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"}


def _page(draft_id: str, typed: str = "", problem: str = "") -> str:
    page = editor_page(draft_id, "letters", typed=typed, problem=problem)
    held = {name.removesuffix(SUFFIXES["letters"]) for name in page.names}
    kind = KINDS.get(page.name.removesuffix(SUFFIXES["letters"]))
    return render_template(
        "studio/letters.html",
        page=page,
        kind=kind,
        missing=[(key, each.zh if language() == "zh" else each.en) for key, each in KINDS.items() if key not in held],
        words=[(path, meaning.zh if language() == "zh" else meaning.en) for path, meaning in documented()],
        subjects=tuple(SUBJECTS),
    )
