"""The life of a case: which milestones there are and what each writes on the case's row."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class CaseState(StrEnum):
    ACTIVE = "ACTIVE"
    EXCLUDED = "EXCLUDED"  # 剔除: looked at, not a 散乱污 problem
    STRUCK_OFF = "STRUCK_OFF"  # 销号


OVER: Mapping[str, tuple[str, str]] = MappingProxyType(  # what one says of a case in a state that ends it
    {CaseState.EXCLUDED: ("已剔除", "excluded"), CaseState.STRUCK_OFF: ("已销号", "struck off")}
)
DISPOSITIONS = ("close", "rectify", "relocate")
PHASES = ("survey", "cleanup", "improvement", "acceptance", "lookback")
KINDS = ("san", "luan", "wu")

# what the survey on the spot may correct in the register
CORRECTED = ("name", "address", "industry", "contact_name", "contact_phone", "longitude", "latitude")

MILESTONES = (
    "surveyed",
    "excluded",
    "disposed",
    "closed_by_law",
    "applied",
    "returned",
    "accepted",
    "struck_off",
    "lookback_passed",
    "relapsed",
    "resolved",
    "referred",
    "in_review",
    "in_countersigning",
    "in_signing",
    "draft_returned",
    "referral_declined",
    "outcome_recorded",
    "interview_held",
    "interview_reported",
    "interview_settled",
    "circular_drafted",
    "circular_approved",
    "circular_published",
    "objection_decided",
)


def changes_at(milestone: str, variables: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The columns of the case that change when `milestone` is reached; empty for milestones of supervision."""
    if milestone == "surveyed":
        corrected = {name: variables[name] for name in CORRECTED if variables.get(name)}
        return corrected | {
            "surveyed_at": now,
            "kinds": [kind for kind in variables.get("kinds") or [] if kind in KINDS],
            "is_illegal": bool(variables.get("is_illegal")),
            "proposed": variables.get("proposed"),
        }
    if milestone == "excluded":
        return {"state": CaseState.EXCLUDED, "excluded_at": now}
    if milestone == "disposed":
        return {"disposition": variables.get("disposition"), "disposed_at": now, "list_name": variables.get("list")}
    if milestone == "closed_by_law":
        return {"disposition": "close", "closed_by_law_at": now}
    if milestone == "applied":
        return {"applied_at": now}
    if milestone == "returned":
        return {"applied_at": None}
    if milestone == "accepted":
        return {"done_at": now}
    if milestone == "struck_off":
        return {"state": CaseState.STRUCK_OFF, "struck_off_at": now}
    if milestone == "lookback_passed":
        return {"lookback_at": now}
    if milestone == "relapsed":
        return {
            "state": CaseState.ACTIVE,
            "lookback_at": now,
            "relapsed_at": now,
            "done_at": None,
            "struck_off_at": None,
        }
    return {}


def changes_when_cancelled(case: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that change when somebody cancels the process of a case.

    An open case is struck from the register (剔除): the decision stands for the survey where there was none, so that
    surveyed = excluded + retained. What is accepted already stays accepted.
    """
    if case["state"] != CaseState.ACTIVE or case["done_at"] is not None:
        return {}
    surveyed = {} if case["surveyed_at"] is not None else {"surveyed_at": now}
    return {"state": CaseState.EXCLUDED, "excluded_at": now, **surveyed}


def phase_of(process_keys: tuple[str, ...], present: str | None) -> str | None:
    """The phase after a step that opened tasks in `process_keys`: the last of them that is a phase, else unchanged."""
    phases = [key for key in process_keys if key in PHASES]
    return phases[-1] if phases else present
