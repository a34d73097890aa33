"""Further versions of the shipped processes, made by changing their text, and deployed as a designer would."""

import re
from typing import Any

import sqlalchemy as sa
from lxml import etree
from scenario import PROCESSES, Scenario

from engine import sources
from engine.commands.definitions import Deploy
from engine.commands.migration import MigrateInstance
from engine.domain.actor import SYSTEM, Actor
from engine.store.schema import instances, jobs, task_groups, tasks, waits

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def text(key: str) -> str:
    return files(key)[f"{key}.bpmn"].decode()


def files(key: str) -> dict[str, bytes]:
    return dict(sources.process_folder(PROCESSES / key).files)


def deploy(scenario: Scenario, key: str, diagram: str) -> str:
    """Returns the definition id of the new version."""
    command = Deploy(key, {**files(key), f"{key}.bpmn": diagram.encode()})
    return str(scenario.engine.execute(command, by=SYSTEM)["definition_id"])


def deployed(scenario: Scenario, key: str) -> str:
    return str(scenario.engine.read.definition(key).definition_id)


def the_same(key: str) -> str:
    """Other bytes, the same process."""
    return text(key).replace("</bpmn:definitions>", "<!-- again --></bpmn:definitions>")


def renamed(key: str, old: str, new: str) -> str:
    """One element under another id; its form keeps its name."""
    return re.sub(rf"\b{old}\b", new, text(key)).replace(f'formKey="{new}"', f'formKey="{old}"')


def without(key: str, *element_ids: str) -> str:
    """Elements with their flows and everything that only these lead to."""
    root = etree.fromstring(text(key).encode())
    gone = set(element_ids)
    for flow in list(root.iter(f"{BPMN}sequenceFlow")):
        if {flow.get("sourceRef"), flow.get("targetRef")} & gone:
            gone.add(flow.get("id"))
    for node in list(root.iter()):
        is_gone = isinstance(node.tag, str) and (
            node.get("id") in gone or node.get("bpmnElement") in gone or (node.text or "").strip() in gone
        )
        if is_gone and node.getparent() is not None:
            node.getparent().remove(node)
    return etree.tostring(root, encoding="unicode")


def instance_of(scenario: Scenario, case_id: str) -> dict[str, Any]:
    return scenario.rows(sa.select(instances).where(instances.c.business_key == case_id, instances.c.kind == "case"))[0]


def migrate(
    scenario: Scenario, case_id: str, old: str, new: str, *, by: Actor | None = None, **mapping: str
) -> dict[str, Any]:
    command = MigrateInstance(instance_of(scenario, case_id)["instance_id"], old, new, dict(mapping))
    return dict(scenario.engine.execute(command, by=by or scenario.person("xitong")))


def everything(scenario: Scenario, case_id: str) -> dict[str, Any]:
    """The rows themselves, but for the counters that only grow."""
    instance_id = instance_of(scenario, case_id)["instance_id"]
    found = {
        table.name: scenario.rows(
            sa.select(*(column for column in table.c if column.name not in ("revision", "fence")))
            .where(table.c.instance_id == instance_id)
            .order_by(*table.primary_key.columns)
        )
        for table in (instances, tasks, jobs, waits)
    }
    found["groups"] = scenario.rows(sa.select(task_groups).order_by(*task_groups.primary_key.columns))
    return found
