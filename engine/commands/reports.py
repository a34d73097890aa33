"""Report obligations 报送: opened with the campaign, handed in by the units, filled from the ledger."""

from collections.abc import Mapping
from typing import Any

from engine.domain.instance import InstanceRow
from engine.store import supervision, tasks
from engine.store.counts import unit_figures
from engine.store.transaction import Transaction


def hand_in(tx: Transaction, row: InstanceRow, variables: Mapping[str, Any]) -> None:
    """The report's process has ended: keep who handed in what, with the ledger's figures of that moment."""
    report = supervision.get_report(tx.connection, row.business_key)
    last = tasks.last_completed(tx, row.instance_id)
    if report is None or last is None:
        return
    supervision.submit_report(
        tx,
        row.business_key,
        by=last["completed_name"],
        at=last["completed_at"],
        variables=last["variables"] or {},
        figures=unit_figures(tx.connection, report["campaign_id"], report["unit_id"], tx.now),
    )
    tx.record(
        "ReportSubmitted",
        instance_id=row.instance_id,
        campaign_id=row.campaign_id,
        name=report["name"],
        report=report["report_id"],
    )
