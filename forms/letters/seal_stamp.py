"""The operator's seal picture as the appearance of a signature: red over the black of name and date, hiding neither."""

import io
from pathlib import Path
from typing import Any, Final

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ImportedPdfPage, ResourceType
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle
from pyhanko.stamp.static import StaticContentStamp

from forms.letters.seals import SealFailed
from forms.letters.signing_keys import read_file, words_of

_WHOLE_BOX: Final = SimpleBoxLayoutRule(
    x_align=AxisAlignment.ALIGN_MID,
    y_align=AxisAlignment.ALIGN_MID,
    margins=Margins(0, 0, 0, 0),
    inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
)
_DRAWN: Final[dict[str, Any]] = {"border_width": 0, "background_opacity": 1.0, "background_layout": _WHOLE_BOX}


class SealStyle(StaticStampStyle):  # type: ignore[misc]
    def create_stamp(self, writer: Any, box: BoxConstraints, text_params: dict[str, Any]) -> StaticContentStamp:
        return _SealStamp(writer=writer, style=self, box=box)


class _SealStamp(StaticContentStamp):  # type: ignore[misc]
    def set_resource(self, category: ResourceType, name: generic.NameObject, value: generic.DictionaryObject) -> None:
        """Ink is multiplied with what it is pressed on, so that the white of a picture without an alpha channel does
        not cover the signatory (ISO 19005-2 allows blend modes)."""
        if category is ResourceType.EXT_G_STATE:
            value[generic.pdf_name("/BM")] = generic.pdf_name("/Multiply")
        super().set_resource(category, name, value)


def style_of(picture: Path) -> SealStyle:
    """Of a PDF's first page or a picture. Raises SealFailed when it cannot be read."""
    content = io.BytesIO(read_file(picture, "DUBAN_SIGNING_SEAL"))
    try:
        if picture.suffix.lower() == ".pdf":
            PdfFileReader(content)
            return SealStyle(background=ImportedPdfPage(str(picture)), **_DRAWN)
        image = Image.open(content)
        image.load()
    except Exception as error:
        fix = "save it anew as PNG or PDF / check DUBAN_SIGNING_SEAL"
        raise SealFailed(f"the seal picture {picture} cannot be read: {words_of(error)}", fix) from error
    return SealStyle(background=PdfImage(image), **_DRAWN)
