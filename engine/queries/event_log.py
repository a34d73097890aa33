"""The event log of a campaign, a bounded number of traces at a time: facts and visits, in the order they happened.

A called process happens in the instance that calls it, so a trace runs through all of its diagrams.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine import plans
from engine.bpmn.elements import Element, read_elements
from engine.domain.actor import Actor
from engine.domain.calendar import SHANGHAI
from engine.domain.event_log import LogEvent, LogFilter, LogHead, LogLetter, LogTask, LogTrace, check_export
from engine.domain.instance import InstanceKind
from engine.domain.letter import KINDS
from engine.errors import NotFound
from engine.queries.instances import seen_by
from engine.store.access import known_facts, known_referrals
from engine.store.schema import (
    campaigns,
    cases,
    definitions,
    facts,
    instances,
    letters,
    memberships,
    persons,
    supervision_items,
    tasks,
    units,
    visits,
)
from engine.store.transaction import Reader

AT_ONCE = 200
TASK_FACTS = {
    "TaskOpened": "schedule",
    "TaskClaimed": "start",
    "TaskReleased": "reassign",
    "TaskReturned": "ate_abort",
    "TaskCompleted": "complete",
    "TaskCancelled": "withdraw",
}
LETTER_FACTS = {
    "LetterIssued": "签发{kind}",
    "LetterReceived": "签收{kind}",
    "LetterLeft": "留置送达{kind}",
    "LetterReplied": "回复{kind}",
    "LetterReplyAccepted": "审核通过{kind}回复",
    "LetterReplyReturned": "退办{kind}回复",
    "LetterClosed": "办结{kind}",
    "LetterVoided": "作废{kind}",
    "LetterCorrected": "更正{kind}",
}
OTHER_FACTS = {  # kind: (activity, lifecycle)
    "CaseRegistered": ("登记入册", "complete"),
    "SupervisionOpened": ("督办立项", "complete"),
    "RungReached": ("督办升级：{rung}", "complete"),
    "SupervisionClosed": ("督办办结", "complete"),
    "InstanceSuspended": ("挂起流程", "suspend"),
    "InstanceResumed": ("恢复流程", "resume"),
    "InstanceCancelled": ("撤销流程", "pi_abort"),
    "InstanceMigrated": ("迁移流程", "complete"),
    "InstanceMoved": ("移动流程", "complete"),
    "OperationUndone": ("撤回操作", "complete"),
    "VariableSet": ("修改流程变量", "complete"),
    "JobSkipped": ("跳过作业", "manualskip"),
}
LOGGED = (*TASK_FACTS, *LETTER_FACTS, *OTHER_FACTS)
MEASURES = {kind: words.zh for kind, words in KINDS.items()} | {
    "reminder": "系统提醒",
    "summons": "约谈",
    "circular": "通报",
    "referral": "提请移送问责",
}
OF_THE_CASE = ("CaseRegistered", *LETTER_FACTS)  # facts of the case as a whole, which name no instance
CONSEQUENCES = ("TaskOpened", "TaskCancelled", "SupervisionOpened", "SupervisionClosed", "RungReached")


@dataclass(frozen=True)
class _Person:
    shown: str
    role: str
    unit: str


NOBODY = _Person("", "", "")


@dataclass
class _Batch:
    """What the traces of one batch look up."""

    elements: dict[tuple[str, str, str], Element] = field(default_factory=dict)  # by definition, process, element
    people: dict[str, _Person] = field(default_factory=dict)
    letters: dict[str, LogLetter] = field(default_factory=dict)  # of those that the actor may know of
    known_definitions: dict[str, tuple[str, int]] = field(default_factory=dict)


def event_log_head(reader: Reader, actor: Actor, wanted: LogFilter) -> LogHead:
    """Raises NotPermitted, and NotFound for a campaign or a process that is not there."""
    check_export(actor, names_persons=wanted.names_persons)
    title = reader.execute(sa.select(campaigns.c.title).where(campaigns.c.campaign_id == wanted.campaign_id)).scalar()
    if title is None:
        raise NotFound("campaign_unknown", f"There is no campaign {wanted.campaign_id}.", campaign=wanted.campaign_id)
    of_key = sa.select(definitions.c.key).where(definitions.c.key == wanted.process).limit(1)
    if wanted.process and reader.execute(of_key).scalar() is None:
        raise NotFound("definition_unknown", f"There is no process {wanted.process}.", key=wanted.process)
    named = reader.execute(sa.select(units.c.unit_id, units.c.name).order_by(units.c.unit_id))
    return LogHead(title, wanted, tuple((row.unit_id, row.name) for row in named))


def event_log(reader: Reader, actor: Actor, wanted: LogFilter, after: str = "") -> tuple[LogTrace, ...]:
    """The next traces by instance id, at most AT_ONCE; none when there are no more. Raises NotPermitted."""
    check_export(actor, names_persons=wanted.names_persons)
    rows = reader.execute(_instances(actor, wanted, after)).mappings().all()
    ids = [row["instance_id"] for row in rows]
    told = _facts(reader, actor, wanted, rows)
    batch = _Batch(
        people=_people(reader, wanted, {fact["person_id"] for some in told.values() for fact in some}),
        letters=_letters(reader, actor, told),
    )
    for row in rows:
        _know(reader, batch, row["definition_ids"])
    passed = _grouped(
        reader.execute(
            sa.select(visits)
            .where(visits.c.instance_id.in_(ids), visits.c.at <= wanted.as_of)
            .order_by(visits.c.instance_id, visits.c.visit_id)
        )
    )
    opened = _grouped(
        reader.execute(
            sa.select(tasks)
            .where(tasks.c.instance_id.in_(ids), tasks.c.opened_at <= wanted.as_of)
            .order_by(tasks.c.instance_id, tasks.c.opened_at, tasks.c.task_id)
        )
    )
    return tuple(
        _trace(
            row,
            batch,
            told.get(row["instance_id"], []),
            passed.get(row["instance_id"], []),
            opened.get(row["instance_id"], []),
        )
        for row in rows
    )


def _instances(actor: Actor, wanted: LogFilter, after: str) -> sa.Select[Any]:
    """Referrals are for whom they concern; the rest of the log holds nothing that only some may know."""
    rows = instances.outerjoin(cases, cases.c.case_id == instances.c.case_id)
    rows = rows.outerjoin(supervision_items, supervision_items.c.item_id == instances.c.business_key)
    named = ("instance_id", "kind", "key", "definition_id", "definition_ids", "business_key", "case_id", "state")
    query = (
        sa.select(
            *(instances.c[name] for name in named),
            instances.c.started_at,
            cases.c.area_id,
            cases.c.lead_id,
            supervision_items.c.item_id,
            supervision_items.c.unit_id.label("item_unit_id"),
        )
        .select_from(rows)
        .where(
            instances.c.campaign_id == wanted.campaign_id,
            instances.c.instance_id > after,
            instances.c.started_at <= wanted.as_of,
            known_referrals(actor),
            sa.true() if actor.has_role("designer", "auditor") else seen_by(actor),
        )
    )
    if wanted.process:
        query = query.where(instances.c.key == wanted.process)
    if wanted.since:
        query = query.where(instances.c.started_at >= _midnight(wanted.since))
    if wanted.until:
        query = query.where(instances.c.started_at < _midnight(wanted.until + timedelta(days=1)))
    return query.order_by(instances.c.instance_id).limit(AT_ONCE)


def _facts(
    reader: Reader, actor: Actor, wanted: LogFilter, rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """By instance, in the order they were recorded; facts of a case as a whole are told with its own process."""
    of_case = {row["case_id"]: row["instance_id"] for row in rows if row["kind"] == InstanceKind.CASE}
    whole = sa.and_(facts.c.instance_id.is_(None), facts.c.kind.in_(OF_THE_CASE), facts.c.case_id.in_([*of_case]))
    found = reader.execute(
        sa.select(facts)
        .where(
            sa.or_(facts.c.instance_id.in_([row["instance_id"] for row in rows]), whole),
            facts.c.kind.in_(LOGGED),
            facts.c.at <= wanted.as_of,
            known_facts(actor),
        )
        .order_by(facts.c.fact_id)
    ).mappings()
    told: dict[str, list[Mapping[str, Any]]] = {}
    for fact in found:
        told.setdefault(fact["instance_id"] or of_case[fact["case_id"]], []).append(fact)
    return told


def _people(reader: Reader, wanted: LogFilter, ids: set[str]) -> dict[str, _Person]:
    """Role and unit are of the first membership by name: a log has one of each."""
    held: dict[str, tuple[str, str]] = {}
    for row in reader.execute(
        sa.select(memberships)
        .where(memberships.c.person_id.in_(ids))
        .order_by(memberships.c.person_id, memberships.c.role, memberships.c.unit_id)
    ):
        held.setdefault(row.person_id, (row.role, row.unit_id))
    found = {}
    for row in reader.execute(sa.select(persons.c.person_id, persons.c.name).where(persons.c.person_id.in_(ids))):
        shown = row.name if wanted.names_persons else pseudonym(reader.secret, row.person_id)
        found[row.person_id] = _Person(shown, *held.get(row.person_id, ("", "")))
    return found


def pseudonym(secret: bytes, person_id: str) -> str:
    """The same for the same person in every log of this installation; without its key nobody leads it back."""
    return "P-" + hmac.new(secret, b"event log\0" + person_id.encode(), hashlib.sha256).hexdigest()[:12]


def _letters(reader: Reader, actor: Actor, told: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, LogLetter]:
    ids = {str(fact["detail"].get("letter", "")) for some in told.values() for fact in some}
    known = sa.true() if actor.sees_referrals else letters.c.kind != "referral"
    named = (letters.c.letter_id, letters.c.kind, letters.c.issued_at)
    query = sa.select(*named).where(letters.c.letter_id.in_(ids), known)
    return {row.letter_id: LogLetter(*row) for row in reader.execute(query)}


def _know(reader: Reader, batch: _Batch, definition_ids: Sequence[str]) -> None:
    for definition_id in definition_ids:
        if definition_id not in batch.known_definitions:
            known = plans.definition(reader, definition_id)
            batch.known_definitions[definition_id] = (known.key, known.version)
            bpmn = known.files.get(f"{known.key}.bpmn")
            for element in read_elements(bpmn) if bpmn else ():
                batch.elements[definition_id, known.key, element.element_id] = element


def _grouped(found: Any) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in found.mappings():
        grouped.setdefault(row["instance_id"], []).append(row)
    return grouped


# -- one trace ---------------------------------------------------------------------------------------------------------
def _trace(
    row: Mapping[str, Any],
    batch: _Batch,
    told: Sequence[Mapping[str, Any]],
    passed: Sequence[Mapping[str, Any]],
    opened: Sequence[Mapping[str, Any]],
) -> LogTrace:
    events = tuple(event for event in _Writer(row, batch, opened).events(_in_order(told), passed) if event is not None)
    spoken_of = dict.fromkeys(event.letter_id for event in events if event.letter_id)
    related = [(row["area_id"], "area"), (row["lead_id"], "lead"), (row["item_unit_id"], "supervised")]
    return LogTrace(
        instance_id=row["instance_id"],
        kind=row["kind"],
        process_key=row["key"],
        version=batch.known_definitions.get(row["definition_id"], ("", 0))[1],
        business_key=row["business_key"],
        case_id=row["case_id"] or "",
        item_id=row["item_id"] or "",
        state=row["state"],
        started_at=row["started_at"],
        units=tuple((unit_id, what) for unit_id, what in related if unit_id),
        tasks=tuple(
            LogTask(
                each["task_id"], each["process_key"], each["element_id"], each["name"], each["state"], each["opened_at"]
            )
            for each in opened
        ),
        letters=tuple(batch.letters[letter_id] for letter_id in spoken_of),
        events=events,
    )


def _in_order(told: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A command writes what followed from a completion before the completion itself: here it comes first."""
    ordered: list[Mapping[str, Any]] = []
    for fact in told:
        place = len(ordered)
        if fact["kind"] == "TaskCompleted":
            while place and _follows(ordered[place - 1], fact):
                place -= 1
        ordered.insert(place, fact)
    return ordered


