"""The first content of a file that is added to a draft: small, and without an error of its own."""

import json
from typing import Final
from xml.sax.saxutils import quoteattr

from engine.domain.letter import KINDS

_DMN: Final = "https://www.omg.org/spec/DMN/20191111/MODEL/"
SUFFIXES: Final = {"tables": ".dmn", "forms": ".form", "letters": ".html.j2"}


def starter(tab: str, name: str) -> bytes:
    """The file that a tab begins with. `name` is a plain identifier, for letters the key of a kind."""
    return {"tables": _table, "forms": _form, "letters": _letter}[tab](name).encode()


def _table(name: str) -> str:
    title = quoteattr(name)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="{_DMN}" id="definitions_{name}" name={title} namespace="urn:duban:decisions">
  <decision id="{name}" name={title}>
    <decisionTable id="{name}_table" hitPolicy="FIRST">
      <input id="{name}_input_1" label="条件">
        <inputExpression id="{name}_input_1_expression" typeRef="string">
          <text>default("kind", "")</text>
        </inputExpression>
      </input>
      <output id="{name}_output_1" label="结果" name="outcome" typeRef="string" />
      <rule id="{name}_rule_1">
        <inputEntry id="{name}_rule_1_in_1"><text>-</text></inputEntry>
        <outputEntry id="{name}_rule_1_out_1"><text>"其他"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


def _form(name: str) -> str:
    component = {
        "type": "textarea",
        "key": "note",
        "label": "办理情况",
        "labelEn": "What was done",
        "validate": {"required": True, "maxLength": 500},
    }
    form = {"type": "default", "id": name, "schemaVersion": 19, "title": "新表单", "titleEn": "New form"}
    return json.dumps({**form, "components": [component]}, ensure_ascii=False, indent=2) + "\n"


def _letter(name: str) -> str:
    return (
        f"{{# {KINDS[name].zh} #}}\n<title>关于{{{{ campaign.title }}}}有关事项的{KINDS[name].zh}</title>\n"
        "<p>请你单位按照{{ campaign.title }}的要求抓紧办理有关事项。</p>\n"
    )
