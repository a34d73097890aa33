"""Starts many instances of one process in one command: one is run, its like are stamped."""

from collections.abc import Mapping
from typing import Any

from engine import plans
from engine.bpmn.execution import Execution
from engine.bpmn.stamp import Stamps
from engine.bpmn.state import seal
from engine.bpmn.step import Step
from engine.commands.progress import apply_step, moment, open_started
from engine.domain.case import phase_of
from engine.domain.instance import InstanceKind, InstanceRow, InstanceState
from engine.store import instances
from engine.store.transaction import Transaction

FIRST_PHASE = "survey"


class Starts:
    """The newest version of `key`, pinned once for all. Writes the rows and facts that `start_instance` writes."""

    def __init__(self, tx: Transaction, *, key: str, kind: InstanceKind, campaign_id: str) -> None:
        self._tx = tx
        self._key = key
        self._kind = kind
        self._campaign_id = campaign_id
        self._definition_ids = plans.pinned(tx, key)
        self._model = plans.model(tx, self._definition_ids)
        self._moment = moment(tx, campaign_id)
        self._stamps = Stamps(self._model, self._moment)

    def start(self, *, business_key: str, case_id: str | None, variables: Mapping[str, Any]) -> str:
        """Returns the instance id."""
        tx = self._tx
        instance_id = tx.new_id()
        started = self._stamps.start(variables, instance_id)
        is_simple = self._only_opens(started.step)
        row = InstanceRow(
            instance_id=instance_id,
            kind=self._kind,
            key=self._key,
            business_key=business_key,
            definition_ids=self._definition_ids,
            campaign_id=self._campaign_id,
            case_id=case_id,
            state=InstanceState.ACTIVE,
            blob=seal(started.blob, tx.secret) if is_simple else b"",
            revision=1 if is_simple else 0,
        )
        instances.add(tx, row, started_by_id=None)
        tx.record("InstanceStarted", **row.about, key=self._key)
        if is_simple:
            open_started(tx, row, started.step)
        else:
            apply_step(tx, row, Execution.load(self._model, started.blob, self._moment), started.step)
        return row.instance_id

    def _only_opens(self, step: Step) -> bool:
        """Nothing but tasks, timers and waits in the phase where every case begins: one row for the state is enough."""
        keys = tuple(opened.element.process_key for opened in (*step.opened_tasks, *step.opened_timers))
        return not (step.opened_jobs or step.milestones or step.ended) and phase_of(keys, None) in (None, FIRST_PHASE)
