"""Letters from the desk about reports that were not handed in: one a report, to the unit that owes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.commands.letter_rows import issue
from engine.commands.letter_rungs import check_alone, check_skips, climb
from engine.domain.actor import require_role
from engine.domain.duration import Duration
from engine.domain.instance import InstanceKind
from engine.errors import Invalid, NotFound, Problem
from engine.store import instances, jobs, people, supervision
from engine.store.transaction import Transaction

KINDS = ("urge", "notice")  # what a report that was not handed in can be urged by
MAX_REPORTS = 100
LONGEST_REASON = 500


@dataclass(frozen=True)
class UrgeReports:
    """`reply_term` None: as usual for the kind. `reason` is printed; it is needed where a rung is skipped."""

    kind: str
    report_ids: tuple[str, ...]
    reply_term: str | None = None
    reason: str = ""


def urge_reports(command: UrgeReports, tx: Transaction) -> list[str]:
    """Returns the letter ids in the order of their numbers. Raises Invalid, NotFound for an unknown report."""
    require_role(tx.actor, "supervisor", "leader")
    _check(command)
    asked = tuple(dict.fromkeys(command.report_ids))
    locked = {report_id: _locked_item(tx, report_id) for report_id in sorted(asked)}  # in one order for everybody
    items = [locked[report_id] for report_id in asked]
    if problems := tuple(_not_late(report) for report, item in items if item is None):
        raise Invalid("report_not_late", "Not every report is late.", problems)
    for campaign_id in sorted({report["campaign_id"] for report, _ in items}):
        check_alone(tx, campaign_id, command.kind)
    names = {_name(tx, report): item["item_id"] for report, item in items if item is not None}
    check_skips(tx, kind=command.kind, reason=command.reason, items=names)
    issued = []
    for report, item in items:
        assert item is not None
        letter_id = issue(
            tx,
            campaign_id=report["campaign_id"],
            kind=command.kind,
            unit_id=report["unit_id"],
            case_ids=(),
            report_id=report["report_id"],
            item_id=item["item_id"],
            reply_term=command.reply_term,
            reason=command.reason,
            signed_by=tx.actor.name,
        )
        jobs.add(tx, kind="letter", name="letter", payload={"letter_id": letter_id}, due_at=tx.now)
        climb(tx, kind=command.kind, reason=command.reason, item_id=item["item_id"], letter_id=letter_id)
        issued.append(letter_id)
    return issued


def _check(command: UrgeReports) -> None:
    problems = []
    if not 0 < len(command.report_ids) <= MAX_REPORTS:
        zh = f"请勾选 1 至 {MAX_REPORTS} 项逾期报送。"
        problems.append(Problem("report", zh, f"Tick 1 to {MAX_REPORTS} late reports."))
    if command.kind not in KINDS:
        problems.append(Problem("kind", "报送只用催办单或督办通知。", "Reports get an urging slip or a notice."))
    if command.reply_term is not None:
        try:
            Duration.parse(command.reply_term)
        except Invalid as error:
            problems += [Problem("reply_term", each.zh, each.en) for each in error.problems]
    if len(command.reason) > LONGEST_REASON:
        zh = f"督办要求不超过 {LONGEST_REASON} 字。"
        problems.append(Problem("reason", zh, f"The requirement may have {LONGEST_REASON} characters at most."))
    if problems:
        raise Invalid("letters_invalid", "The letters cannot be issued like this.", tuple(problems))


def _locked_item(tx: Transaction, report_id: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The report and its open item, the item's instance locked: its ladder may be climbing at this moment."""
    report = supervision.get_report(tx.connection, report_id)
    if report is None:
        raise NotFound("report_unknown", f"There is no report {report_id}.", report=report_id)
    item = supervision.open_item_of_report(tx, report_id)
    instance_id = instances.find(tx, InstanceKind.SUPERVISION, item["item_id"]) if item is not None else None
    if instance_id is not None:
        instances.lock(tx, instance_id)
    return report, supervision.open_item_of_report(tx, report_id)


def _name(tx: Transaction, report: Mapping[str, Any]) -> str:
    return f"{people.unit_name(tx, report['unit_id'])}《{report['name']}》"


def _not_late(report: Mapping[str, Any]) -> Problem:
    zh = f"《{report['name']}》没有正在督办的事项：尚未逾期，或者已经报送。请刷新督查台。"
    return Problem(
        "report", zh, f"{report['name']} is not under supervision: not late yet, or handed in. Reload the desk."
    )
