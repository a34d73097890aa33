"""The studio's element templates and fields name only what the engine knows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn.expressions import check_deadline
from engine.domain.actor import PLACES, ROLES
from engine.domain.job import SERVICE_KINDS
from engine.domain.letter import KINDS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "web" / "frontend" / "src"
TEMPLATES: list[dict[str, Any]] = json.loads((SOURCE / "studio/templates/templates.json").read_text("utf-8"))
MODDLE = json.loads((SOURCE / "duban-moddle.json").read_text("utf-8"))
GROUP = re.compile(rf"({'|'.join(ROLES)})@({'|'.join(PLACES)})")


def test_the_nine_steps_of_the_office_have_a_template() -> None:
    names = [template["zh"] for template in TEMPLATES]

    assert names == ["交办", "催办", "督办通知", "现场核查", "两断三清", "联合验收", "公示", "约谈", "回头看"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["id"])
def test_what_a_template_sets_is_known_to_the_engine(template: dict[str, Any]) -> None:
    attributes, inputs = template["attributes"], template.get("inputs", {})
    known = {f"duban:{one['name']}" for kind in MODDLE["types"] for one in kind["properties"]}

    assert set(attributes) <= known | {"calledElement"}
    if due := attributes.get("duban:dueDate"):
        assert check_deadline(due) is None
        assert attributes["duban:basis"] and GROUP.fullmatch(attributes["duban:candidateGroups"])
    if job := attributes.get("duban:jobKind"):
        assert job in SERVICE_KINDS
        assert inputs["kind"].strip("'") in KINDS
    if called := attributes.get("calledElement"):
        assert (ROOT / "processes" / called / f"{called}.bpmn").is_file()
    assert {"zh", "en", "note_zh", "note_en"} <= template.keys()


def test_every_attribute_of_our_dialect_can_be_set_in_the_panel() -> None:
    fields = (SOURCE / "studio/properties/fields.js").read_text("utf-8")

    ours = [one["name"] for kind in MODDLE["types"] if kind["name"] != "Input" for one in kind["properties"]]

    assert [name for name in ours if f"'duban:{name}'" not in fields] == []
