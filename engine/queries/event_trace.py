"""One trace of the event log: the facts and visits of an instance as events, in the order they happened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.elements import Element
from engine.domain.event_log import LogEvent, LogLetter, LogTask, LogTrace
from engine.domain.letter import KINDS

COMPLETIONS = ("TaskCompleted", "TaskReturned")
TASK_FACTS = {
    "TaskOpened": "schedule",
    "TaskClaimed": "start",
    "TaskReleased": "reassign",
    "TaskReturned": "complete",  # a completion that sends the matter back
    "TaskCompleted": "complete",
    "TaskCancelled": "withdraw",
}
LETTER_FACTS = {
    "LetterIssued": "签发{kind}",
    "LetterReceived": "签收{kind}",
    "LetterLeft": "留置送达{kind}",
    "LetterReplied": "回复{kind}",
    "LetterReplyAccepted": "审核通过{kind}回复",
    "LetterReplyReturned": "退办{kind}回复",
    "LetterClosed": "办结{kind}",
    "LetterVoided": "作废{kind}",
    "LetterCorrected": "更正{kind}",
}
OTHER_FACTS = {  # kind: (activity, lifecycle)
    "CaseRegistered": ("登记入册", "complete"),
    "SupervisionOpened": ("督办立项", "complete"),
    "RungReached": ("督办升级：{rung}", "complete"),
    "SupervisionClosed": ("督办办结", "complete"),
    "InstanceSuspended": ("挂起流程", "suspend"),
    "InstanceResumed": ("恢复流程", "resume"),
    "InstanceCancelled": ("撤销流程", "pi_abort"),
    "InstanceMigrated": ("迁移流程", "complete"),
    "InstanceMoved": ("移动流程", "complete"),
    "OperationUndone": ("撤回操作", "complete"),
    "VariableSet": ("修改流程变量", "complete"),
    "JobSkipped": ("跳过作业", "manualskip"),
}
LOGGED = (*TASK_FACTS, *LETTER_FACTS, *OTHER_FACTS)
MEASURES = {kind: words.zh for kind, words in KINDS.items()} | {
    "reminder": "系统提醒",
    "site_visit": "现场督导",
    "summons": "约谈",
    "circular": "通报",
    "referral": "移送问责",
}
CONSEQUENCES = ("TaskOpened", "TaskCancelled", "SupervisionOpened", "SupervisionClosed", "RungReached")


@dataclass(frozen=True)
class Person:
    shown: str
    role: str
    unit: str


NOBODY = Person("", "", "")


@dataclass
class Lookups:
    """What the traces of one batch look up."""

    elements: dict[tuple[str, str, str], Element] = field(default_factory=dict)  # by definition, process, element
    people: dict[str, Person] = field(default_factory=dict)
    letters: dict[str, LogLetter] = field(default_factory=dict)  # of those that the actor may know of
    known_definitions: dict[str, tuple[str, int]] = field(default_factory=dict)


def trace_of(
    row: Mapping[str, Any],
    batch: Lookups,
    told: Sequence[Mapping[str, Any]],
    passed: Sequence[Mapping[str, Any]],
    opened: Sequence[Mapping[str, Any]],
) -> LogTrace:
    events = tuple(event for event in _Writer(row, batch, opened).events(_in_order(told), passed) if event is not None)
    spoken_of = dict.fromkeys(event.letter_id for event in events if event.letter_id)
    related = [(row["area_id"], "area"), (row["lead_id"], "lead"), (row["item_unit_id"], "supervised")]
    return LogTrace(
        instance_id=row["instance_id"],
        kind=row["kind"],
        process_key=row["key"],
        version=batch.known_definitions.get(row["definition_id"], ("", 0))[1],
        business_key=row["business_key"],
        case_id=row["case_id"] or "",
        item_id=row["item_id"] or "",
        state=row["state"],
        started_at=row["started_at"],
        units=tuple((unit_id, what) for unit_id, what in related if unit_id),
        tasks=tuple(
            LogTask(
                each["task_id"], each["process_key"], each["element_id"], each["name"], each["state"], each["opened_at"]
            )
            for each in opened
        ),
        letters=tuple(batch.letters[letter_id] for letter_id in spoken_of),
        events=events,
    )


def _in_order(told: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A command writes what followed from a completion before the completion itself: here it comes first."""
    ordered: list[Mapping[str, Any]] = []
    for fact in told:
        place = len(ordered)
        if fact["kind"] in COMPLETIONS:
            while place and _follows(ordered[place - 1], fact):
                place -= 1
        ordered.insert(place, fact)
    return ordered


def _follows(earlier: Mapping[str, Any], completion: Mapping[str, Any]) -> bool:
    is_same = earlier["at"] == completion["at"] and earlier["person_id"] == completion["person_id"]
    is_own = earlier["detail"].get("task") == completion["detail"].get("task")
    return is_same and not is_own and earlier["kind"] in CONSEQUENCES


