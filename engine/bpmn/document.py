"""Reads XML that came from outside: BPMN and DMN, with every feature off that could reach beyond the bytes.

It says whether the bytes are an acceptable document; what the document means is for others.
"""

import re

from lxml import etree

from engine.errors import Invalid, Problem

MAX_BYTES = 2 * 1024 * 1024
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DUBAN = "urn:duban:bpmn"
ID_PATTERN = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)


class DocumentRefused(Invalid):
    """The bytes are not an XML document that this system accepts."""

    def __init__(self, zh: str, en: str, where: str = "") -> None:
        super().__init__("document.refused", en, (Problem(where, zh, en),))
        self.zh = zh
        self.en = en


def read_document(content: bytes) -> etree._Element:
    """The root element. Nothing is fetched, no entity is expanded, any DOCTYPE is refused. Raises DocumentRefused."""
    if not content.strip():
        raise DocumentRefused("文件是空的。请重新导出后再上传。", "The file is empty. Export it again.")
    if len(content) > MAX_BYTES:
        raise DocumentRefused(
            f"文件有 {len(content) // 1024} KB，超过 {MAX_BYTES // 1024} KB 的上限。请拆成几个流程（调用活动）。",
            f"The file has {len(content) // 1024} KB, more than {MAX_BYTES // 1024} KB. "
            "Split it into several processes (call activities).",
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError, RecursionError) as error:
        detail = str(error)[:200]
        raise DocumentRefused(
            f"文件不是完整的 XML，读不出来（{detail}）。请用流程设计器重新导出。",
            f"The file is not well-formed XML ({detail}). Export it again from the diagram editor.",
        ) from error
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise DocumentRefused(
            "文件带有 DOCTYPE 声明，出于安全原因不接受。请删除 <!DOCTYPE …> 这一段。",
            "The file has a DOCTYPE, which is refused for safety. Delete the <!DOCTYPE ...> part.",
        )
    return root


def local(node: etree._Element) -> str:
    """The tag without its namespace; empty for comments and processing instructions."""
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(node: etree._Element) -> str:
    tag = node.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag[0] == "{" else ""


def bpmn(name: str) -> str:
    return f"{{{BPMN}}}{name}"


def duban(name: str) -> str:
    return f"{{{DUBAN}}}{name}"


def text_of(node: etree._Element | None) -> str:
    return "" if node is None else "".join(node.itertext()).strip()
