"""The rival of the letters: the same placed text as finished HTML, and WeasyPrint at its best with it."""

import html
import logging
import warnings
from collections.abc import Sequence
from functools import cache
from itertools import groupby

import weasyprint
from weasyprint.text.fonts import FontConfiguration

from forms.letters import fonts, metrics
from forms.letters.flow import Bar, Item, Text
from forms.letters.layout import Page
from forms.letters.metrics import MM_PER_POINT

STYLE = """
@page { size: A4; margin: 0 }
* { margin: 0; padding: 0; font-weight: normal }
html { font-kerning: none; font-variant-ligatures: none; line-height: 1 }
section { position: relative; width: 210mm; height: 296.9mm }
section + section { break-before: page }
p, h1, h2, h3, footer { height: 0 }
i { position: absolute; font-style: normal; white-space: pre; line-height: 1; transform-origin: 0 0 }
b { position: absolute; display: block }
"""


def finished_html(pages: Sequence[Page], title: str) -> str:
    """Texts and rules of the pages; drawn pictures are left out, which spares WeasyPrint their cost."""
    body = "".join(f"<section>{_page(page.items)}</section>" for page in pages)
    return (
        f'<!doctype html><html lang="zh-CN"><head><title>{html.escape(title)}</title></head><body>{body}</body></html>'
    )


def print_html(text: str) -> bytes:
    """With fonts and style sheet read once a process, tagged and PDF/A-2u as ours."""
    style, font_config = _house()
    with warnings.catch_warnings():
        # WeasyPrint 70.0 leaves the file of its sRGB profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        return bytes(
            weasyprint.HTML(string=text).write_pdf(
                stylesheets=[style], font_config=font_config, pdf_variant="pdf/a-2u", pdf_tags=True
            )
        )


@cache
def _house() -> tuple[weasyprint.CSS, FontConfiguration]:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    font_config = FontConfiguration()
    rules = "".join(
        f"@font-face{{font-family:Duban-{role};src:url({path.resolve().as_uri()})}}.{role}{{font-family:Duban-{role}}}"
        for role, path in fonts.roles().items()
    )
    return weasyprint.CSS(string=rules + STYLE, font_config=font_config), font_config


def _page(items: Sequence[Item]) -> str:
    parts = []
    for (_, tag), group in groupby(
        items, key=lambda item: (item.block, item.tag) if isinstance(item, Text) else (0, "")
    ):
        inner = "".join(_item(item) for item in group)
        parts.append(f"<{tag}>{inner}</{tag}>" if tag else inner)
    return "".join(parts)


def _item(item: Item) -> str:
    if isinstance(item, Text):
        return _text(item)
    if isinstance(item, Bar):
        box = f"left:{item.x:.4f}mm;top:{item.y:.4f}mm;width:{item.width:.4f}mm;height:{item.height:.4f}mm"
        return f'<b style="{box};background:{item.colour}"></b>'
    return ""


def _text(text: Text) -> str:
    parts = []
    for run in text.runs:
        face = metrics.face(run.role)
        # With line-height 1 the baseline lies (1 + ascent - descent) / 2 em below the top of the box.
        top = text.y - (1 + face.ascent - face.descent) / 2 * text.size * MM_PER_POINT
        left = text.x + run.x * text.stretch * MM_PER_POINT
        width = (metrics.text_width(run.text, run.role) * text.size + len(run.text) * run.spacing) * MM_PER_POINT + 1
        style = f"left:{left:.4f}mm;top:{top:.4f}mm;width:{width:.1f}mm;font-size:{text.size:g}pt"
        style += f";letter-spacing:{run.spacing:.4f}pt" if run.spacing else ""
        style += f";color:{text.colour}" if text.colour != "#000" else ""
        style += f";transform:scaleX({text.stretch:.5f})" if text.stretch != 1.0 else ""
        parts.append(f'<i class="{run.role}" style="{style}">{html.escape(run.text)}</i>')
    return "".join(parts)
