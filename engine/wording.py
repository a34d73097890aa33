"""What a letter says of its cases, its report and its rung: the variables of its template, at one instant.

Issuing keeps them with the letter, a preview throws them away; both get the same words from here.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from engine import plans
from engine.domain.accountability import TALK_REPORT_TERM
from engine.domain.calendar import civil_date
from engine.domain.campaign import Campaign
from engine.domain.duration import Duration
from engine.domain.earlier_letter import earlier_letter
from engine.domain.letter import KINDS, format_date
from engine.domain.letter_words import check_words, merged
from engine.domain.reviewed import Reviewed, as_signed
from engine.domain.service import reply_within
from engine.store import cases, paper, people, supervision, tasks
from engine.store.letter_history import letters_of_item
from engine.store.transaction import Reader, Transaction

PHASE_NAMES = {
    "survey": "排查摸底",
    "cleanup": "清理整治",
    "improvement": "整治提升",
    "acceptance": "验收销号",
    "lookback": "回头看",
}


TEMPLATES_KEY = "letters"  # the folder of the templates
_LISTED_MONTHS = ("六", 6)  # 安徽: listed for six months at most, and six more on request
_NOTICE_TERM = "10wd"
_OF_REGISTER = ("name", "area", "address", "problem")  # of a case: what was wrong in the register may be put right


def letter_variables(
    scope: Reader | Transaction,
    campaign: Campaign,
    *,
    kind: str,
    unit_id: str,
    case_ids: list[str],
    report_id: str | None,
    item_id: str | None,
    reply_term: str | None,
    reason: str,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything a letter template may print, as plain JSON: what was true when the letter was issued.

    `extra` is laid over it, field by field. Raises Invalid for what `letter_words.VARIABLES` does not know.
    """
    check_words(extra or {})
    item = supervision.get_item(scope.connection, item_id) if item_id else None
    report = supervision.get_report(scope.connection, report_id) if report_id else None
    listed = [_case_variables(scope, case_id) for case_id in case_ids]
    if item is not None:
        listed = [case | _late_task(scope, item) for case in listed]
    due = item["due_original_at"] if item else report["due_at"] if report else None
    unit_name = people.unit_name(scope, unit_id)
    variables = {
        "campaign": {
            "title": campaign.title,
            "office": campaign.office.organ_name,
            "organ": campaign.office.organ_name,
            "organ_code": campaign.office.organ_code,
        },
        "unit": {"name": unit_name},
        "cases": listed,
        "rung": KINDS[kind].zh if item else "",
        "due": civil_date(due).isoformat() if due else (listed[0]["due"] if listed else ""),
        "reply_within": reply_within(reply_term),
        "today": civil_date(scope.now).isoformat(),
        "issuer": campaign.office.organ_name,
        "contact": f"联系人：{campaign.office.contact}，联系电话：{campaign.office.phone}",
        "basis": f"《{campaign.document.title}》",
        "reason": reason.strip().rstrip("。"),
        "meeting": _meeting(scope, campaign, unit_name),
        "counts": {"cases": len(listed)},
    }
    if report:
        variables["report"] = {"title": report["name"], "period": _period(campaign, report)}
    variables |= _words_of_kind(scope, campaign, kind, variables, item_id=item_id)
    return merged(variables, _plain(extra or {}))


def planned_variables(
    scope: Reader | Transaction,
    campaign: Campaign,
    draft: Mapping[str, Any],
    planned: Mapping[str, Any],
) -> dict[str, Any]:
    """What a letter of a draft would say now, but for who signs it. `draft` and `planned` are their rows."""
    corrected = paper.get_letter(scope.connection, draft["corrects_id"]) if draft["corrects_id"] else None
    if corrected is not None:
        return _corrected_variables(scope, campaign, draft, corrected)
    case_ids = list(planned["case_ids"])
    return letter_variables(
        scope,
        campaign,
        kind=draft["kind"],
        unit_id=planned["unit_ids"][0],
        case_ids=case_ids,
        report_id=None,
        item_id=supervision.open_item_of_case(scope, case_ids[0]) if len(case_ids) == 1 else None,
        reply_term=draft["reply_term"] or KINDS[draft["kind"]].reply,
        reason=draft["reason"],
    )


def as_planned(scope: Reader | Transaction, draft: Mapping[str, Any], planned: Mapping[str, Any]) -> Reviewed:
    """The words of `planned_variables`, with the template as it is now."""
    definition_id, _ = plans.file_of(scope, TEMPLATES_KEY, f"{draft['kind']}.html.j2")
    return Reviewed(
        definition_id, planned_variables(scope, plans.campaign(scope, draft["campaign_id"]), draft, planned)
    )


