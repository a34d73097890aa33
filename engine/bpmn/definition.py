"""A deployed process folder, and the model made of it: parsed once per set of versions and shared by all instances."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask

from engine.bpmn.activities import CalledProcess, DecisionTask
from engine.bpmn.decision import OF_CAMPAIGN, Decision, read_decisions
from engine.bpmn.document import read_document
from engine.bpmn.elements import Element, elements_of
from engine.bpmn.parser import parse_specs
from engine.bpmn.workflow import without_foresight
from engine.errors import EngineError, Invalid, Problem

# SpiffWorkflow would build a dictionary, with a walk over the whole tree, for each log line, wanted or not.
for _name in ("spiff", "spiff.workflow", "spiff.task", "spiff.data"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Definition:
    """One version of a process: every file of its folder by name, `<key>.bpmn` among them."""

    definition_id: str
    key: str
    version: int
    files: Mapping[str, bytes]


class ModelRefused(Invalid):
    """The definitions do not make a process that can run. The deploy check says it in better words, earlier."""

    def __init__(self, where: str, zh: str, en: str) -> None:
        super().__init__("model.refused", f"{where}: {en}", (Problem(where, zh, en),), where=where)


class Model:
    """What can be executed: the root process and all that it calls. Read only; safe to share between threads.

    `elements` is by element id, the root process first where two processes use the same id; `element` is exact.
    """

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.definition_ids = tuple(definition.definition_id for definition in definitions)
        self.root_key = definitions[0].key
        self.specs: dict[str, BpmnProcessSpec] = {}
        self._exact: dict[tuple[str, str], Element] = {}
        for definition in definitions:
            self._add(definition)
        self.elements: Mapping[str, Element] = {
            element.element_id: element for element in reversed(self._exact.values())
        }
        self._check_calls()

    @property
    def all_elements(self) -> tuple[Element, ...]:
        return tuple(self._exact.values())

    def element(self, process_key: str, element_id: str) -> Element:
        """Raises KeyError for an element that is in none of the definitions."""
        return self._exact[process_key, element_id]

    def separated(self, process_key: str, names: Iterable[str]) -> dict[str, tuple[str, str]]:
        """The tasks that `separateFrom` names in a diagram, by name: (process, element id). `process:element` says
        which; a name alone is a task of the diagram itself, else one of any process: then process is empty."""
        found: dict[str, tuple[str, str]] = {}
        for name in names:
            process, _, element_id = name.rpartition(":")
            here = self._exact.get((process_key, element_id))
            found[name] = (process or (process_key if here and here.type == "userTask" else ""), element_id)
        return found

    def _add(self, definition: Definition) -> None:
        key = definition.key
        root = read_document(_diagram(definition))
        self._exact.update({(key, element.element_id): element for element in elements_of(root)})
        try:
            specs = parse_specs(root, key)
        except EngineError:
            raise
        except Exception as error:  # SpiffWorkflow raises whatever it stumbles over; the deploy check comes first
            raise ModelRefused(key, f"流程图无法执行（{error}）。", f"the diagram cannot be run ({error}).") from error
        decisions = _decisions(definition)
        for spec in specs.values():
            self._prepare(spec, key, decisions)
        self.specs.update(specs)

    def _prepare(self, spec: BpmnProcessSpec, key: str, decisions: Mapping[str, Decision]) -> None:
        spec.process_key = key
        for task in spec.task_specs.values():
            task.element = self._exact.get((key, task.bpmn_id)) if task.bpmn_id else None
            task.ways = getattr(task, "ways", ())
            without_foresight(task)
            if isinstance(task, DecisionTask):
                decision = decisions.get(task.element.decision_ref)
                if decision is None and task.element.decision_ref not in OF_CAMPAIGN:
                    raise ModelRefused(
                        f"{key}:{task.bpmn_id}",
                        f"没有决策表“{task.element.decision_ref}”。",
                        f'there is no decision "{task.element.decision_ref}".',
                    )
                task.decision = decision
            if isinstance(task, MultiInstanceTask):
                # SpiffWorkflow connects this when it makes the children; a loaded instance has them already.
                spec.task_specs[task.task_spec].completed_event.connect(task.merge_child)

    def _check_calls(self) -> None:
        for spec in self.specs.values():
            for task in spec.task_specs.values():
                if isinstance(task, CalledProcess) and task.spec not in self.specs:
                    raise ModelRefused(
                        f"{spec.process_key}:{task.bpmn_id}",
                        f"调用的流程“{task.spec}”没有部署。",
                        f'the called process "{task.spec}" is not deployed.',
                    )


class Models:
    """The models loaded last, by the ids of their definitions, since a version never changes. For all threads."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._models: OrderedDict[tuple[str, ...], Model] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, definitions: Sequence[Definition]) -> Model:
        """The model of these definitions, the root process first.

        Raises ModelRefused, DocumentRefused or DecisionError.
        """
        ids = tuple(definition.definition_id for definition in definitions)
        with self._lock:
            if ids in self._models:
                self._models.move_to_end(ids)
                return self._models[ids]
        model = Model(definitions)
        with self._lock:
            self._models[ids] = model
            while len(self._models) > self._kept:
                self._models.popitem(last=False)
        return model


_deployed = Models(kept=64)


def load_model(definitions: Sequence[Definition]) -> Model:
    """The model of deployed definitions; see `Models.load`."""
    return _deployed.load(definitions)


def _diagram(definition: Definition) -> bytes:
    name = f"{definition.key}.bpmn"
    if name not in definition.files:
        raise ModelRefused(definition.key, f"缺少文件 {name}。", f"the file {name} is missing.")
    return definition.files[name]


def _decisions(definition: Definition) -> dict[str, Decision]:
    found: dict[str, Decision] = {}
    for name, content in definition.files.items():
        if name.endswith(".dmn"):
            found.update(read_decisions(content))
    return found
