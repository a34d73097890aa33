"""What moving the tokens of one instance by hand would do: for the plan that is shown and for the act alike."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import plans
from engine.bpmn.elements import Element
from engine.bpmn.execution import Execution
from engine.bpmn.moving import Move, Moved, move
from engine.bpmn.state import unseal
from engine.bpmn.step import Moment
from engine.domain.instance import InstanceKind, InstanceRow
from engine.domain.outside import Words, effects_outside
from engine.store import standing
from engine.store.transaction import Scope


@dataclass(frozen=True)
class Relocation:
    """`execution` has made the move in memory. `outside`: effects that could not be undone. `missing`: variables that
    the forms of skipped tasks would have given, and that nothing has given so far."""

    execution: Execution
    moved: Moved
    outside: tuple[Words, ...]
    missing: tuple[str, ...]


def relocation(scope: Scope, secret: bytes, row: InstanceRow, wanted: Move) -> Relocation:
    """Nothing is written. Raises NotLive, CannotMove, ExecutionFailed."""
    moment = Moment(now=scope.now, functions=plans.timetable(scope, row.campaign_id).functions())
    execution = Execution.load(plans.model(scope, row.definition_ids), unseal(row.blob, secret), moment)
    moved = move(execution, wanted, moment)
    step = moved.step
    outside = effects_outside(
        letters=sum(job.kind == "letter" for job in step.opened_jobs),
        milestones=[reached.name for reached in step.milestones],
        rungs=len(step.opened_jobs) if row.kind is InstanceKind.SUPERVISION else 0,
        items=standing.watching_items(scope.connection, row.instance_id, step.closed_tokens),
        has_ended=step.ended,
    )
    return Relocation(execution, moved, outside, tuple(_missing(scope, row, execution, moved.skipped)))


def words_of(found_out: Relocation) -> list[Words]:
    """What the person who moves should know, beyond what closes and opens."""
    moved = found_out.moved
    found = [(note.zh, note.en) for note in moved.notes]
    for zh, en, elements in (
        ("跳过未办的环节", "Skipped, and not done", moved.skipped),
        ("要重新办理的环节", "To be done again", moved.repeated),
    ):
        if elements:
            titles = [element.name or element.element_id for element in elements]
            found.append((f"{zh}：{'、'.join(titles)}。", f"{en}: {', '.join(titles)}."))
    if found_out.missing:
        names = ", ".join(found_out.missing)
        found.append(
            (
                f"跳过的表单没有提供这些变量，后面的环节用到时请一并填写：{names}。",
                f"The skipped forms did not give these variables; give those that are needed later: {names}.",
            )
        )
    reached = [element for element in moved.repeated if element.milestone]
    if reached:
        names = [element.milestone for element in reached]
        found.append(
            (
                f"已记录的节点不会撤回，再次经过时重新记录：{'、'.join(names)}。",
                f"Milestones that are recorded stay so, and are recorded again when passed: {', '.join(names)}.",
            )
        )
    return found


def _missing(scope: Scope, row: InstanceRow, execution: Execution, skipped: Iterable[Element]) -> Iterator[str]:
    """In the order of the forms. A process that was skipped as a whole is not looked into."""
    known = execution.variables()
    for element in skipped:
        if element.form_key:
            definition = plans.definition(scope, plans.definition_of(scope, row.definition_ids, element.process_key))
            form = json.loads(definition.files[f"{element.form_key}.form"])
            yield from (name for name in plans.form_names(form) if name not in known)


def plain_move(wanted: Move) -> Mapping[str, Any]:
    """For the record of facts."""
    return {
        "cancel": list(wanted.cancel),
        "start": [f"{place.process_key}:{place.element_id}" for place in wanted.start],
        "variables": dict(wanted.variables),
    }
