"""What a step stands on: pinned definitions and their model, the campaign's plan, the calendar, the light rules.

All of it is immutable once loaded (definition ids and plan digests name their content), so it is parsed once a process.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from engine.bpmn.decision import Decision, read_decision
from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.elements import called_keys
from engine.domain import calendar as calendars
from engine.domain import campaign as campaigns
from engine.domain.calendar import WorkCalendar, civil_date
from engine.domain.campaign import Campaign
from engine.domain.deadline import Timetable
from engine.domain.lights import LightSchedule, light_schedule
from engine.errors import NotFound, Rejected
from engine.store import definitions
from engine.store import plans as store
from engine.store.transaction import Scope

SCHEDULES_KEPT = 20_000
TABLES_KEY = "ladders"  # the folder of the tables that campaigns name in their `[rules]`

_loaded: dict[str, Definition] = {}  # definition ids name their content


def definition(tx: Scope, definition_id: str) -> Definition:
    if definition_id not in _loaded:
        _loaded[definition_id] = definitions.load(tx.connection, [definition_id])[0]
    return _loaded[definition_id]


def model(tx: Scope, definition_ids: tuple[str, ...]) -> Model:
    return load_model(tuple(definition(tx, definition_id) for definition_id in definition_ids))


def pinned(tx: Scope, key: str) -> tuple[str, ...]:
    """The newest version of `key` and of everything it calls, root first."""
    found: dict[str, str] = {}
    queue = [key]
    while queue:
        wanted = queue.pop(0)
        if wanted in found:
            continue
        definition_id = _latest_id(tx, wanted)
        if definition_id is None:
            raise Rejected("process_not_deployed", f"Process {wanted} is not deployed.", key=wanted)
        found[wanted] = definition_id
        queue += called_keys(definition(tx, definition_id).files[f"{wanted}.bpmn"])
    return tuple(found.values())


def declared_names(tx: Scope, definition_ids: tuple[str, ...]) -> frozenset[str]:
    """What the forms of these definitions ask for: variables that the process may come to know."""
    names: set[str] = set()
    for definition_id in definition_ids:
        for name, content in definition(tx, definition_id).files.items():
            if name.endswith(".form"):
                names.update(form_names(json.loads(content)))
    return frozenset(names)


def form_names(part: Mapping[str, Any]) -> Iterator[str]:
    """The variables that a form asks for, in its order."""
    for component in part.get("components") or ():
        if isinstance(component.get("key"), str):
            yield component["key"]
        yield from form_names(component)


def definition_of(tx: Scope, definition_ids: tuple[str, ...], process_key: str) -> str:
    """Which of the pinned definitions draws `process_key`."""
    for definition_id in definition_ids:
        if definition(tx, definition_id).key == process_key:
            return definition_id
    return definition_ids[0]


def version_of(tx: Scope, definition_id: str) -> int:
    return definition(tx, definition_id).version


def _latest_id(tx: Scope, key: str) -> str | None:
    found: str | None = tx.plans.get(("latest", key))
    if found is None:
        found = tx.plans["latest", key] = definitions.latest_id(tx.connection, key)
    return found


def file_of(tx: Scope, key: str, name: str) -> tuple[str, bytes]:
    """(definition id, bytes) of a file in the newest version of `key`."""
    definition_id = _latest_id(tx, key)
    if definition_id is None or name not in definition(tx, definition_id).files:
        raise Rejected("file_not_deployed", f"{key}/{name} is not deployed.", key=key, file=name)
    return definition_id, definition(tx, definition_id).files[name]


@lru_cache(maxsize=64)
def _campaign(content: bytes) -> Campaign:
    return campaigns.load(content)


def campaign(tx: Scope, campaign_id: str) -> Campaign:
    cached = tx.plans.get(("campaign", campaign_id))
    if cached is None:
        content = store.campaign_content(tx.connection, campaign_id)
        if content is None:
            raise NotFound("campaign_unknown", f"There is no campaign {campaign_id}.", campaign=campaign_id)
        cached = tx.plans[("campaign", campaign_id)] = _campaign(content)
    return cached


_calendars: dict[tuple[tuple[int, str], ...], WorkCalendar] = {}


def calendar(tx: Scope) -> WorkCalendar:
    digests = tx.plans.get("calendar")
    if digests is None:
        digests = tx.plans["calendar"] = store.calendar_digests(tx.connection)
    if digests not in _calendars:
        _calendars[digests] = WorkCalendar(
            calendars.load(content) for content in store.calendar_contents(tx.connection)
        )
    return _calendars[digests]


def calendar_version(tx: Scope) -> str:
    """Of the year that is now, as kept with what was counted by it."""
    today = civil_date(tx.now)
    return calendar(tx).version_of(today, today)


def timetable(tx: Scope, campaign_id: str, now: datetime | None = None) -> Timetable:
    return Timetable(calendar(tx), now or tx.now, campaign(tx, campaign_id).windows)


def table(tx: Scope, name: str) -> tuple[str, Decision]:
    """(definition id, table) of the newest version of a ladder or of lights. Raises Rejected when there is none.

    Tables lie together in `ladders`; editions before that kept them beside the diagram of supervision.
    """
    for key in (TABLES_KEY, "supervision"):
        definition_id = _latest_id(tx, key)
        if definition_id is not None and f"{name}.dmn" in definition(tx, definition_id).files:
            return definition_id, table_of(tx, definition_id, name)
    raise Rejected("table_not_deployed", f"The table {name} is not deployed.", table=name)


def is_newest_table(tx: Scope, definition_id: str, name: str) -> bool:
    """Whether this version of a table is what a newer one would say too: byte for byte."""
    return tables(tx).get(f"{name}.dmn") == definition(tx, definition_id).files.get(f"{name}.dmn")


def tables(tx: Scope) -> dict[str, bytes]:
    """The files of every table that a campaign may name, in their newest versions."""
    found = {**newest_files(tx, "supervision"), **newest_files(tx, TABLES_KEY)}
    return {name: content for name, content in found.items() if name.endswith(".dmn")}


def newest_files(tx: Scope, key: str) -> Mapping[str, bytes]:
    """The files of the newest version of a folder; none when it is not deployed."""
    definition_id = _latest_id(tx, key)
    return definition(tx, definition_id).files if definition_id is not None else {}


def table_of(tx: Scope, definition_id: str, name: str) -> Decision:
    """A table in the version that judged. Raises KeyError when that version has no such file."""
    if (definition_id, name) not in _tables:
        _tables[definition_id, name] = read_decision(definition(tx, definition_id).files[f"{name}.dmn"])
    return _tables[definition_id, name]


_tables: dict[tuple[str, str], Decision] = {}  # definition ids name their content


def lighting(
    tx: Scope, campaign_id: str, start_at: datetime, due_at: datetime | None, *, reported: int | None = None
) -> dict[str, Any]:
    """The columns that say when an item that runs from `start_at` to `due_at` turns yellow, and which version of the
    campaign's lights said so. Without a due date there is no light."""
    if due_at is None:
        return {"yellow_at": None, "lights_id": None}
    key = ("lighting", campaign_id, start_at, due_at, reported)
    known = tx.plans.get(key)
    if known is None:
        if len(tx.plans) > SCHEDULES_KEPT:
            tx.plans.clear()
        definition_id, lights = table(tx, campaign(tx, campaign_id).rules["lights"])
        schedule = lights_by(lights, start_at, due_at, calendar(tx), reported=reported)
        known = tx.plans[key] = {"yellow_at": schedule.yellow_from, "lights_id": definition_id}
    return dict(known)


def lights_by(
    lights: Decision, start_at: datetime, due_at: datetime, days: WorkCalendar, *, reported: int | None = None
) -> LightSchedule:
    """The schedule that one version of a table makes."""
    answer = partial(_light, lights)
    return light_schedule(start_at, due_at, days, answer, reported=reported)


def _light(lights: Decision, inputs: dict[str, Any]) -> str:
    return str(lights.decide(inputs).outputs["light"])
