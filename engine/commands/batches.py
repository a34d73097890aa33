"""One operation on many instances or jobs: started with its reason, worked item by item, paused, continued, cancelled.

Each item is one transaction that does its work and notes its outcome, so nothing is done twice and nothing is missed,
whenever a worker dies. A batch acts in the name of whoever started it, with the rights they have at that moment.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from engine.commands.batch_kinds import KINDS
from engine.commands.instances import reason_of
from engine.domain.actor import SYSTEM, require_role
from engine.domain.batch import LONGEST_SUBJECT, MAX_ITEMS, BatchState, ItemState
from engine.errors import EngineError, Invalid, NotPermitted, Problem, Rejected
from engine.store import batches, jobs, people
from engine.store.transaction import Transaction

log = logging.getLogger("duban.batch")
KEEPERS = tuple(sorted({role for kind in KINDS.values() for role in kind.roles}))


@dataclass(frozen=True)
class StartBatch:
    """`subjects` are instance or job ids, whatever the kind acts on, each once. Returns the batch id."""

    kind: str
    subjects: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class WorkBatch:
    """The next item. Returns whether the batch runs on afterwards: by hand this is repeated while it does."""

    batch_id: str


@dataclass(frozen=True)
class RunBatchJob:
    """The next item, for a worker with a lease on the batch's job. Does nothing when the lease is lost."""

    job_id: str
    fence: int


@dataclass(frozen=True)
class PauseBatch:
    batch_id: str


@dataclass(frozen=True)
class ContinueBatch:
    batch_id: str


@dataclass(frozen=True)
class CancelBatch:
    """What is done stays done; the rest is not begun."""

    batch_id: str


def start_batch(command: StartBatch, tx: Transaction) -> str:
    kind = KINDS.get(command.kind)
    if kind is None:
        raise Rejected("batch_kind_unknown", f"There is no batch operation {command.kind!r}.", kind=command.kind)
    require_role(tx.actor, *kind.roles)
    reason = reason_of(command.reason)
    parameters = kind.check(command.parameters)
    subjects = tuple(dict.fromkeys(command.subjects))
    _check_subjects(subjects)
    batch_id = batches.add(tx, kind=command.kind, parameters=parameters, reason=reason, subjects=subjects)
    batches.arm(tx, batch_id)
    tx.record("BatchStarted", operation=command.kind, total=len(subjects), batch=batch_id, reason=reason)
    return batch_id


def work_batch(command: WorkBatch, tx: Transaction) -> bool:
    require_role(tx.actor, *KEEPERS)
    return _work(tx, command.batch_id)


def run_batch_job(command: RunBatchJob, tx: Transaction) -> bool:
    """Whether the job still was this worker's."""
    batch_id = command.job_id
    batches.lock(tx, batch_id)  # before the job: whoever continues a batch opens its job under this lock
    if jobs.get_leased(tx, command.job_id, command.fence) is None:
        return False
    if _work(tx, batch_id):
        batches.arm_again(tx, batch_id, command.fence)
    else:
        jobs.finish(tx, command.job_id, command.fence)
    return True


def pause_batch(command: PauseBatch, tx: Transaction) -> None:
    batch = _locked(tx, command.batch_id, BatchState.RUNNING)
    batches.set_state(tx, command.batch_id, BatchState.PAUSED)
    tx.record("BatchPaused", operation=batch["kind"], batch=command.batch_id)


def continue_batch(command: ContinueBatch, tx: Transaction) -> None:
    batch = _locked(tx, command.batch_id, BatchState.PAUSED)
    batches.set_state(tx, command.batch_id, BatchState.RUNNING)
    batches.arm(tx, command.batch_id)
    tx.record("BatchContinued", operation=batch["kind"], batch=command.batch_id)


def cancel_batch(command: CancelBatch, tx: Transaction) -> None:
    batch = _locked(tx, command.batch_id, BatchState.RUNNING, BatchState.PAUSED)
    batches.skip_pending(tx, command.batch_id)
    batches.set_state(tx, command.batch_id, BatchState.CANCELLED)
    tx.record("BatchCancelled", operation=batch["kind"], batch=command.batch_id)


def _work(tx: Transaction, batch_id: str) -> bool:
    """Do the next item of a running batch. Whether it runs on."""
    batch = batches.lock(tx, batch_id)
    if batch["state"] != BatchState.RUNNING:
        return False
    found = batches.next_item(tx, batch_id)
    if found is not None:
        _do(tx, batch, *found)
    if batches.next_item(tx, batch_id) is not None:
        return True
    batches.set_state(tx, batch_id, BatchState.DONE)
    return False


def _do(tx: Transaction, batch: Any, position: int, subject_id: str) -> None:
    """An item that cannot be done says so in its own words, and the batch goes on. What fails leaves nothing behind."""
    batch_id, worker = batch["batch_id"], tx.actor
    try:
        with tx.attempt():
            tx.actor = _starter(tx, batch)
            parameters = {**batch["parameters"], "reason": batch["reason"], "batch_id": batch_id}
            zh, en = KINDS[batch["kind"]].act(tx, subject_id, parameters)
    except EngineError as error:
        told = {"code": error.code, "fields": error.fields, "problems": _problems(error)}
        batches.finish_item(tx, batch_id, position, ItemState.FAILED, zh="", en=str(error), error=told)
    except Exception as error:
        if batches.is_fault_of_the_database(error):
            raise
        log.exception("item %s of batch %s (%s) failed", position, batch_id, subject_id)
        words = f"{type(error).__name__}: {error}"[:500]
        batches.finish_item(
            tx, batch_id, position, ItemState.FAILED, zh=f"程序出错：{words}", en=f"The program failed: {words}"
        )
    else:
        batches.finish_item(tx, batch_id, position, ItemState.DONE, zh=zh, en=en)
    finally:
        tx.actor = worker


def _starter(tx: Transaction, batch: Any) -> Any:
    if batch["created_by_id"] is None:
        return SYSTEM
    actor = people.load_actor(tx.connection, batch["created_by_id"])
    if actor is None:
        raise NotPermitted(
            "batch_starter_gone",
            f"{batch['created_by']}, who started the batch, has no account any more.",
            by=batch["created_by"],
        )
    return actor


def _locked(tx: Transaction, batch_id: str, *states: BatchState) -> Any:
    require_role(tx.actor, *KEEPERS)
    batch = batches.lock(tx, batch_id)
    require_role(tx.actor, *KINDS[batch["kind"]].roles)
    if batch["state"] not in states:
        raise Rejected("batch_not_so", f"The batch is {batch['state']}.", batch=batch_id, state=batch["state"])
    return batch


def _check_subjects(subjects: tuple[str, ...]) -> None:
    for subject in subjects:
        if not 0 < len(subject) <= LONGEST_SUBJECT:
            raise Invalid(
                "batch_subject",
                f"{subject[:LONGEST_SUBJECT]!r} is no id.",
                (Problem("subject", "编号须为1至64个字符。", "An id has 1 to 64 characters."),),
            )
    count = len(subjects)
    if 0 < count <= MAX_ITEMS:
        return
    raise Invalid(
        "batch_size",
        f"A batch has 1 to {MAX_ITEMS} items, not {count}.",
        (Problem("subject", f"请选择 1 至 {MAX_ITEMS} 项。", f"Choose 1 to {MAX_ITEMS} items."),),
        count=count,
    )


def _problems(error: EngineError) -> list[dict[str, str]]:
    found = error.problems if isinstance(error, Invalid) else ()
    return [{"where": each.where, "zh": each.zh, "en": each.en} for each in found]
