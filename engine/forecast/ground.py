"""What a forecast stands on: the campaign, its calendar, the diagrams with the deadlines of the scenario written in,
and the tables. Says also what of a scenario does not fit them."""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from engine import rulings, sources
from engine.bpmn.decision import Decision, DecisionResult, read_decision
from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.document import duban, read_document
from engine.bpmn.elements import Element, called_keys
from engine.bpmn.expressions import check_deadline, check_expression
from engine.digests import sha256_of_files
from engine.domain import calendar as calendars
from engine.domain import campaign as campaigns
from engine.domain.calendar import WorkCalendar
from engine.domain.campaign import Campaign
from engine.domain.deadline import Timetable
from engine.domain.escalation import Ladder
from engine.errors import Invalid, NotFound, Problem
from engine.forecast.scenario import USUAL, Scenario
from engine.forecast.worktime import minutes_of_a_day

ROLE = re.compile(r"[a-z_]+@[\w.-]+")
CHILDREN = ("supervision", "interview", "accountability")  # what a late task may lead to
PARTS = ("area", "lead", "office", "unit")  # which unit of a case a group of candidates means


@dataclass(frozen=True)
class Material:
    """The files of an office: folders by key (the newest of each), the plan of one campaign, the calendars."""

    folders: Mapping[str, Mapping[str, bytes]]
    plan: bytes
    calendars: tuple[bytes, ...]

    @property
    def a_day(self) -> float:
        """The minutes of a working day."""
        return minutes_of_a_day(WorkCalendar([calendars.load(content) for content in self.calendars]))


def material_of(processes: Path, campaign_id: str) -> Material:
    """What lies on disk. Raises NotFound."""
    folders = {folder.key: folder.files for folder in sources.process_folders(processes)}
    return Material(folders, sources.campaign(processes, campaign_id), tuple(sources.calendars(processes)))


def write_material(material: Material, root: Path, campaign_id: str) -> None:
    """As a folder that `material_of` reads."""
    files = {f"campaigns/{campaign_id}.toml": material.plan}
    files |= {f"calendars/{number:02}.toml": content for number, content in enumerate(material.calendars)}
    files |= {f"{key}/{name}": content for key, folder in material.folders.items() for name, content in folder.items()}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@dataclass
class Ground:
    """Ready to run: models by process key, made when first asked for."""

    scenario: Scenario
    material: Material
    plan: Campaign
    calendar: WorkCalendar
    ladder_table: Decision
    ladder: Ladder
    windows: Mapping[str, Any]
    _models: dict[str, Model] = field(default_factory=dict)

    @property
    def case_key(self) -> str:
        return self.plan.processes["case"]

    def model(self, key: str) -> Model:
        """Raises NotFound for a process that is not there, ModelRefused for one that cannot run."""
        if key not in self._models:
            self._models[key] = load_model(tuple(self._definitions(key)))
        return self._models[key]

    def elements(self) -> dict[str, Element]:
        """Every element that a case, or what a late task of it leads to, may come to; by place."""
        keys = sorted({self.case_key, *CHILDREN} & set(self.material.folders))
        found = (element for key in keys for element in self.model(key).all_elements)
        return {f"{element.process_key}:{element.element_id}": element for element in found}

    def tasks(self) -> frozenset[str]:
        """The places of people's work among them."""
        return frozenset(place for place, element in self.elements().items() if element.type == "userTask")

    def functions(self, now: datetime) -> dict[str, Callable[..., Any]]:
        return Timetable(self.calendar, now, self.windows).functions()

    def ask_ladder(
        self, inputs: Mapping[str, Any], variables: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
    ) -> DecisionResult:
        return rulings.ask(self.ladder_table, inputs, variables, functions)

    def _definitions(self, key: str) -> Iterator[Definition]:
        wanted, seen = [key], set()
        while wanted:
            name = wanted.pop(0)
            if name in seen:
                continue
            seen.add(name)
            files = self._files(name)
            yield Definition(f"forecast-{name}-{sha256_of_files(files)}", name, 1, files)
            wanted += called_keys(files[f"{name}.bpmn"])

    def _files(self, key: str) -> dict[str, bytes]:
        if f"{key}.bpmn" not in self.material.folders.get(key, {}):
            raise NotFound("process_not_deployed", f"Process {key} is not there.", key=key)
        files = dict(self.material.folders[key])
        changed = {place: text for place, text in self.scenario.deadlines.items() if place.startswith(f"{key}:")}
        if changed:
            files[f"{key}.bpmn"] = with_deadlines(files[f"{key}.bpmn"], changed)
        return files


def with_deadlines(diagram: bytes, changed: Mapping[str, str]) -> bytes:
    """The diagram with other due dates; whatever counts from them (reminders, escalations) follows by itself."""
    root = read_document(diagram)
    for node in root.iter():
        text = changed.get(f"{_process_of(node)}:{node.get('id')}") if isinstance(node.tag, str) else None
        if text is not None:
            node.set(duban("dueDate"), text)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _process_of(node: etree._Element) -> str:
    around: etree._Element | None = node
    while around is not None and not str(around.tag).endswith("}process"):
        around = around.getparent()
    return around.get("id", "") if around is not None else ""


