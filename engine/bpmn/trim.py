"""What a state need not remember: the cost of a step depends on what lives, not on how often a case was sent back.

After a step, finished tasks leave the tree when nobody can ask for them again. What stays besides the live tasks: the
task before each (its data is what they began with), tokens that wait at a join, and where branches parted, because a
join merges relative to that. What leaves is in facts, visits and tasks. No decision reads what is gone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.joins import EndJoin, MergingJoin, equal_at
from engine.bpmn.workflow import LeanSubWorkflow, LeanTask, LeanWorkflow, tree


def trim(workflow: LeanWorkflow) -> None:
    """Drop what no later step can need. Tokens, their data, what joins will merge, and the order of all stay."""
    _trim_process(workflow)
    for task_id, inner in list(workflow.subprocesses.items()):
        if _is_needed(inner):
            _trim_process(inner)
        else:
            del workflow.subprocesses[task_id]


def _is_needed(inner: LeanSubWorkflow) -> bool:
    process: Any = inner
    while process.parent_workflow is not None:
        caller = process.parent_task
        if process.completed or caller._state & TaskState.FINISHED_MASK or caller.id not in caller.workflow.tasks:
            return False
        process = process.parent_workflow
    return not process.completed


def _trim_process(workflow: LeanWorkflow | LeanSubWorkflow) -> None:
    root = workflow.task_tree
    if workflow.completed:
        root._children, root.data, root.internal_data = [], {}, {}
        workflow.tasks = {root.id: root}
        workflow.last_task = root
        return
    live, parked = _standing(workflow)
    if not any(not isinstance(task.task_spec, EndJoin) for task in live):
        return
    needed = {*live, *_worth_keeping(parked, live)}
    for task in list(needed):
        _forget_the_unreached(task)
    needed |= {task.parent for task in needed if task.parent is not None}
    _keep(workflow, needed)


def _standing(workflow: LeanWorkflow | LeanSubWorkflow) -> tuple[list[LeanTask], list[LeanTask]]:
    """Unfinished tasks that were reached, and the tokens that wait at the end of the process, oldest first.

    A token that waits at another join is among the first, whatever its state says.
    """
    live, parked = [], []
    for task in workflow.tasks.values():
        waits_at_join = isinstance(task.task_spec, MergingJoin) and _is_unused_arrival(task)
        if waits_at_join and isinstance(task.task_spec, EndJoin):
            parked.append(task)
        elif waits_at_join or (
            task._state & TaskState.NOT_FINISHED_MASK
            and task.parent is not None
            and task.parent._state & TaskState.FINISHED_MASK
        ):
            live.append(task)
    return live, sorted(parked, key=lambda task: task.internal_data["arrived"])


def _is_unused_arrival(task: LeanTask) -> bool:
    return "arrived" in task.internal_data and not task.internal_data.get("used")


def _forget_the_unreached(task: LeanTask) -> None:
    """A state of an older release holds tasks that were only foreseen; they come by themselves when they are due."""
    for child in task.children:
        if not child.triggered and not child._state & TaskState.FINISHED_MASK:
            task.workflow._remove_task(child.id)


# -- the tree that stays -----------------------------------------------------------------------------------------------
def _keep(workflow: LeanWorkflow | LeanSubWorkflow, needed: set[LeanTask]) -> None:
    """Leave `needed`, what stands below an unfinished task, and where paths to these part; the rest is bridged."""
    order = tree(workflow)
    kept = _kept(order, needed)
    if len(kept) == len(order):
        return
    last = workflow.last_task
    while last is not None and last not in kept:
        last = last.parent
    workflow.last_task = last
    for task in order:
        if task in kept:
            task._children = _nearest(task._children, kept)
            for child in task._children:
                child.parent = task
    workflow.tasks = {task.id: task for task in order if task in kept}
    root = workflow.task_tree
    if len(root._children) == 1 and root not in needed:
        root.data, root.internal_data = root._children[0].data, {}


def _kept(order: list[LeanTask], needed: set[LeanTask]) -> set[LeanTask]:
    holding: dict[LeanTask, int] = {}  # how many of a task's children have something needed at or below them
    for task in reversed(order):
        if (task in needed or task in holding) and task.parent is not None:
            holding[task.parent] = holding.get(task.parent, 0) + 1
    kept = {order[0]}
    for task in order[1:]:
        above = task.parent
        if task in needed or holding.get(task, 0) > 1 or (above in kept and _has_to_stay_below(task, above, holding)):
            kept.add(task)
    return kept


def _has_to_stay_below(task: LeanTask, above: LeanTask | None, holding: Mapping[LeanTask, int]) -> bool:
    assert above is not None
    if not above._state & TaskState.FINISHED_MASK:  # the instances of a multi-instance task
        return True
    # Which of its children is the task, and which are the events beside it, a split reads from their kinds.
    return (
        isinstance(above.task_spec, BoundaryEventSplit)
        and task in holding
        and any(child._state & TaskState.NOT_FINISHED_MASK for child in above._children)
    )


def _nearest(tasks: Iterable[LeanTask], kept: set[LeanTask]) -> list[LeanTask]:
    """The first kept tasks on every way down, in the order of the tree."""
    found: list[LeanTask] = []
    stack = [*tasks][::-1]
    while stack:
        task = stack.pop()
        if task in kept:
            found.append(task)
        else:
            stack.extend(reversed(task._children))
    return found


# -- tokens at the end -------------------------------------------------------------------------------------------------
def _worth_keeping(parked: list[LeanTask], live: list[LeanTask]) -> list[LeanTask]:
    """The tokens at the end of the process that may still change a variable when the last branch arrives there.

    A reminder that only reminded changes nothing, and of two that set the same variable the later counts.
    """
    if not parked:
        return []
    ends = _Ends([*live, *parked])
    kept: list[LeanTask] = []
    for task in reversed(parked):
        if ends.may_matter(task, [*kept, *live], kept):
            kept.append(task)
        else:
            ends.drop(task)
    return kept


class _Ends:
    """Where the ways to tokens part, as a join sees it: see `engine.bpmn.joins.merged`."""

    def __init__(self, tokens: Iterable[LeanTask]) -> None:
        self._ways = {token: _way_up(token) for token in tokens}
        self._passing = Counter(place for way in self._ways.values() for place in way)

    def drop(self, token: LeanTask) -> None:
        self._passing.subtract(self._ways.pop(token))

    def may_matter(self, token: LeanTask, later: Iterable[LeanTask], parked: Iterable[LeanTask]) -> bool:
        """`later`: what arrives after it; `parked`: those of these that have arrived."""
        place = self._parting(token)
        if place is None or not any(place in self._ways[other] for other in later):
            return True
        assert token.parent is not None
        theirs, base = token.parent.data, place.data
        changed = [name for name in {**base, **theirs} if not equal_at(name, theirs, base)]
        return any(not any(self._outdoes(other, name, place) for other in parked) for name in changed)

    def _outdoes(self, other: LeanTask, name: str, place: LeanTask) -> bool:
        """Whether something else than the value at `place` is sure to come up to it from where `other` stands.

        It is when `other` changed the variable, which no step had changed between `place` and where `other` parted:
        who changes it there too, changes it to something else than it is at `place`.
        """
        way, parting = self._ways[other], self._parting(other)
        if place not in way or parting is None or other.parent is None:
            return False
        between = way[way.index(parting) : way.index(place) + 1]
        return not equal_at(name, other.parent.data, parting.data) and all(
            equal_at(name, each.data, place.data) for each in between
        )

    def _parting(self, token: LeanTask) -> LeanTask | None:
        """The first place above the token that the way to another one passes."""
        return next((place for place in self._ways[token] if self._passing[place] > 1), None)


def _way_up(token: LeanTask) -> list[LeanTask]:
    way = []
    place = token.parent
    while place is not None:
        way.append(place)
        place = place.parent
    return way
