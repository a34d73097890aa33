"""What the office sees of a case at one moment: every rung, letter and step with its due date and why, as lines."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from scenario import SHANGHAI, Scenario

from engine.domain.actor import SYSTEM
from engine.domain.instance import InstanceKind
from engine.domain.letter import KINDS
from engine.queries.accountability import MatterTask
from engine.store.schema import letters, supervision_items

STEPS = ("hold_interview", "report_interview", "decide_objection", "receive_decision", "record_outcome")


class Entry(NamedTuple):
    """One line. `due` is "moment：how it was counted", empty where nothing is waited for by a certain time."""

    at: datetime
    rung: str
    letter: str
    state: str
    due: str
    why: str

    @property
    def name(self) -> str:
        """Which line it is, whatever it says now."""
        return " | ".join((f"{self.at.astimezone(SHANGHAI):%m-%d %H:%M}", self.rung, self.letter))

    @property
    def text(self) -> str:
        return " | ".join((self.name, self.state, self.due, self.why))


def changes(before: list[Entry], after: list[Entry]) -> list[str]:
    """The lines that are new or say something else ("+"), and the names of those that are gone ("-")."""
    was, names = {entry.text for entry in before}, {entry.name for entry in after}
    assert len(names) == len(after), "two lines of the table have one name"
    return [
        *(f"+ {entry.text}" for entry in after if entry.text not in was),
        *(f"- {entry.name}" for entry in before if entry.name not in names),
    ]


def table_of(scenario: Scenario, case_id: str) -> list[Entry]:
    """The whole case, oldest first."""
    query = sa.select(supervision_items.c.item_id).where(supervision_items.c.case_id == case_id)
    items = scenario.rows(query.order_by(supervision_items.c.opened_at, supervision_items.c.item_id))
    found: list[Entry] = []
    for row in items:
        found += _rungs(scenario, row["item_id"])
    found += _letters(scenario, case_id)
    found += _steps(scenario)
    return sorted(found, key=lambda entry: entry.at)


def _rungs(scenario: Scenario, item_id: str) -> Iterator[Entry]:
    """Every rung of an item, and when the ladder is asked next."""
    read = scenario.engine.read
    item, reasons = read.item(SYSTEM, item_id), read.explain_rungs(SYSTEM, item_id)
    ladder = read.ladder(item.campaign_id)
    for rung in item.rungs:
        reason = reasons[rung.position]
        assert reason.rule is not None
        ruled = f"{reason.rule.table}第{reason.rule.version}版第{reason.rule.number}行：{reason.rule.words}"
        named = ladder.of(rung.instrument)
        yield Entry(
            rung.at,
            f"{item.task_name} {rung.level}级{named.name if named else rung.instrument}",
            rung.number or "—",
            item.state,
            "",
            "；".join((ruled, *(zh for zh, _ in reason.derivation))),
        )
    following = read.explain_next(SYSTEM, item_id)
    if following is not None and following.since is not None:
        counted = [zh for zh, _ in following.derivation]
        yield Entry(scenario.now, f"{item.task_name} 再查阶梯表", "—", item.state, _due(following.since, counted), "")


def _letters(scenario: Scenario, case_id: str) -> Iterator[Entry]:
    read = scenario.engine.read
    query = sa.select(letters.c.letter_id, letters.c.issued_at).order_by(letters.c.issued_at, letters.c.letter_id)
    listed = scenario.rows(query)
    for row in listed:
        page = read.letter(SYSTEM, row["letter_id"])
        assert page.case_ids == (case_id,)
        service = read.letter_service(SYSTEM, row["letter_id"])
        lines = (service.deadline or {}).get("derivation", ()) if service.stands.due_at else ()
        manner = f"（{service.receipt.receipt.manner}）" if service.receipt else ""
        reviews = [
            ("LATE " if one.is_late else "") + (one.review.verdict if one.review else "WAITING")
            for one in service.rounds
        ]
        yield Entry(
            row["issued_at"],
            KINDS[page.row.kind].zh,
            page.row.number,
            " ".join((f"{service.stands.state}{manner}", *reviews)),
            _due(service.stands.due_at, [zh for zh, _ in lines]),
            service.closing_reason or "",
        )


def _steps(scenario: Scenario) -> Iterator[Entry]:
    """The steps beside the ladder that have a time of their own."""
    read = scenario.engine.read
    talks = [(InstanceKind.INTERVIEW, row.interview_id) for row in read.interviews(SYSTEM, scenario.campaign)]
    reviews = [(InstanceKind.OBJECTION, row.objection_id) for row in read.objections(SYSTEM, scenario.campaign)]
    referrals = [(InstanceKind.ACCOUNTABILITY, row.referral_id) for row in read.referrals(SYSTEM, scenario.campaign)]
    pages = {InstanceKind.INTERVIEW: read.interview, InstanceKind.OBJECTION: read.objection}
    for kind, key in (*talks, *reviews, *referrals):
        steps: tuple[MatterTask, ...] = pages.get(kind, read.referral)(SYSTEM, key).steps
        for step in steps:
            if step.element_id not in STEPS:
                continue
            record = step.deadline or {}
            lines = [zh for zh, _ in record.get("derivation", ())]
            yield Entry(
                step.opened_at, step.name, "—", str(step.state), _due(step.due_at, lines), str(record.get("basis", ""))
            )


def _due(moment: datetime | None, lines: list[str]) -> str:
    if moment is None:
        return ""
    return f"{moment.astimezone(SHANGHAI):%m-%d %H:%M}：" + "；".join(lines)
