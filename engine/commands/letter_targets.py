"""To whom letters about chosen cases go, and which cases each of them lists."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.errors import Invalid, NotFound, Problem
from engine.store import cases, supervision
from engine.store.access import may_see_case
from engine.store.transaction import Transaction

Target = tuple[tuple[str, ...], tuple[str, ...]]  # unit ids, case ids


def chosen_cases(tx: Transaction, campaign_id: str, case_ids: Iterable[str]) -> list[Mapping[str, Any]]:
    """Each once, in this order. Raises Invalid when there is none, NotFound for a foreign case or campaign."""
    rows = []
    for case_id in dict.fromkeys(case_ids):
        row = cases.get(tx, case_id)
        if row is None or row["campaign_id"] != campaign_id or not may_see_case(tx.connection, tx.actor, case_id):
            raise NotFound("case_unknown", f"There is no case {case_id}.", case=case_id)
        rows.append(row)
    if not rows:
        raise Invalid(
            "no_cases", "No case was chosen.", (Problem("case_ids", "请至少选择一件。", "Choose at least one case."),)
        )
    return rows


def targets_of(tx: Transaction, rows: Sequence[Mapping[str, Any]], bundle: str) -> list[Target]:
    """In the order in which the numbers will be taken. `bundle` is one of `drafting.BUNDLES`."""
    addressed = [(supervision.responsible_unit(tx, row), str(row["case_id"])) for row in rows]
    if bundle == "joint":
        units = tuple(dict.fromkeys(unit_id for unit_id, _ in addressed))
        return [(units, tuple(case_id for _, case_id in addressed))]
    bundles: dict[tuple[str, str], list[str]] = {}
    for unit_id, case_id in addressed:
        bundles.setdefault((unit_id, case_id if bundle == "case" else ""), []).append(case_id)
    return [((unit_id,), tuple(case_ids)) for (unit_id, _), case_ids in bundles.items()]


def check_bundle(bundle: str, known: Sequence[str]) -> tuple[Problem, ...]:
    if bundle in known:
        return ()
    return (Problem("bundle", "请选择分件方式。", f"Choose how the letters are divided: {', '.join(known)}."),)
