"""Why a light burns, why an item is on its rung, why something is due when it is: each by the version that judged.

Nothing is judged again by today's rules: the row, what it was told and the calendar are those of the judgment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import plans, rulings
from engine.bpmn.decision import Decision
from engine.domain import lights
from engine.domain.actor import Actor
from engine.domain.calendar import civil_date
from engine.domain.derivation import Line, en_time, zh_time
from engine.domain.duration import Duration
from engine.domain.escalation import NOT_YET, REFERRAL, SUMMONS, WAIT
from engine.domain.instance import InstanceKind
from engine.domain.task import LIVE
from engine.errors import Invalid, NotFound
from engine.store.access import is_climb_discreet, known_rungs, visible_cases, visible_items, visible_tasks
from engine.store.schema import cases, instances, jobs, rungs, supervision_items, tasks
from engine.store.transaction import Reader


@dataclass(frozen=True)
class RuleWords:
    """A row of a table as people read it. `conditions` and `answers` are (column heading, cell); `number` is its place
    in the table, from 1. `is_newest`: no newer version of the table has been deployed since."""

    table: str
    decision: str
    key: str
    version: int
    definition_id: str
    rule_id: str
    number: int
    words: str
    conditions: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str], ...]
    is_newest: bool


@dataclass(frozen=True)
class Explanation:
    """`verdict`: a light's colour, an instrument, or the instant as ISO text. `rule` is None where a person decided, or
    where an earlier edition of the program did not note it. `inputs` by the names the table knows them by.
    `calendar`: the versions of the years that were counted over."""

    subject: str  # light | rung | next | due
    verdict: str
    since: datetime | None
    rule: RuleWords | None
    inputs: tuple[tuple[str, Any], ...]
    calendar: str
    derivation: tuple[Line, ...]


# -- lights ------------------------------------------------------------------------------------------------------------
def explain_case_light(reader: Reader, actor: Actor, case_id: str) -> Explanation | None:
    """None for a case that is finished or has no due date. Raises NotFound for a foreign case."""
    row = _case(reader, actor, case_id)
    if row["due_at"] is None or row["done_at"] is not None or row["state"] != "ACTIVE" or not row["deadline"]:
        return None
    began = datetime.fromisoformat(row["deadline"]["evaluated_at"])
    reported = lights.reached_percent(plans.campaign(reader, row["campaign_id"]).progress, row)
    return _light(reader, row, began, reported)


def explain_task_light(reader: Reader, actor: Actor, task_id: str) -> Explanation | None:
    """None for a task that is over or has no due date. Raises NotFound for a foreign task."""
    query = sa.select(tasks).where(tasks.c.task_id == task_id, visible_tasks(actor))
    row = reader.execute(query).mappings().first()
    if row is None:
        raise NotFound("task_unknown", f"There is no task {task_id}.", task=task_id)
    if row["due_at"] is None or row["state"] not in ("OPEN", "CLAIMED"):
        return None
    return _light(reader, row, row["opened_at"], None)


def _light(reader: Reader, row: Mapping[str, Any], began: datetime, reported: int | None) -> Explanation:
    calendar, due_at = plans.calendar(reader), row["due_at"]
    versions = calendar.version_of(*sorted((civil_date(began), civil_date(due_at))))
    table = _lights_of(reader, row)
    if table is None:
        colour = lights.colour_at(row["yellow_at"], due_at, reader.now)
        return Explanation("light", colour, None, None, (), versions, (_period(began, due_at, None), _UNKNOWN))
    schedule = plans.lights_by(table, began, due_at, calendar, reported=reported)
    colour = lights.light_at(schedule, reader.now)
    since = {lights.RED: schedule.red_from, lights.YELLOW: schedule.yellow_from}.get(colour)
    told = lights.change_at(began, due_at, since or reader.now, calendar, reported=reported)
    lines = [_period(began, due_at, schedule.total_workdays), lights.explain(schedule, reader.now)]
    if told.schedule_gap is not None and reported is not None:
        lines.append(_gap(told.schedule_gap, reported))
    if schedule.yellow_from != row["yellow_at"]:
        lines.append(_OLDER_CALENDAR)
    rule = _rule(reader, row["lights_id"], table, table.decide(told.inputs()).rule_id)
    return Explanation("light", colour, since or began, rule, tuple(told.inputs().items()), versions, tuple(lines))


def _lights_of(reader: Reader, row: Mapping[str, Any]) -> Decision | None:
    """The table that judged this row; None when it was not noted."""
    if row["lights_id"] is None:
        return None
    return plans.table_of(reader, row["lights_id"], plans.campaign(reader, row["campaign_id"]).rules["lights"])


def _period(began: datetime, due_at: datetime, total: int | None) -> Line:
    days_zh, days_en = (f"，共{total}个工作日", f", {total} working days") if total is not None else ("", "")
    return f"期限从{zh_time(began)}到{zh_time(due_at)}{days_zh}", f"From {en_time(began)} to {en_time(due_at)}{days_en}"


def _gap(gap: float, reported: int) -> Line:
    expected = gap + reported
    return (
        f"时序进度{expected:g}%，已到里程碑{reported}%，相差{gap:g}个百分点",
        f"{expected:g}% of the time is over, milestones reached give {reported}%: {gap:g} points behind",
    )


_UNKNOWN: Line = (
    "判定时的规则版本没有记录（早于本功能），下次重新判定时补记",
    "Which version judged was not noted then; it will be at the next judgment",
)
_OLDER_CALENDAR: Line = (
    "黄灯时刻按当时的节假日安排算出，与现行安排不同，没有改动",
    "When it turns yellow was computed with an earlier calendar and has been left as it was",
)


# -- rungs -------------------------------------------------------------------------------------------------------------
def explain_rung(reader: Reader, actor: Actor, item_id: str, position: int) -> Explanation:
    """Why the item reached the rung at this position (from 1). Raises NotFound."""
    item = _item(reader, actor, item_id)
    query = sa.select(rungs).where(rungs.c.item_id == item_id, rungs.c.position == position, known_rungs(actor))
    row = reader.execute(query).mappings().first()
    if row is None:
        raise NotFound("rung_unknown", f"Item {item_id} has no rung {position}.", item=item_id, position=position)
    return _rung(reader, item, row["instrument"], row["at"], row["ruling"], row["reason"])


def explain_rungs(reader: Reader, actor: Actor, item_id: str) -> dict[int, Explanation]:
    """Every rung of an item that the actor may know of by its position. Raises NotFound."""
    item = _item(reader, actor, item_id)
    query = sa.select(rungs).where(rungs.c.item_id == item_id, known_rungs(actor)).order_by(rungs.c.position)
    return {
        row["position"]: _rung(reader, item, row["instrument"], row["at"], row["ruling"], row["reason"])
        for row in reader.execute(query).mappings()
    }


def explain_next(reader: Reader, actor: Actor, item_id: str) -> Explanation | None:
    """When the ladder is asked next, and by whose word; None when the item waits for no time. Raises NotFound."""
    item = _item(reader, actor, item_id)
    timer = (
        reader.execute(
            sa.select(jobs)
            .join(instances, instances.c.instance_id == jobs.c.instance_id)
            .where(
                instances.c.kind == "supervision",
                instances.c.business_key == item_id,
                jobs.c.kind == "timer",
                jobs.c.state == "OPEN",
            )
            .order_by(jobs.c.due_at, jobs.c.job_id)
            .limit(1)
        )
        .mappings()
        .first()
    )
    if timer is None or is_climb_discreet(reader.connection, actor, timer["instance_id"]):
        return None
    ruling, record = item["ruling"] or {}, timer["deadline"] or {}
    told = _told(reader, ruling)
    lines = tuple((zh, en) for zh, en in record.get("derivation") or ())
    calendar = str(record.get("calendar_version") or "")
    return Explanation(
        "next", timer["due_at"].isoformat(), timer["due_at"], _ruled(reader, ruling), told, calendar, lines
    )


def explain_proposed(reader: Reader, actor: Actor, task_id: str) -> Explanation | None:
    """To who signs a rung: which row of which version proposes it. None for other tasks, for those that are over, and
    outside the office. Raises NotFound."""
    query = (
        sa.select(tasks.c.state, instances.c.kind, instances.c.business_key)
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .where(tasks.c.task_id == task_id, visible_tasks(actor))
    )
    row = reader.execute(query).first()
    if row is None:
        raise NotFound("task_unknown", f"There is no task {task_id}.", task=task_id)
    if row.kind != InstanceKind.SUPERVISION or row.state not in LIVE or not actor.sees_all:
        return None
    found = sa.select(supervision_items).where(supervision_items.c.item_id == row.business_key)
    return _proposed(reader, reader.execute(found).mappings().one())


def explain_signing(reader: Reader, actor: Actor, item_id: str) -> Explanation | None:
    """Of an item whose rung is with its signer, which version proposed it; None for others, and outside the office, for
    nothing has been decided yet. Raises NotFound."""
    item = _item(reader, actor, item_id)
    if not actor.sees_all:
        return None
    signing = (  # every task of the ladder's own process is a signature
        sa.select(tasks.c.task_id)
        .join(instances, instances.c.instance_id == tasks.c.instance_id)
        .where(instances.c.kind == InstanceKind.SUPERVISION, instances.c.business_key == item_id)
        .where(tasks.c.state.in_(LIVE))
    )
    return None if reader.execute(signing.limit(1)).first() is None else _proposed(reader, item)


def _proposed(reader: Reader, item: Mapping[str, Any]) -> Explanation | None:
    ruling = item["ruling"]
    if not ruling or ruling["answer"]["act"] == WAIT:
        return None
    lines, at = (_WITH_SIGNER, *_terms(ruling["answer"])), datetime.fromisoformat(ruling["at"])
    calendar, told = str(ruling.get("calendar") or ""), _told(reader, ruling)
    return Explanation("next", ruling["answer"]["instrument"], at, _ruled(reader, ruling), told, calendar, lines)


_WITH_SIGNER: Line = (
    "这一级已送签批，仍按提出时的版本；阶梯表改版不收回已送签的，签批人可以签发、暂缓或者越级",
    "This rung is with its signer and keeps the version that proposed it; a new table does not call it back, "
    "the signer may issue, hold or skip it",
)


def _rung(
    reader: Reader,
    item: Mapping[str, Any],
    instrument: str,
    at: datetime,
    ruling: Mapping[str, Any] | None,
    reason: str,
) -> Explanation:
    due_at = item["due_original_at"]
    days = plans.calendar(reader).workdays_between(civil_date(due_at), civil_date(at))
    lines: list[Line] = [
        (
            f"原定时限{zh_time(due_at)}（不因升级、延期改变），到{zh_time(at)}已逾期{max(days, 0)}个工作日",
            f"Originally due {en_time(due_at)}, which never resets; {max(days, 0)} working days late at {en_time(at)}",
        )
    ]
    answer = (ruling or {}).get("answer") or {}
    if answer and answer["act"] != WAIT:
        lines += _terms(answer)
    if reason:
        lines.append((f"理由：{reason}", f"Reason on record: {reason}"))
    if not ruling:
        lines.append(
            ("由督查员在督查台决定发文，不是阶梯表自动升级", "Decided by a supervisor at the desk, not by the table")
        )
    inputs = _told(reader, ruling or {})
    calendar = str((ruling or {}).get("calendar") or "")
    return Explanation("rung", instrument, at, _ruled(reader, ruling or {}), inputs, calendar, tuple(lines))


def _terms(answer: Mapping[str, Any]) -> list[Line]:
    lines: list[Line] = []
    if answer["reply"]:
        reply = _length(answer["reply"])
        if answer["instrument"] == SUMMONS:  # the summons is only received; what is due is the report after the talk
            lines.append((f"约谈后{reply[0]}内书面报告", f"A written report is due within {reply[1]} of the talk"))
        else:
            lines.append((f"从签收起{reply[0]}内回复", f"To be answered within {reply[1]} of receipt"))
    if answer["next_after"] and answer["instrument"] != REFERRAL:  # after it the ladder is not asked again
        after = _length(answer["next_after"])
        lines.append((f"{after[0]}后仍未办结，再查阶梯表", f"The ladder is asked again {after[1]} later"))
    if answer["signer"] and answer["letter"]:
        lines.append((f"签发：{answer['signer']}", f"Signed by: {answer['signer']}"))
    return lines


def _length(term: str) -> Line:
    try:
        length = Duration.parse(term)
    except Invalid:
        return term, term
    return length.zh, length.en


# -- due dates ---------------------------------------------------------------------------------------------------------
def explain_case_due(reader: Reader, actor: Actor, case_id: str) -> Explanation | None:
    """How the due date of a case came about; None without one. Raises NotFound."""
    row = _case(reader, actor, case_id)
    return _due(row["due_at"], row["due_original_at"], row["deadline"])


def explain_item_due(reader: Reader, actor: Actor, item_id: str) -> Explanation | None:
    """How the due date that an item watches came about. Raises NotFound."""
    item = _item(reader, actor, item_id)
    row = reader.execute(sa.select(tasks).where(tasks.c.task_id == item["task_id"])).mappings().one()
    return _due(row["due_at"], item["due_original_at"], row["deadline"])


def _due(due_at: datetime | None, original: datetime | None, record: Mapping[str, Any] | None) -> Explanation | None:
    if due_at is None or not record:
        return None
    lines = [(zh, en) for zh, en in record.get("derivation") or ()]
    if record.get("basis"):
        lines.insert(0, (f"依据：{record['basis']}", f"Basis: {record['basis']}"))
    if original is not None and original != due_at:
        lines.append(
            (f"原定时限{zh_time(original)}不变，另计", f"The original due date {en_time(original)} stays on record")
        )
    inputs = tuple((record.get("names") or {}).items())
    version = str(record.get("calendar_version") or "")
    return Explanation("due", due_at.isoformat(), None, None, inputs, version, tuple(lines))


# -- parts -------------------------------------------------------------------------------------------------------------
def _ruled(reader: Reader, ruling: Mapping[str, Any]) -> RuleWords | None:
    if not ruling:
        return None
    table = plans.table_of(reader, ruling["definition_id"], ruling["decision"])
    return _rule(reader, ruling["definition_id"], table, ruling["rule_id"])


def _told(reader: Reader, ruling: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The inputs of a ruling; the rung before by its name, as that version numbers it."""
    inputs = dict(ruling.get("inputs") or {})
    if inputs.get("last_rung", NOT_YET) != NOT_YET:
        table = plans.table_of(reader, ruling["definition_id"], ruling["decision"])
        before = rulings.ladder_in(table).at(inputs["last_rung"])
        inputs["last_rung"] = f"{before.name}（{before.level}）" if before is not None else inputs["last_rung"]
    return tuple(inputs.items())


