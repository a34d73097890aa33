"""Commands for whoever keeps the system running: instances and jobs in trouble, by hand."""

import json
from collections.abc import Callable
from typing import Any

import click

from engine.commands.instances import CancelInstance, ResumeInstance, SetVariable, SuspendInstance
from engine.commands.job_operations import RetryJob, SkipJob
from engine.commands.moves import MoveInstance, UndoOperation
from engine.domain.actor import SYSTEM
from engine.domain.instance import InstanceState
from engine.queries.batches import JobFilter
from engine.queries.instance_page import InstancePage
from engine.queries.instances import SUSPENDED, InstanceFilter
from engine.queries.migration import MovePlan
from web.cli.console import engine_of
from web.json_text import as_json

REASON = click.option("--reason", required=True, help="Kept in the history of the instance.")
STATE = click.Choice([*(str(state) for state in InstanceState), SUSPENDED])
WANTS_JSON = click.option("--json", "wants_json", is_flag=True, help="Machine-readable.")


class JsonValue(click.ParamType):
    """A value as JSON; what is not JSON is refused, so that a forgotten quote is no text by accident."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return (json.loads(value),) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            self.fail(f"{value!r} is not JSON; a text stands in double quotes: '\"gxj\"'", param, ctx)


class Place(click.ParamType):
    """Where a token starts: PROCESS:ELEMENT."""

    name = "process:element"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        process_key, mark, element_id = str(value).partition(":")
        if not (process_key and mark and element_id):
            self.fail(f"{value!r}: write PROCESS:ELEMENT, such as survey:survey_site", param, ctx)
        return process_key, element_id


# -- instances ---------------------------------------------------------------------------------------------------------
@click.group()
def instance() -> None:
    """Process instances. ID is an instance id or a business key, such as a case number."""


@instance.command("list")
@click.option("--text", default="", help="Part of a business key or case number.")
@click.option("--key", default="", help="The process.")
@click.option("--version", default="", help="Its version.")
@click.option("--state", type=STATE, help="Only in this state.")
@click.option("--trouble", is_flag=True, help="Only with open incidents or failed jobs.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@WANTS_JSON
@click.pass_context
def list_(
    context: click.Context,
    text: str,
    key: str,
    version: str,
    state: str | None,
    trouble: bool,
    page: int,
    wants_json: bool,
) -> None:
    """What runs and what has run, the newest first."""
    wanted = InstanceFilter(text, "", key, version, state or "", "1" if trouble else "", page)
    with engine_of(context) as engine:
        found = engine.read.instances(SYSTEM, wanted)
    if wants_json:
        click.echo(as_json([row.__dict__ for row in found.rows]))
        return
    for row in found.rows:
        trouble_here = f"  incidents {row.incidents}" if row.incidents else ""
        click.echo(
            f"{row.instance_id}  {row.key} {row.version}  {row.shown_state:<9}  "
            f"{row.case_id or row.subject}{trouble_here}"
        )
    click.echo(f"{found.page.total} instances, page {found.page.number} of {found.page.pages}")


@instance.command()
@click.argument("named", metavar="ID")
@WANTS_JSON
@click.pass_context
def show(context: click.Context, named: str, wants_json: bool) -> None:
    """Where an instance stands, what it knows, what it waits for."""
    with engine_of(context) as engine:
        found: InstancePage = engine.read.instance(SYSTEM, engine.read.resolve_instance(SYSTEM, named))
    if wants_json:
        click.echo(as_json({**found.__dict__, "row": found.row.__dict__, "damage": str(found.damage or "")}))
        return
    row = found.row
    click.echo(f"{row.instance_id}  {row.key} {row.version}  {row.shown_state}  revision {found.revision}")
    click.echo(f"business key {row.business_key}, case {row.case_id or '-'}, started {row.started_at.isoformat()}")
    if found.damage is not None:
        click.echo(f"the stored state cannot be read: {found.damage}", err=True)
    for task in found.tasks:
        click.echo(f"task  {task.token}  {task.process_key}:{task.element_id}  {task.assignee or 'unclaimed'}")
    for job in found.jobs:
        is_held = " held" if job.is_held else ""
        click.echo(
            f"{job.kind:<5} {job.token or '-'}  {job.job_id}  {job.state}{is_held}  due {job.due_at.isoformat()}"
        )
    for incident in found.incidents:
        click.echo(f"incident  {incident.incident_id}  {incident.message}")
    for known in found.variables:
        click.echo(f"{known.name} = {' | '.join(json.dumps(value, ensure_ascii=False) for value in known.values)}")
    for snapshot in found.snapshots:
        state = "undone" if snapshot.undone_at else "can be undone" if snapshot.may_undo else "too late to undo"
        click.echo(f"snapshot  {snapshot.snapshot_id}  {snapshot.operation}  {snapshot.taken_at.isoformat()}  {state}")


def _act(make: Callable[[str, str], Any], done: str, words: str) -> click.Command:
    @click.argument("named", metavar="ID")
    @REASON
    @click.pass_context
    def act(context: click.Context, named: str, reason: str) -> None:
        with engine_of(context) as engine:
            instance_id = engine.read.resolve_instance(SYSTEM, named)
            engine.execute(make(instance_id, reason), by=SYSTEM)
        click.echo(f"{instance_id} {done}")

    act.__doc__ = words
    return click.command()(act)


instance.add_command(
    _act(
        SuspendInstance, "suspended", "Stop an instance: no task, no timer, no job, until it is resumed. Deadlines run."
    ),
    "suspend",
)
instance.add_command(
    _act(ResumeInstance, "resumed", "Let a suspended instance go on; what came due happens now."), "resume"
)
instance.add_command(
    _act(CancelInstance, "cancelled", "End an instance here, for good. An open case counts as excluded."), "cancel"
)


@instance.command("set")
@click.argument("named", metavar="ID")
@click.argument("name")
@click.argument("value", type=JsonValue())
@REASON
@click.pass_context
def set_(context: click.Context, named: str, name: str, value: tuple[Any], reason: str) -> None:
    """Set a variable to a JSON VALUE: duban instance set LINXIA2024-0001 lead '"gxj"' --reason "…"."""
    with engine_of(context) as engine:
        instance_id = engine.read.resolve_instance(SYSTEM, named)
        engine.execute(SetVariable(instance_id, name, value[0], reason), by=SYSTEM)
    click.echo(f"{instance_id} {name} = {json.dumps(value[0], ensure_ascii=False)}")


@instance.command()
@click.argument("named", metavar="ID")
@click.option("--cancel", multiple=True, metavar="TOKEN", help="A token that `show` names; may be repeated.")
@click.option("--start", multiple=True, type=Place(), help="Where to begin instead; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Show the plan and write nothing.")
@REASON
@click.pass_context
def move(
    context: click.Context,
    named: str,
    cancel: tuple[str, ...],
    start: tuple[tuple[str, str], ...],
    dry_run: bool,
    reason: str,
) -> None:
    """Cancel tokens here and start at other elements. The plan is shown first."""
    with engine_of(context) as engine:
        instance_id = engine.read.resolve_instance(SYSTEM, named)
        plan = engine.read.move_plan(SYSTEM, instance_id, cancel, start)
        _show_plan(plan)
        if dry_run:
            click.echo("nothing was written")
            return
        done = engine.execute(MoveInstance(instance_id, reason, cancel, start, {}, plan.revision), by=SYSTEM)
    click.echo(f"moved; to put it back: duban instance undo {done['snapshot']} --reason …")


@instance.command()
@click.argument("snapshot_id", metavar="SNAPSHOT")
@REASON
@click.pass_context
def undo(context: click.Context, snapshot_id: str, reason: str) -> None:
    """Put an instance back to what it was before a change by hand, while nothing has happened since."""
    with engine_of(context) as engine:
        engine.execute(UndoOperation(snapshot_id, reason), by=SYSTEM)
    click.echo("undone")


def _show_plan(plan: MovePlan) -> None:
    for title, tokens in (("closes", plan.closes), ("opens", plan.opens)):
        for token in tokens:
            click.echo(f"{title:<6} {token.kind:<5} {token.process_key}:{token.element_id}  {token.name}")
    for zh, en in (*plan.warnings, *plan.outside):
        click.echo(f"note   {zh} {en}")
    if plan.has_ended:
        click.echo("note   流程将到此结束。 The instance comes to its end.")


# -- jobs --------------------------------------------------------------------------------------------------------------
@click.group()
def job() -> None:
    """Jobs in trouble: failed, waiting for another attempt, or held."""


@job.command("list")
@click.option("--state", type=click.Choice(["FAILED", "RETRYING", "HELD"]), help="Only in this state.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@click.pass_context
def list_jobs(context: click.Context, state: str | None, page: int) -> None:
    """The longest due first."""
    with engine_of(context) as engine:
        found = engine.read.jobs(SYSTEM, JobFilter(state=state or "", page=page))
    for row in found.rows:
        shown = "HELD" if row.is_held else row.state
        click.echo(f"{row.job_id}  {row.kind:<8} {shown:<7} {row.case_id or '-'}  {row.last_error or ''}".rstrip())
    click.echo(f"{found.page.total} jobs, page {found.page.number} of {found.page.pages}")


@job.command()
@click.argument("job_id", metavar="JOB")
@REASON
@click.pass_context
def retry(context: click.Context, job_id: str, reason: str) -> None:
    """Give a failed job its attempts back; it is due at once."""
    with engine_of(context) as engine:
        engine.execute(RetryJob(job_id, reason), by=SYSTEM)
    click.echo(f"{job_id} is tried again")


@job.command()
@click.argument("job_id", metavar="JOB")
@REASON
@click.pass_context
def skip(context: click.Context, job_id: str, reason: str) -> None:
    """Let the process go on as if the job were done."""
    with engine_of(context) as engine:
        engine.execute(SkipJob(job_id, reason), by=SYSTEM)
    click.echo(f"{job_id} is skipped")


COMMANDS = (instance, job)
