"""Several finished documents as one, for the printer: pages in order, each letter beginning on a sheet of its own."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")
LEFT_OUT = ("/Parent", "/Annots", "/StructParents", "/Tabs")  # what points back into the document it came from


def merge(documents: Sequence[bytes]) -> bytes:
    """One PDF of all pages. A letter with an odd number of pages is followed by a blank one, so that printing on both
    sides puts no letter on the back of another. This is for paper: signatures and tags stay with the originals."""
    writer = PdfFileWriter(stream_xrefs=False)
    for content in documents:
        size: Any = None
        count = 0
        for page in _pages(PdfFileReader(BytesIO(content)).root["/Pages"], {}):
            size = page["/MediaBox"]
            writer.insert_page(_copied(writer, page))
            count += 1
        if count % 2 and len(documents) > 1:
            blank = generic.StreamObject(stream_data=b"")
            writer.insert_page(PageObject(contents=writer.add_object(blank), media_box=[float(side) for side in size]))
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def _pages(node: Any, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every page under a node of the page tree, with what it inherits."""
    node = node.get_object()
    given = {**given, **{name: node.raw_get(name) for name in INHERITED if name in node}}
    if node["/Type"] == "/Pages":
        for kid in node["/Kids"]:
            yield from _pages(kid, given)
    else:
        own = {name: node.raw_get(name) for name in node if name not in LEFT_OUT}
        yield {**given, **own}


def _copied(writer: PdfFileWriter, page: dict[str, Any]) -> Any:
    values = {generic.pdf_name(name): writer.import_object(value) for name, value in page.items()}
    return generic.DictionaryObject(values)
