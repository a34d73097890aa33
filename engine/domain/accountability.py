"""What accountability may end in, who must keep out of a review, and what a circular counts: rules without rows.

The decisions belong to others (政府督查工作条例 ss. 21, 23): here are only the words in which they are recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from engine.domain.actor import Actor
from engine.domain.share import percent
from engine.errors import Invalid, NotPermitted, Problem, Rejected

# 政府督查工作条例 s. 17: thirty days to object from receipt, thirty days to decide from the objection.
OBJECTION_TERM: Final = "30d"
# 约谈办法（生态环境部2020、山东2017）: a written report within thirty days of the talk; a ladder may name another term.
TALK_REPORT_TERM: Final = "30d"
# Ours: so long after the leader declined a referral by hand the ladder proposes none; supervision.bpmn says the same of
# its own (`think_again`).
THINK_AGAIN_TERM: Final = "20wd"
LONGEST_PROMISE: Final = timedelta(days=366)  # ours: what a unit promises in a talk is done within a year


@dataclass(frozen=True)
class OutcomeForm:
    """One way of being held to account. `weight` groups the forms for the figures, from light to grave."""

    key: str
    zh: str
    en: str
    weight: str  # light | measure | discipline | judicial | none


# 问责条例 s. 8; 政务处分法 ss. 7, 8, 12: light cases end in a talk, criticism, self-examination or admonition.
OUTCOME_FORMS: Final = MappingProxyType(
    {
        form.key: form
        for form in (
            OutcomeForm("talk", "谈话提醒", "Reminder talk", "light"),
            OutcomeForm("criticism", "批评教育", "Criticism", "light"),
            OutcomeForm("self_examination", "责令检查", "Written self-examination", "light"),
            OutcomeForm("admonition", "诫勉", "Admonition", "measure"),
            OutcomeForm("apology", "责令公开道歉", "Public apology", "measure"),
            OutcomeForm("circulated", "通报批评", "Criticism by circular", "light"),
            OutcomeForm("organisational", "组织调整、组织处理", "Organisational measure", "measure"),
            OutcomeForm("sanction", "政务处分", "Administrative sanction", "discipline"),
            OutcomeForm("party_discipline", "党纪处分", "Party discipline", "discipline"),
            OutcomeForm("judicial", "移送司法机关", "Handed to the judiciary", "judicial"),
            OutcomeForm("none", "不予追究", "No action", "none"),
        )
    }
)
# 政务处分法 ss. 7, 8 (months in force), 纪律处分条例 s. 8: key -> (form, Chinese, English).
GRADES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "warning": ("sanction", "警告（6个月）", "Warning (6 months)"),
        "demerit": ("sanction", "记过（12个月）", "Demerit (12 months)"),
        "major_demerit": ("sanction", "记大过（18个月）", "Major demerit (18 months)"),
        "demotion": ("sanction", "降级（24个月）", "Demotion (24 months)"),
        "dismissal": ("sanction", "撤职（24个月）", "Removal (24 months)"),
        "discharge": ("sanction", "开除", "Discharge"),
        "party_warning": ("party_discipline", "警告", "Warning"),
        "serious_warning": ("party_discipline", "严重警告", "Serious warning"),
        "removal": ("party_discipline", "撤销党内职务", "Removal from Party posts"),
        "probation": ("party_discipline", "留党察看", "Probation"),
        "expulsion": ("party_discipline", "开除党籍", "Expulsion"),
    }
)


@dataclass(frozen=True)
class Outcome:
    """What an organ decided about a unit, or about a person by post, as the inspector recorded it."""

    subject: str
    post: str
    form: str
    grade: str
    organ: str
    number: str
    decided_on: date
    note: str


def outcome_of(variables: Mapping[str, Any], *, recorded_on: date) -> Outcome:
    """From the form `record_outcome`; where the form left the date open, it is the day of recording. Raises Invalid:
    somebody is named by post, a discipline says which, no action says why."""
    form, subject = str(variables.get("outcome_form") or ""), str(variables.get("outcome_subject") or "")
    grade = str(variables.get({"sanction": "outcome_sanction"}.get(form, "outcome_discipline")) or "")
    note, post = str(variables.get("outcome_note") or "").strip(), str(variables.get("outcome_post") or "").strip()
    problems = []
    if form not in OUTCOME_FORMS:
        problems.append(Problem("outcome_form", "请选择处理方式。", "Choose the form."))
    if subject not in ("unit", "person"):
        problems.append(Problem("outcome_subject", "请选择处理对象。", "Choose whom it is about."))
    if subject == "person" and not post:
        problems.append(Problem("outcome_post", "请填写职务，不写姓名。", "Give the post, no name."))
    if form in ("sanction", "party_discipline") and GRADES.get(grade, ("",))[0] != form:
        where = "outcome_sanction" if form == "sanction" else "outcome_discipline"
        problems.append(Problem(where, "请选择处分的种类。", "Choose which."))
    if form == "none" and not note:
        problems.append(Problem("outcome_note", "不予追究的，请写明理由。", "Say why no action is taken."))
    if problems:
        raise Invalid("outcome_invalid", "The outcome cannot be recorded like this.", tuple(problems))
    decided = variables.get("outcome_on")
    return Outcome(
        subject=subject,
        post=post if subject == "person" else "",
        form=form,
        grade=grade if form in ("sanction", "party_discipline") else "",
        organ=str(variables.get("outcome_organ") or "").strip(),
        number=str(variables.get("outcome_number") or "").strip(),
        decided_on=date.fromisoformat(str(decided)[:10]) if decided else recorded_on,
        note=note,
    )


# -- objections --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class TookPart:
    """Somebody had a hand in what is objected to. `zh` and `en` say in what."""

    person_id: str
    zh: str
    en: str


def check_in_time(now: datetime, due_at: datetime) -> None:
    """Raises Rejected once the thirty days are over; on the last day until business ends it is in time."""
    if now > due_at:
        raise Rejected(
            "objection_late",
            f"The time to object ended at {due_at.isoformat()} (Regulation on government inspection s. 17).",
            until=due_at.isoformat(),
        )


def check_recusal(actor: Actor, took_part: Iterable[TookPart]) -> None:
    """Raises NotPermitted: whoever took part in the matter does not review it (政府督查工作条例 s. 17)."""
    acts = [part for part in took_part if part.person_id == actor.person_id]
    if acts:
        raise NotPermitted(
            "recusal",
            f"{actor.name} must keep out of this review: {', '.join(dict.fromkeys(part.en for part in acts))}.",
            person=actor.name,
            acts="、".join(dict.fromkeys(part.zh for part in acts)),
        )


# -- circulars ---------------------------------------------------------------------------------------------------------
COUNTED: Final = ("total", "done", "late", "missing", "done_in_period", "letters_in_period", "items_in_period")


def standings(counted: Mapping[str, Mapping[str, int]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The table of a circular: best completion first, then fewer late, then the order of `names`; equals share a place
    (1, 1, 3). Units without work to complete stand at the end without a place."""
    order = {unit_id: position for position, unit_id in enumerate(names)}

    def merit(unit_id: str) -> tuple[float, int]:
        counts = counted[unit_id]
        return (-counts["done"] / counts["total"], counts["late"])

    ranked = sorted((each for each in counted if counted[each]["total"]), key=lambda each: (*merit(each), order[each]))
    others = sorted((each for each in counted if not counted[each]["total"]), key=lambda each: order[each])
    rows: list[dict[str, Any]] = []
    for position, unit_id in enumerate(ranked, 1):
        is_equal = rows and merit(rows[-1]["unit_id"]) == merit(unit_id)
        rows.append(_standing(unit_id, names, counted, rows[-1]["place"] if is_equal else position))
    return rows + [_standing(unit_id, names, counted, None) for unit_id in others]