def _corrected_variables(
    scope: Reader | Transaction, campaign: Campaign, draft: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """What `old` said, but for the dates of signing, the arrangement of the draft that corrects it, and the case as the
    register has it now. The matter has gone on meanwhile, and the correction is not about that."""
    today = letter_variables(
        scope,
        campaign,
        kind=old["kind"],
        unit_id=old["unit_id"],
        case_ids=paper.case_ids_of(scope.connection, old["letter_id"]),
        report_id=None,
        item_id=old["item_id"],
        reply_term=draft["reply_term"] or KINDS[old["kind"]].reply,
        reason=draft["reason"],
        extra={"corrects": {"number": old["number"], "reason": draft["note"]}},
    )
    said = merged(today, as_signed(old["variables"], today, partial(overdue_days, scope)))
    registered = {case["number"]: {name: case[name] for name in _OF_REGISTER} for case in today["cases"]}
    return said | {
        "cases": [case | registered.get(case["number"], {}) for case in said["cases"]],
        **{name: today[name] for name in ("reason", "reply_within", "corrects")},
    }


def overdue_days(scope: Reader | Transaction, due_on: date) -> int:
    """Working days since a due date; 0 until it has passed."""
    today = civil_date(scope.now)
    return plans.calendar(scope).workdays_between(due_on, today) if due_on < today else 0


def _words_of_kind(
    scope: Reader | Transaction, campaign: Campaign, kind: str, variables: Mapping[str, Any], *, item_id: str | None
) -> dict[str, Any]:
    """What the engine knows for one kind of letter only; who issues it adds the rest."""
    today = civil_date(scope.now)
    match kind:
        case "listed_supervision":
            return {"listing": {"term": f"{_LISTED_MONTHS[0]}个月", "until": _months_on(today).isoformat()}}
        case "assignment":
            return {"assignment": {"assigned_on": today.isoformat(), "due": variables["due"]}}
        case "extension_reply":
            return {"extension": {"due_original": variables["due"]}}
        case "strike_off_notice":
            return {"public_notice": _public_notice(scope, campaign, variables)}
        case "referral" if item_id is not None:
            return {"letters": [earlier_letter(row) for row in letters_of_item(scope.connection, campaign.id, item_id)]}
    return {}


def _months_on(day: date) -> date:
    """The last day of the term of listing. 民法典第二百零二条: the day of the same number, else the month's last."""
    years, month = divmod(day.month - 1 + _LISTED_MONTHS[1], 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _public_notice(scope: Reader | Transaction, campaign: Campaign, variables: Mapping[str, Any]) -> dict[str, Any]:
    """安徽's headings and its ten working days, from the next one on; the term is a default."""
    times = plans.timetable(scope, campaign.id)
    return {
        "days": Duration.parse(_NOTICE_TERM).zh,
        "starts_on": times.after("1wd").due_on.isoformat(),
        "ends_on": times.after(_NOTICE_TERM).due_on.isoformat(),
        "phone": campaign.office.phone,
        "entries": [
            {
                "number": case["number"],
                "name": case["name"],
                "problem": case["problem"] or "纳入整治台账",
                "subject": f"{case['name']}，{variables['unit']['name']}督促落实",
                "measures": case["requirement"],
                "goal": f"{case['requirement']}，经验收合格",
                "due": case["due"],
                "result": "已完成整改，经现场验收合格",
            }
            for case in variables["cases"]
        ],
    }


def _plain(value: Any) -> Any:
    """As JSON keeps it: days and instants as ISO texts."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _meeting(scope: Reader | Transaction, campaign: Campaign, unit_name: str) -> dict[str, str]:
    """约谈 is held three working days on, in the morning, at the office's host, unless the leader arranges
    otherwise."""
    held_on = plans.timetable(scope, campaign.id).after("3wd").due_on
    return {
        "time": f"{format_date(held_on)}上午9时30分",
        "place": f"{campaign.unit(campaign.office.host).name}会议室",
        "persons": f"{unit_name}主要负责人、分管负责人",
        "materials": "办理情况说明、整改台账和佐证材料",
        "report_within": Duration.parse(TALK_REPORT_TERM).zh,
    }


def _late_task(scope: Reader | Transaction, item: Mapping[str, Any]) -> dict[str, Any]:
    """Under an item the letter speaks of the late task and of its original due date, not of the case as a whole."""
    task, _ = tasks.get(scope, item["task_id"])
    due_on = civil_date(item["due_original_at"])
    return {
        "requirement": task.name,
        "due": due_on.isoformat(),
        "overdue_days": overdue_days(scope, due_on),
    }


def _case_variables(scope: Reader | Transaction, case_id: str) -> dict[str, Any]:
    row = cases.get(scope, case_id)
    assert row is not None, case_id
    due_on = civil_date(row["due_at"]) if row["due_at"] is not None else None
    return {
        "number": case_id,
        "name": row["name"],
        "area": people.unit_name(scope, row["area_id"]),
        "address": row["address"],
        "problem": row["problem"],
        "requirement": {"close": "两断三清", "rectify": "限期整改", "relocate": "限期搬迁"}.get(
            row["disposition"] or "", "限期办理"
        ),
        "due": due_on.isoformat() if due_on else "",
        "overdue_days": overdue_days(scope, due_on) if due_on else 0,
        "phase": PHASE_NAMES.get(row["phase"] or "", ""),
    }


def _period(campaign: Campaign, report: Mapping[str, Any]) -> str:
    """Which of a weekly report's issues; a report that is due once needs no such word."""
    rule = next((rule for rule in campaign.reports if rule.key == report["rule_key"]), None)
    if rule is None or rule.weekly is None:
        return ""
    due_on = civil_date(report["due_at"])
    return f"{due_on.month}月{due_on.day}日期"