class _Writer:
    """Makes events of one instance's facts and visits, which meet where a task is completed."""

    def __init__(self, row: Mapping[str, Any], batch: Lookups, opened: Sequence[Mapping[str, Any]]) -> None:
        self._row = row
        self._batch = batch
        self._tasks = {each["task_id"]: each for each in opened}
        self._withdrawn = [each for each in opened if each["state"] == "CANCELLED"]
        self._by_key = {batch.known_definitions[each][0]: each for each in row["definition_ids"]}

    def events(
        self, told: Sequence[Mapping[str, Any]], passed: Sequence[Mapping[str, Any]]
    ) -> Iterator[LogEvent | None]:
        """By time; within one instant in the order of the visits, a completed task standing where it was passed."""
        waiting = list(told)
        for visit in passed:
            ahead = 0
            while ahead < len(waiting) and self._precedes(waiting[ahead], visit):
                ahead += 1
            yield from map(self._of_fact, waiting[:ahead])
            del waiting[:ahead]
            until = next((i for i, fact in enumerate(waiting) if self._completes(fact, visit)), None)
            if until is not None:
                yield from map(self._of_fact, waiting[: until + 1])
                del waiting[: until + 1]
            else:
                yield self._of_visit(visit)
        yield from map(self._of_fact, waiting)

    def _precedes(self, fact: Mapping[str, Any], visit: Mapping[str, Any]) -> bool:
        is_first = fact["kind"] == "CaseRegistered"  # recorded in the command that starts the process
        return bool(fact["at"] < visit["at"]) or is_first

    def _completes(self, fact: Mapping[str, Any], visit: Mapping[str, Any]) -> bool:
        if fact["kind"] not in COMPLETIONS or fact["at"] != visit["at"]:
            return False
        task = self._tasks.get(str(fact["detail"].get("task", "")))
        return task is not None and task["element_id"] == visit["element_id"]

    def _of_visit(self, visit: Mapping[str, Any]) -> LogEvent | None:
        """A user task that was passed without a completion was skipped by hand."""
        process_key, element_id = visit["process_key"], visit["element_id"]
        element = self._element(process_key, element_id)
        lifecycle = "complete"
        if element is not None and element.type == "userTask":
            if element.is_multiple:
                return None  # its tasks have told of themselves
            lifecycle = "manualskip"
        name = element.name if element is not None and element.name else element_id
        return LogEvent(
            f"v{visit['visit_id']}", name, visit["at"], lifecycle, process_key, element_id, "", "", "",
            item_id=self._row["item_id"] or "",
        )  # fmt: skip

    def _of_fact(self, fact: Mapping[str, Any]) -> LogEvent | None:
        kind, detail = fact["kind"], fact["detail"]
        who = self._batch.people.get(fact["person_id"], NOBODY)
        letter_id, task = "", None
        if kind in TASK_FACTS:
            task = self._task(kind, detail)
            activity = str(detail.get("name", "")) + ("（退回）" if kind == "TaskReturned" else "")
            lifecycle = TASK_FACTS[kind]
        elif kind in LETTER_FACTS:
            letter_id, lifecycle = str(detail.get("letter", "")), "complete"
            letter = self._batch.letters.get(letter_id)
            if letter is None:
                return None
            activity = LETTER_FACTS[kind].format(kind=KINDS[letter.kind].zh if letter.kind in KINDS else letter.kind)
        else:
            activity, lifecycle = OTHER_FACTS[kind]
            rung = str(detail.get("rung", ""))
            activity = activity.replace("{rung}", MEASURES.get(rung, rung))
        return LogEvent(
            event_id=f"f{fact['fact_id']}",
            activity=activity,
            at=fact["at"],
            lifecycle=lifecycle,
            process_key=task["process_key"] if task else self._row["key"],
            element_id=task["element_id"] if task else str(detail.get("element", "")),
            person=who.shown,
            role=who.role,
            unit=who.unit,
            task_id=task["task_id"] if task else "",
            letter_id=letter_id,
            item_id=str(detail.get("item") or self._row["item_id"] or ""),
        )

    def _task(self, kind: str, detail: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A withdrawal is recorded by the task's name only."""
        if kind == "TaskCancelled" and "task" not in detail:
            found = next((each for each in self._withdrawn if each["name"] == detail.get("name")), None)
            if found is not None:
                self._withdrawn.remove(found)
            return found
        return self._tasks.get(str(detail.get("task", "")))

    def _element(self, process_key: str, element_id: str) -> Element | None:
        """In the version that the instance runs now; None for what an older one had."""
        return self._batch.elements.get((self._by_key.get(process_key, ""), process_key, element_id))
