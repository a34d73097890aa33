"""Part of the deploy check: whether timers come when they are meant to, and whether the phases that are named exist."""

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from engine.bpmn.check_context import Context, en, own, zh
from engine.bpmn.document import bpmn, duban, local, text_of
from engine.bpmn.graph import EMBEDDED, Node, Scope

PHASES: Final = ("phase_start", "phase_end")
_LENGTH: Final = re.compile(r"\s*(\d{1,4})\s*(wd|d|wh|h)\s*")

# hours that a period has for certain: a working day is a day at least, a working hour an hour
_AT_LEAST: Final[Mapping[str, Callable[[int], int]]] = {
    "wd": lambda count: 24 * count,
    "d": lambda count: 24 * count,
    "wh": lambda count: count,
    "h": lambda count: count,
}
# hours that a period never exceeds, with the longest holidays inside and at its end
_AT_MOST: Final[Mapping[str, Callable[[int], int]]] = {
    "wd": lambda count: 24 * (7 * math.ceil(count / 5) + count // 10 + 11),
    "d": lambda count: 24 * (count + 12),
    "wh": lambda count: 24 * (7 * math.ceil(count / 20) + count // 40 + 11),
    "h": lambda count: count + 24 * 12,
}


def check_instants(scope: Scope, context: Context) -> None:
    for node in scope.nodes.values():
        timers = [event for event in node.attached if event.events == ["timer"]]
        _check_apart(node, timers, context)
        for timer in timers:
            _check_in_time(timer, node, context)
        if context.known.phases is not None:
            _check_phases(node, context.known.phases, context)


def _check_apart(host: Node, timers: list[Node], context: Context) -> None:
    first: dict[str, Node] = {}
    for timer in timers:
        instant = _canonical(_date(timer))
        if not instant:
            continue
        if instant in first:
            context.findings.add(
                "timers-apart",
                timer.node_id,
                f"“{host.title}”上的定时“{timer.title}”和“{first[instant].title}”在同一时刻到期。"
                "请合成一个，或错开时间。",
                f'The timers "{timer.title}" and "{first[instant].title}" on "{host.title}" run out at the same '
                "instant. Make one of them, or set another time.",
            )
        first.setdefault(instant, timer)


def _check_in_time(timer: Node, host: Node, context: Context) -> None:
    """`before(due, …)` by more than the whole period of the task: the reminder would come with the task itself."""
    ahead, period = _before_due(_date(timer)), _after_opening(own(host, "dueDate"))
    if ahead is None or period is None or not _is_longer(ahead, period):
        return
    early, whole = ("".join(map(str, length)) for length in (ahead, period))
    context.findings.add(
        "timer-in-time",
        timer.node_id,
        f"“{host.title}”的期限只有 {whole}，定时“{timer.title}”却要提前 {early}，任务一到就已经过了。请改短。",
        f'The deadline of "{host.title}" is {whole} after it opens, and "{timer.title}" runs out {early} before it: '
        "at once. Choose a shorter time.",
    )


def _is_longer(ahead: tuple[int, str], period: tuple[int, str]) -> bool:
    """For certain, whatever days off there are."""
    if ahead[1] == period[1] and ahead[1] in ("wd", "wh"):
        return ahead[0] > period[0]
    return _AT_LEAST[ahead[1]](ahead[0]) > _AT_MOST[period[1]](period[0])


def _check_phases(node: Node, phases: frozenset[str], context: Context) -> None:
    for where, property, text in _texts(node):
        for phase in sorted(_phases_in(text) - phases):
            context.findings.add(
                "phase-exists",
                where,
                f"没有哪个行动方案有阶段“{phase}”，案件走到“{node.title}”会停住。方案里有：{zh(phases)}。",
                f'No plan has a phase "{phase}": a case would stop at "{node.title}". The plans have: {en(phases)}.',
                property=property,
            )


def _texts(node: Node) -> Iterator[tuple[str, str, str]]:
    """(where to point, property, text) of every expression of the element and of the flows out of it."""
    yield node.node_id, "duban:dueDate", own(node, "dueDate")
    for flow in node.outgoing:
        yield flow.flow_id, "conditionExpression", flow.condition
    if node.tag not in EMBEDDED:  # what stands inside is asked by itself
        for item in node.xml.iter(duban("input")):
            yield node.node_id, "inputs", item.get("expression", "")
        for child in node.xml.iter(bpmn("*")):
            if local(child) == "timeDate":
                yield node.node_id, "timeDate", text_of(child)


def _date(timer: Node) -> str:
    return text_of(next(timer.xml.iter(bpmn("timeDate")), None))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.expr | None:
    """None for what cannot be read, which `expression-readable` tells."""
    try:
        return ast.parse(text.strip(), mode="eval").body if len(text) <= 500 else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


@lru_cache(maxsize=1024)
def _canonical(text: str) -> str:
    """The same for two texts that differ in spaces and quotation marks; empty for what cannot be read."""
    body = _parsed(text)
    return "" if body is None else ast.dump(body)


@lru_cache(maxsize=1024)
def _phases_in(text: str) -> frozenset[str]:
    """The phases that are written out."""
    body = _parsed(text) if any(name in text for name in PHASES) else None
    calls = (node for node in ast.walk(body) if isinstance(node, ast.Call)) if body is not None else ()
    return frozenset(
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in PHASES and len(call.args) == 1
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    )


def _before_due(text: str) -> tuple[int, str] | None:
    match _parsed(text):
        case ast.Call(func=ast.Name("before"), args=[ast.Name("due"), ast.Constant(str(length))]):
            return _length(length)
    return None


def _after_opening(text: str) -> tuple[int, str] | None:
    match _parsed(text):
        case ast.Call(func=ast.Name("after"), args=[ast.Constant(str(length))]):
            return _length(length)
    return None


def _length(text: str) -> tuple[int, str] | None:
    found = _LENGTH.fullmatch(text)
    return (int(found[1]), found[2]) if found else None
