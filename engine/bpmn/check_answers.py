"""Part of the deploy check: whether what is compared with an answer can be that answer, and slips of the pen in names.

It speaks of forms that lie in the folder, and only of answers that nothing else gives.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from engine.bpmn.check_asked import asked_before
from engine.bpmn.check_context import Context, en, own, zh
from engine.bpmn.check_files import components_of
from engine.bpmn.graph import Node

ONE_OF: Final = frozenset({"radio", "select"})
SOME_OF: Final = frozenset({"checklist"})
RETURNED: Final = frozenset({"returned", "submitted"})  # what a returnable task answers as `outcome` without its form
SHORTEST: Final = 5  # shorter names are like each other without being slips


@dataclass(frozen=True)
class Choice:
    """What a form lets people choose: one of the values, or some of them."""

    values: frozenset[str]
    is_list: bool


@dataclass(frozen=True)
class Comparison:
    """A name against a text that is written out; `is_member` where the text is asked for in a list."""

    name: str
    text: str
    is_member: bool


def check_answers(context: Context, given: frozenset[str] | None) -> None:
    """`given` is what the process is started with. Where it is None nobody knows, and any answer may come from there:
    then only those are looked at that tasks have asked for on every way."""
    choices = _choices_of(context, given or frozenset())
    asked = asked_before(context) if given is None and choices else {}
    for node in (node for scope in context.scopes for node in scope.nodes.values()):
        sure = (
            choices if given is not None else {name: choices[name] for name in asked.get(node, ()) if name in choices}
        )
        for flow in node.outgoing if sure else ():
            for found in _comparisons(flow.condition) if flow.has_condition else ():
                choice = sure.get(found.name)
                if choice is not None and choice.is_list == found.is_member and found.text not in choice.values:
                    _tell(flow.flow_id, found, choice, context)


def _tell(flow_id: str, found: Comparison, choice: Choice, context: Context) -> None:
    context.findings.add(
        "answer-possible",
        flow_id,
        f"条件里的“{found.text}”不在表单“{found.name}”的选项里，永远不会选到。选项有：{zh(choice.values)}。",
        f'The form has no choice "{found.text}" for "{found.name}", so nobody can give this answer. '
        f"It has: {en(choice.values)}.",
    )


def _choices_of(context: Context, started_with: Iterable[str]) -> dict[str, Choice]:
    """What the folder's forms let people choose, by name: those that nothing but choices of the same kind gives."""
    found: dict[str, Choice] = {}
    other = set(started_with)
    for node in (node for scope in context.scopes for node in scope.nodes.values()):
        if node.tag == "businessRuleTask":
            decision = context.decisions.get(own(node, "decisionRef"))
            other.update(decision.output_names if decision is not None else ())
        if node.tag == "userTask":
            for name, choice in _asked(node, context):
                known = found.get(name)
                if choice is None or (known is not None and known.is_list != choice.is_list):
                    other.add(name)
                else:
                    found[name] = Choice(choice.values | (known.values if known else frozenset()), choice.is_list)
    return {name: choice for name, choice in found.items() if name not in other}


def _asked(node: Node, context: Context) -> Iterator[tuple[str, Choice | None]]:
    """(name, choice) for each field of the task's form, None where anything can be written."""
    content = context.files.get(f"{own(node, 'formKey')}.form")
    if own(node, "returnable") == "true":
        yield "outcome", Choice(RETURNED, False)
    for component in _components(content) if content is not None else ():
        name = component.get("key")
        if isinstance(name, str):
            yield name, _choice(component)


def _components(content: bytes) -> list[dict[str, Any]]:
    try:
        return list(components_of(json.loads(content)))
    except (ValueError, RecursionError):
        return []


def _choice(component: Mapping[str, Any]) -> Choice | None:
    kind, rows = component.get("type"), component.get("values")
    if kind not in ONE_OF | SOME_OF or not isinstance(rows, list) or not rows:
        return None
    values = [row.get("value") if isinstance(row, dict) else None for row in rows]
    texts = frozenset(value for value in values if isinstance(value, str))
    return Choice(texts, kind in SOME_OF) if all(isinstance(value, str) for value in values) else None


@lru_cache(maxsize=1024)
def _comparisons(text: str) -> tuple[Comparison, ...]:
    """Those of a readable condition: `name == "x"`, `"x" in name`, `name in ["x", "y"]`, also in `default(name, …)`."""
    try:
        tree = ast.parse(text.strip(), mode="eval") if len(text) <= 500 else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        tree = None
    pairs = (node for node in ast.walk(tree) if isinstance(node, ast.Compare)) if tree is not None else ()
    return tuple(found for node in pairs if len(node.ops) == 1 for found in _of(node))


def _of(node: ast.Compare) -> Iterator[Comparison]:
    left, right = node.left, node.comparators[0]
    if isinstance(node.ops[0], ast.Eq | ast.NotEq):
        for one, other in ((left, right), (right, left)):
            yield from _pair(one, other, is_member=False)
    elif isinstance(node.ops[0], ast.In | ast.NotIn):
        if isinstance(right, ast.List | ast.Tuple):
            for each in right.elts:
                yield from _pair(left, each, is_member=False)
        else:
            yield from _pair(right, left, is_member=True)


def _pair(named: ast.expr, written: ast.expr, *, is_member: bool) -> Iterator[Comparison]:
    match named, written:
        case ast.Name(name), ast.Constant(str(text)):
            yield Comparison(name, text, is_member)
        case ast.Call(func=ast.Name("default"), args=[ast.Constant(str(name)), ast.Constant(instead)]), ast.Constant(
            str(text)
        ):
            if text != instead:  # the value that stands for a missing answer needs no choice
                yield Comparison(name, text, is_member)


# -- slips of the pen --------------------------------------------------------------------------------------------------
def meant_by(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is a slip of: one letter wrong, missing, too many, or two in the wrong order. Numbers
    and endings tell names apart on purpose."""
    return next((other for other in sorted(known) if _is_slip(name, other)), None)


def _is_slip(name: str, other: str) -> bool:
    if min(len(name), len(other)) < SHORTEST or abs(len(name) - len(other)) > 1:
        return False
    same = 0
    while same < min(len(name), len(other)) and name[same] == other[same]:
        same += 1
    here, there = name[same:], other[same:]
    if not here or not there or same < 2 or name[same - 1] == "_":  # unit, units; site_a_check, site_b_check
        return False
    if len(name) == len(other):
        swapped = len(here) > 1 and here[:2] == there[1::-1] and here[2:] == there[2:]
        wrong = here[1:] == there[1:] and len(here) > 1 and here[0].isalpha() and there[0].isalpha()
        return swapped or wrong
    longer, shorter = (here, there) if len(here) > len(there) else (there, here)
    return longer[1:] == shorter and longer[0].isalpha()
