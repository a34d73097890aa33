"""The rival of the letters: bare WeasyPrint at its best with the very HTML that ours makes."""

import logging
import warnings
from collections.abc import Sequence
from functools import cache

import weasyprint
from weasyprint.text.fonts import FontConfiguration

from forms.letters import fonts, markup
from forms.letters.metrics import face


def print_bare(documents: Sequence[str]) -> bytes:
    """With fonts and style sheet read once a process, page by page, tagged and PDF/A-2u as ours."""
    style, font_config = _house()
    rendered = [
        weasyprint.HTML(string=text).render(
            stylesheets=[style], font_config=font_config, pdf_variant="pdf/a-2u", pdf_tags=True
        )
        for text in documents
    ]
    whole = rendered[0].copy([page for document in rendered for page in document.pages])
    with warnings.catch_warnings():
        # WeasyPrint 70.0 leaves the file of its sRGB profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        return bytes(whole.write_pdf(pdf_variant="pdf/a-2u", pdf_tags=True))


@cache
def _house() -> tuple[weasyprint.CSS, FontConfiguration]:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    font_config = FontConfiguration()
    rules = "".join(
        f'@font-face{{font-family:"{face(role).name}";src:url({path.resolve().as_uri()})}}'
        f'.{role}{{font-family:"{face(role).name}"}}'
        for role, path in fonts.roles().items()
    )
    return weasyprint.CSS(string=rules + markup.STYLE, font_config=font_config), font_config
