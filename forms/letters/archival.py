"""What makes a PDF one for the archive, PDF/A-2u (ISO 19005-2): who and what it is, its colours, its language."""

from dataclasses import dataclass
from html import escape
from typing import Final

import pydyf

from forms.letters.colour import srgb_profile
from forms.letters.objects import packed

_MAKER: Final = "Duban"
_PACKET: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="2" pdfaid:conformance="U"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>zh-CN</rdf:li></rdf:Bag></dc:language>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" pdf:Producer="{maker}"
 pdf:Keywords="{keywords}"/>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{maker}"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True)
class About:
    """What a reader sees under "properties"; no dates, so that the same letter makes the same bytes."""

    title: str
    author: str
    keywords: str


def make_archival(pdf: pydyf.PDF, about: About, *, structure: bytes) -> None:
    """Fills the catalogue; `structure` is the reference of the root of the tags."""
    packet = _PACKET.format(
        title=escape(about.title), author=escape(about.author), keywords=escape(about.keywords), maker=_MAKER
    )
    # Not compressed, so that archives which know nothing of PDF can find it.
    metadata = pydyf.Stream([packet.encode()], {"Type": "/Metadata", "Subtype": "/XML"})
    profile = packed(srgb_profile(), {"N": 3})
    for stream in (metadata, profile):
        pdf.add_object(stream)
    intent = pydyf.Dictionary(
        {
            "Type": "/OutputIntent",
            "S": "/GTS_PDFA1",
            "OutputConditionIdentifier": pydyf.String("sRGB IEC61966-2.1"),
            "DestOutputProfile": profile.reference,
        }
    )
    pdf.catalog |= {
        "Lang": pydyf.String("zh-CN"),
        "MarkInfo": "<< /Marked true >>",
        "Metadata": metadata.reference,
        "OutputIntents": pydyf.Array([intent]),
        "StructTreeRoot": structure,
        "ViewerPreferences": "<< /DisplayDocTitle true >>",
    }
    pdf.info |= {
        "Title": pydyf.String(about.title),
        "Author": pydyf.String(about.author),
        "Keywords": pydyf.String(about.keywords),
        "Creator": pydyf.String(_MAKER),
        "Producer": pydyf.String(_MAKER),
    }