def _standing(
    unit_id: str, names: Mapping[str, str], counted: Mapping[str, Mapping[str, int]], place: int | None
) -> dict[str, Any]:
    counts = {name: counted[unit_id][name] for name in COUNTED}
    rate = percent(counts["done"], counts["total"])
    return {"unit_id": unit_id, "name": names[unit_id], "place": place, **counts, "rate": rate}


def check_held(held_at: datetime, *, called_at: datetime, now: datetime) -> None:
    """Raises Invalid for a talk that took place before it was called or has not taken place yet. To the minute."""
    problems = []
    if held_at < called_at.replace(second=0, microsecond=0):
        zh, en = "约谈时间不能早于提起约谈的时间。", "The talk cannot have taken place before it was called."
        problems.append(Problem("interview_held_at", zh, en))
    if held_at > now:
        zh, en = "约谈时间不能晚于现在。", "The talk cannot have taken place in the future."
        problems.append(Problem("interview_held_at", zh, en))
    if problems:
        raise Invalid("interview_invalid", "The talk cannot have taken place then.", tuple(problems))


def check_period(from_on: date | None, to_on: date | None, *, first_day: date, today: date) -> None:
    """Within the campaign, which begins on `first_day`. Raises Invalid."""
    problems = []
    if from_on is None:
        problems.append(Problem("from_on", "请填写开始日期。", "Give the first day."))
    if to_on is None:
        problems.append(Problem("to_on", "请填写结束日期。", "Give the last day."))
    if from_on and from_on < first_day:
        zh = f"开始日期不能早于专项行动开始的{first_day.isoformat()}。"
        en = f"The first day cannot lie before {first_day.isoformat()}, on which the campaign began."
        problems.append(Problem("from_on", zh, en))
    if from_on and to_on and from_on > to_on:
        problems.append(Problem("to_on", "结束日期不能早于开始日期。", "The last day lies before the first."))
    if to_on and to_on > today:
        problems.append(Problem("to_on", "结束日期不能晚于今天。", "The last day cannot lie in the future."))
    if problems:
        raise Invalid("circular_invalid", "A circular cannot cover this period.", tuple(problems))


def check_promised(commitments: Iterable[Mapping[str, str]], *, held_on: date) -> None:
    """Raises Invalid for a promise that is due before the talk or more than a year after it."""
    last, problems = held_on + LONGEST_PROMISE, []
    for number, promise in enumerate(commitments, 1):
        if promise["due"] and not held_on.isoformat() <= promise["due"][:10] <= last.isoformat():
            zh = f"承诺{number}的完成日期应在约谈之日起一年以内（{held_on.isoformat()} 至 {last.isoformat()}）。"
            en = (
                f"Promise {number} must be due within a year of the talk ({held_on.isoformat()} to {last.isoformat()})."
            )
            problems.append(Problem(f"commitment_{number}_due", zh, en))
    if problems:
        raise Invalid("interview_invalid", "The promises cannot be due then.", tuple(problems))


def check_called(time: datetime, *, earliest_on: date) -> None:
    """Raises Invalid for a talk so soon that its summons leaves no working day to ask for leave (请假)."""
    if time.date() < earliest_on:
        zh = f"约谈时间最早为{earliest_on.isoformat()}：通知要求提前一个工作日请假。请改定时间。"
        en = (
            f"The talk can be on {earliest_on.isoformat()} at the earliest: its summons asks for leave one working day "
            "before. Choose another time."
        )
        raise Invalid("interview_invalid", en, (Problem("interview_time", zh, en),))