def _follows(earlier: Mapping[str, Any], completion: Mapping[str, Any]) -> bool:
    is_same = earlier["at"] == completion["at"] and earlier["person_id"] == completion["person_id"]
    is_own = earlier["detail"].get("task") == completion["detail"].get("task")
    return is_same and not is_own and earlier["kind"] in CONSEQUENCES


class _Writer:
    """Makes events of one instance's facts and visits, which meet where a task is completed."""

    def __init__(self, row: Mapping[str, Any], batch: _Batch, opened: Sequence[Mapping[str, Any]]) -> None:
        self._row = row
        self._batch = batch
        self._tasks = {each["task_id"]: each for each in opened}
        self._withdrawn = [each for each in opened if each["state"] == "CANCELLED"]
        self._by_key = {batch.known_definitions[each][0]: each for each in row["definition_ids"]}

    def events(
        self, told: Sequence[Mapping[str, Any]], passed: Sequence[Mapping[str, Any]]
    ) -> Iterator[LogEvent | None]:
        """By time; within one instant in the order of the visits, a completed task standing where it was passed."""
        waiting = list(told)
        for visit in passed:
            ahead = 0
            while ahead < len(waiting) and self._precedes(waiting[ahead], visit):
                ahead += 1
            yield from map(self._of_fact, waiting[:ahead])
            del waiting[:ahead]
            until = next((i for i, fact in enumerate(waiting) if self._completes(fact, visit)), None)
            if until is not None:
                yield from map(self._of_fact, waiting[: until + 1])
                del waiting[: until + 1]
            else:
                yield self._of_visit(visit)
        yield from map(self._of_fact, waiting)

    def _precedes(self, fact: Mapping[str, Any], visit: Mapping[str, Any]) -> bool:
        is_first = fact["kind"] == "CaseRegistered"  # recorded in the command that starts the process
        return bool(fact["at"] < visit["at"]) or is_first

    def _completes(self, fact: Mapping[str, Any], visit: Mapping[str, Any]) -> bool:
        is_completion = fact["kind"] == "TaskCompleted" and fact["at"] == visit["at"]
        return is_completion and fact["detail"].get("element") == visit["element_id"]

    def _of_visit(self, visit: Mapping[str, Any]) -> LogEvent | None:
        """A user task that was passed without a completion was skipped by hand."""
        process_key, element_id = visit["process_key"], visit["element_id"]
        element = self._element(process_key, element_id)
        lifecycle = "complete"
        if element is not None and element.type == "userTask":
            if element.is_multiple:
                return None  # its tasks have told of themselves
            lifecycle = "manualskip"
        name = element.name if element is not None and element.name else element_id
        return LogEvent(
            f"v{visit['visit_id']}", name, visit["at"], lifecycle, process_key, element_id, "", "", "",
            item_id=self._row["item_id"] or "",
        )  # fmt: skip

    def _of_fact(self, fact: Mapping[str, Any]) -> LogEvent | None:
        kind, detail = fact["kind"], fact["detail"]
        who = self._batch.people.get(fact["person_id"], NOBODY)
        letter_id, task = "", None
        if kind in TASK_FACTS:
            task = self._task(kind, detail)
            activity, lifecycle = str(detail.get("name", "")), TASK_FACTS[kind]
        elif kind in LETTER_FACTS:
            letter_id, lifecycle = str(detail.get("letter", "")), "complete"
            letter = self._batch.letters.get(letter_id)
            if letter is None:
                return None
            activity = LETTER_FACTS[kind].format(kind=KINDS[letter.kind].zh if letter.kind in KINDS else letter.kind)
        else:
            activity, lifecycle = OTHER_FACTS[kind]
            rung = str(detail.get("rung", ""))
            activity = activity.replace("{rung}", MEASURES.get(rung, rung))
        return LogEvent(
            event_id=f"f{fact['fact_id']}",
            activity=activity,
            at=fact["at"],
            lifecycle=lifecycle,
            process_key=task["process_key"] if task else self._row["key"],
            element_id=task["element_id"] if task else str(detail.get("element", "")),
            person=who.shown,
            role=who.role,
            unit=who.unit,
            task_id=task["task_id"] if task else "",
            letter_id=letter_id,
            item_id=str(detail.get("item") or self._row["item_id"] or ""),
        )

    def _task(self, kind: str, detail: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A withdrawal is recorded by the task's name only."""
        if kind == "TaskCancelled" and "task" not in detail:
            found = next((each for each in self._withdrawn if each["name"] == detail.get("name")), None)
            if found is not None:
                self._withdrawn.remove(found)
            return found
        return self._tasks.get(str(detail.get("task", "")))

    def _element(self, process_key: str, element_id: str) -> Element | None:
        """In the version that the instance runs now; None for what an older one had."""
        return self._batch.elements.get((self._by_key.get(process_key, ""), process_key, element_id))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
