"""What an XML file says, without regard to how a tool lays it out: for comparing a file before and after an editor."""

import re
from typing import Final

from lxml import etree

Fact = tuple[str, dict[str, str], str]
TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
WHOLE: Final = re.compile(r"(-?\d+)\.0+")
# What BPMN assumes when nothing is written.
ASSUMED: Final = {
    "cancelActivity": "true",
    "completionQuantity": "1",
    "expressionLanguage": "http://www.w3.org/1999/XPath",
    "isForCompensation": "false",
    "startQuantity": "1",
    "typeLanguage": "http://www.w3.org/2001/XMLSchema",
}


def facts_of(xml: bytes) -> list[Fact]:
    """Every element with its attributes and text, without regard to the order in which a tool writes them."""
    facts = []
    for element in etree.fromstring(xml, etree.XMLParser(remove_comments=True, remove_pis=True)).iter(etree.Element):
        said = {str(name): _plain("".join(value.split())) for name, value in element.attrib.items() if name != TYPE}
        attributes = {name: value for name, value in said.items() if ASSUMED.get(name) != value}
        facts.append((str(element.tag), attributes, " ".join((element.text or "").split())))
    return sorted(facts, key=lambda fact: (fact[0], sorted(fact[1].items()), fact[2]))


def remarks_of(xml: bytes) -> list[tuple[str, str]]:
    """Every comment and processing instruction with the element that it stands before, or at the end of."""
    found = []
    for node in etree.ElementTree(etree.fromstring(xml)).xpath("//comment() | //processing-instruction()"):
        around = [
            each for each in (*node.itersiblings(), node.getparent()) if each is not None and each.tag is not None
        ]
        near = next((each for each in around if isinstance(each.tag, str)), None)
        found.append((str(node), "" if near is None else f"{near.tag} {near.get('id', '')}"))
    return found


def _plain(value: str) -> str:
    """140.0 says what 140 says."""
    whole = WHOLE.fullmatch(value)
    return whole[1] if whole else value