def prepare(scenario: Scenario, material: Material) -> Ground:
    """Raises Invalid with everything in the scenario that does not fit the campaign and its diagrams."""
    plan = campaigns.load(material.plan)
    tables = {name: content for key in ("supervision", "ladders") for name, content in material.folders[key].items()}
    table = f"{plan.rules['ladder']}.dmn"
    if table not in tables:
        zh, en = f"没有督办阶梯表 {table}。", f"The table of the ladder is missing: {table}."
        raise Invalid("forecast.unfit", "The ladder is missing", (Problem("ladder", zh, en),))
    ladder_table = read_decision(tables[table])
    ground = Ground(
        scenario=replace(scenario, deadlines={}),
        material=material,
        plan=plan,
        calendar=WorkCalendar([calendars.load(content) for content in material.calendars]),
        ladder_table=ladder_table,
        ladder=rulings.ladder_in(ladder_table),
        windows={**plan.windows, **{key: window for key, window in scenario.phases.items()}},
    )
    problems = tuple(_problems(scenario, ground))
    if problems:
        raise Invalid("forecast.unfit", "The scenario does not fit the campaign", problems)
    return replace(ground, scenario=scenario, _models={})


def fitted(scenario: Scenario, material: Material) -> tuple[Scenario, tuple[str, ...]]:
    """The scenario without what it says of places that these diagrams do not have, and those places: for a draft that
    leaves a step out. Raises Invalid for diagrams that cannot be read."""
    ground = prepare(_without_places(scenario), material)
    tasks, dated = ground.tasks(), {place for place, one in ground.elements().items() if one.due_expression}
    kept: dict[str, Any] = {
        name: {place: value for place, value in getattr(scenario, name).items() if place in tasks or place == USUAL}
        for name in ("effort", "waiting", "answers")
    }
    kept["deadlines"] = {place: text for place, text in scenario.deadlines.items() if place in dated}
    lost = {place for name, values in kept.items() for place in getattr(scenario, name) if place not in values}
    return replace(scenario, **kept), tuple(sorted(lost))


def _without_places(scenario: Scenario) -> Scenario:
    return replace(scenario, effort={}, waiting={}, answers={}, deadlines={})


def _problems(scenario: Scenario, ground: Ground) -> Iterator[Problem]:
    places, tasks = ground.elements(), ground.tasks()
    units = {unit.id for unit in ground.plan.units}
    yield from _unknown("phases", scenario.phases, set(ground.plan.windows))
    yield from _unknown("areas", scenario.areas, {unit.id for unit in ground.plan.areas})
    yield from _unknown("pace", scenario.pace, units)
    yield from _unknown("effort", scenario.effort, tasks | {USUAL})
    yield from _unknown("waiting", scenario.waiting, tasks | {USUAL})
    yield from _unknown("answers", scenario.answers, tasks)
    yield from _unknown("deadlines", scenario.deadlines, {place for place in places if places[place].due_expression})
    yield from _too_late(scenario, ground.calendar)
    for place, text in scenario.deadlines.items():
        if fault := check_deadline(text):
            yield Problem(f"deadlines.{place}", fault.zh, fault.en)
    for place, answers in scenario.answers.items():
        for answer in answers:
            for name, value in answer.variables.items():
                if isinstance(value, str) and value[:1] in ("=", "@") and (fault := check_expression(value[1:])):
                    yield Problem(f"answers.{place}.{name}", fault.zh, fault.en)
    for key in scenario.staff:
        if not ROLE.fullmatch(key) or key.partition("@")[2] not in {*PARTS, *units}:
            zh = f"“{key}”应写成 角色@单位编号，或 角色@area、角色@lead、角色@office。"
            yield Problem(f"staff.{key}", zh, f'"{key}" must be role@unit, or role@area, role@lead, role@office.')


def _too_late(scenario: Scenario, calendar: WorkCalendar) -> Iterator[Problem]:
    """Cases that would never be filed are no part of any share."""
    for arrival in scenario.arrivals:
        first = calendar.workday_on_or_after(arrival.on)
        last = calendar.add_workdays(first, arrival.workdays - 1)
        if arrival.count and last > scenario.until:
            yield Problem(
                f"arrivals.{arrival.on}",
                f"这一批问题到 {last} 才收完，晚于截止日 {scenario.until}。请提前，或推迟截止日。",
                f"These cases come until {last}, after the end ({scenario.until}). Let them come earlier or end later.",
            )


def _unknown(name: str, given: Mapping[str, Any], known: Set[str]) -> Iterator[Problem]:
    for key in given:
        if key not in known:
            listed = "、".join(sorted(known)[:60])
            yield Problem(
                f"{name}.{key}", f"没有“{key}”，可用的有：{listed}。", f'There is no "{key}". Known are: {listed}.'
            )
