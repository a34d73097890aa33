"""What a step stands on: pinned definitions and their model, the campaign's plan, the calendar, the light rules.

All of it is immutable once loaded (definition ids and plan digests name their content), so it is parsed once a process.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.bpmn.decision import read_decision
from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.elements import called_keys
from engine.domain import calendar as calendars
from engine.domain import campaign as campaigns
from engine.domain.calendar import WorkCalendar
from engine.domain.campaign import Campaign
from engine.domain.deadline import Timetable
from engine.domain.lights import light_schedule
from engine.errors import NotFound, Rejected
from engine.store import definitions
from engine.store import plans as store
from engine.store.transaction import Scope

SCHEDULES_KEPT = 20_000

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


def timetable(tx: Scope, campaign_id: str, now: datetime | None = None) -> Timetable:
    return Timetable(calendar(tx), now or tx.now, campaign(tx, campaign_id).windows)


def yellow_from(tx: Scope, campaign_id: str, start_at: datetime, due_at: datetime) -> datetime | None:
    """When an item that runs from `start_at` to `due_at` turns yellow by the light rules now deployed."""
    key = ("yellow", start_at, due_at)
    known = tx.plans.get(key)
    if known is None:
        if len(tx.plans) > SCHEDULES_KEPT:
            tx.plans.clear()
        definition_id, _ = file_of(tx, "supervision", "lights.dmn")
        schedule = light_schedule(start_at, due_at, calendar(tx), _lights(tx, definition_id))
        known = tx.plans[key] = (schedule.yellow_from,)
    found: datetime | None = known[0]
    return found


_light_rules: dict[str, Callable[[dict[str, Any]], str]] = {}


def _lights(tx: Scope, definition_id: str) -> Callable[[dict[str, Any]], str]:
    if definition_id not in _light_rules:
        decision = read_decision(definition(tx, definition_id).files["lights.dmn"])
        _light_rules[definition_id] = lambda inputs: str(decision.decide(inputs).outputs["light"])
    return _light_rules[definition_id]