def _rule(reader: Reader, definition_id: str, table: Decision, rule_id: str) -> RuleWords | None:
    found = table.rule(rule_id)
    if found is None:
        return None
    number, rule = found
    version = plans.definition(reader, definition_id)
    answers = zip(table.output_labels, rule.outputs, strict=True)
    return RuleWords(
        table=table.name,
        decision=table.decision_id,
        key=version.key,
        version=version.version,
        definition_id=definition_id,
        rule_id=rule_id,
        number=number,
        words=rule.description,
        conditions=tuple((label, cell) for label, cell in zip(table.labels, rule.cells, strict=True) if cell != "-"),
        answers=tuple((label, str(value)) for label, value in answers if value != ""),
        is_newest=plans.is_newest_table(reader, definition_id, table.decision_id),
    )


def _case(reader: Reader, actor: Actor, case_id: str) -> Mapping[str, Any]:
    row = reader.execute(sa.select(cases).where(cases.c.case_id == case_id, visible_cases(actor))).mappings().first()
    if row is None:
        raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
    found: Mapping[str, Any] = row
    return found


def _item(reader: Reader, actor: Actor, item_id: str) -> Mapping[str, Any]:
    query = sa.select(supervision_items).where(supervision_items.c.item_id == item_id, visible_items(actor))
    row = reader.execute(query).mappings().first()
    if row is None:
        raise NotFound("item_unknown", f"There is no supervision item {item_id}.", item=item_id)
    found: Mapping[str, Any] = row
    return found
