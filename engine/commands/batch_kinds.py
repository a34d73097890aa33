"""The kinds of batch: what each does to one subject, who may start it, and what it must be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.commands import instances, job_operations
from engine.commands.ladders import REPLANNERS, replan_item
from engine.commands.migration import MIGRATORS, migrate_item
from engine.commands.moves import undo_item
from engine.errors import Invalid, Problem
from engine.store.transaction import Transaction

Said = tuple[str, str]  # what was done, zh and en


@dataclass(frozen=True)
class Kind:
    """`act(tx, subject_id, parameters)` is one item, in a part of a transaction of its own; `parameters` holds what was
    given at the start, with `reason` and `batch_id`. `subject` is instance or job."""

    act: Callable[[Transaction, str, Mapping[str, Any]], Said]
    subject: str
    roles: tuple[str, ...] = ("sysadmin",)
    needs: tuple[str, ...] = ()
    check_value: Callable[[Any], Any] | None = None

    def check(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters this kind needs and no others. Raises Invalid."""
        if missing := [name for name in self.needs if parameters.get(name) in (None, "") and name != "value"]:
            raise Invalid(
                "parameter_missing",
                f"Missing: {', '.join(missing)}.",
                tuple(Problem(name, "此项必填。", "This is needed.") for name in missing),
            )
        kept = {name: parameters.get(name) for name in self.needs}
        if "value" in kept and self.check_value is not None:
            kept["value"] = self.check_value(kept["value"])
        return kept


def _suspend(tx: Transaction, instance_id: str, given: Mapping[str, Any]) -> Said:
    instances.suspend_instance(instances.SuspendInstance(instance_id, given["reason"]), tx)
    return "已挂起", "suspended"


def _resume(tx: Transaction, instance_id: str, given: Mapping[str, Any]) -> Said:
    instances.resume_instance(instances.ResumeInstance(instance_id, given["reason"]), tx)
    return "已恢复", "resumed"


def _cancel(tx: Transaction, instance_id: str, given: Mapping[str, Any]) -> Said:
    instances.cancel_instance(instances.CancelInstance(instance_id, given["reason"]), tx)
    return "已撤销", "cancelled"


def _set_variable(tx: Transaction, instance_id: str, given: Mapping[str, Any]) -> Said:
    command = instances.SetVariable(instance_id, given["name"], given["value"], given["reason"], given["batch_id"])
    instances.set_variable(command, tx)
    return f"已修改变量 {given['name']}", f"variable {given['name']} set"


def _retry_job(tx: Transaction, job_id: str, given: Mapping[str, Any]) -> Said:
    job_operations.retry_job(job_operations.RetryJob(job_id, given["reason"]), tx)
    return "已重试", "to be tried again"


def _skip_job(tx: Transaction, job_id: str, given: Mapping[str, Any]) -> Said:
    job_operations.skip_job(job_operations.SkipJob(job_id, given["reason"]), tx)
    return "已跳过", "skipped"


OFFICE = ("sysadmin", "supervisor")
KINDS: dict[str, Kind] = {
    "suspend": Kind(_suspend, "instance", OFFICE),
    "resume": Kind(_resume, "instance", OFFICE),
    "cancel": Kind(_cancel, "instance", OFFICE),
    "set_variable": Kind(_set_variable, "instance", needs=("name", "value"), check_value=instances.value_of),
    "retry_job": Kind(_retry_job, "job", OFFICE),
    "skip_job": Kind(_skip_job, "job", OFFICE),
    "migrate": Kind(migrate_item, "instance", MIGRATORS, needs=("from", "to", "mapping")),
    "replan": Kind(replan_item, "instance", REPLANNERS, needs=("campaign",)),
    "undo": Kind(undo_item, "instance", MIGRATORS, needs=("of_batch",)),
}
