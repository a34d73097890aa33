"""When a component is hidden: conditions in the expression language of the diagrams, on answers and variables."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from engine.bpmn.expressions import check_expression, evaluate
from engine.errors import EngineError
from forms.component import Component, Form
from forms.words import Words

Evaluate = Callable[[str, Mapping[str, Any]], Any]
_NOT_GIVEN: dict[str, Any] = {"checklist": [], "checkbox": False, "checkrows": {}}  # by kind; others are None
_FUNCTIONS = ("default", "len")  # a form has no deadlines


def evaluate_with_engine(text: str, names: Mapping[str, Any]) -> Any:
    """The evaluator of the diagrams. Raises ExpressionError, which is an EngineError."""
    return evaluate(text, names, {})


def fault_in(expression: str) -> Words | None:
    """Why this condition cannot be used, or None."""
    fault = check_expression(expression)
    if fault:
        return Words(fault.zh.rstrip("。"), fault.en.rstrip("."))
    calls = [node for node in ast.walk(ast.parse(expression.strip(), mode="eval")) if isinstance(node, ast.Call)]
    others = sorted({call.func.id for call in calls if isinstance(call.func, ast.Name)} - set(_FUNCTIONS))
    if others:
        listed = ", ".join(others)
        return Words(
            f"隐藏条件里不能用函数 {listed}，只能用 default 和 len",
            f"a condition may use default and len, not {listed}",
        )
    return None


def hidden_keys(
    form: Form, variables: Mapping[str, Any], answers: Mapping[str, Any], evaluate: Evaluate
) -> frozenset[str]:
    """Keys of the components that are hidden. A hidden answer counts as not given, which may hide or show others."""
    hidden: frozenset[str] = frozenset()
    for _ in range(len(form.answered()) + 1):
        given = names_for(form, variables, answers, hidden)
        now_hidden = frozenset(_hidden_below(form.components, given, evaluate))
        if now_hidden == hidden:
            break
        hidden = now_hidden
    return hidden


def names_for(
    form: Form, variables: Mapping[str, Any], answers: Mapping[str, Any], hidden: frozenset[str]
) -> dict[str, Any]:
    """What a condition may ask for: every key of the form, answered or empty, and the instance's variables."""
    empty = {component.key: _NOT_GIVEN.get(component.kind) for component in form.answered()}
    return {**empty, **variables, **answers, **{key: empty[key] for key in hidden}}


def is_hidden(component: Component, names: Mapping[str, Any], evaluate: Evaluate) -> bool:
    """A condition that cannot be worked out hides nothing: better a question too many than an answer lost."""
    if component.hide is None:
        return False
    try:
        return bool(evaluate(component.hide, names))
    except EngineError:
        return False


def _hidden_below(components: tuple[Component, ...], names: Mapping[str, Any], evaluate: Evaluate) -> list[str]:
    found: list[str] = []
    for component in components:
        if is_hidden(component, names, evaluate):
            found += _keys_below((component,))
        else:
            found += _hidden_below(component.components, names, evaluate)
    return found


def _keys_below(components: tuple[Component, ...]) -> list[str]:
    found: list[str] = []
    for component in components:
        found += [component.key] if component.key else []
        found += _keys_below(component.components)
    return found


# -- the same condition for the browser -------------------------------------------------------------------------------
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


def browser_rule(expression: str, keys: frozenset[str], variables: Mapping[str, Any]) -> list[Any] | None:
    """The condition as nested lists a small script can follow, or None when it needs the server.

    `["value", 3]`, `["field", key]`, `["not", a]`, `["and", a, b, …]`, `["or", …]`, `["default", a, b]`, `["==", a, b]`
    and the other comparisons. Names that are not on this page are already replaced by their values.
    """
    try:
        return _rule(ast.parse(expression.strip(), mode="eval").body, keys, variables)
    except (_NeedsServer, ValueError, SyntaxError, RecursionError, MemoryError):
        return None


class _NeedsServer(Exception):
    pass


def _rule(node: ast.expr, keys: frozenset[str], variables: Mapping[str, Any]) -> list[Any]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool | None):
        return ["value", node.value]
    if isinstance(node, ast.Name):
        return _name(node.id, keys, variables)
    if isinstance(node, ast.List | ast.Tuple) and all(isinstance(item, ast.Constant) for item in node.elts):
        return ["value", [item.value for item in node.elts if isinstance(item, ast.Constant)]]
    if isinstance(node, ast.BoolOp):
        return [
            "and" if isinstance(node.op, ast.And) else "or",
            *(_rule(part, keys, variables) for part in node.values),
        ]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ["not", _rule(node.operand, keys, variables)]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        sides = [_rule(side, keys, variables) for side in (node.left, node.comparators[0])]
        return [_COMPARISONS[type(node.ops[0])], *sides]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "default":
        name, otherwise = node.args
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isidentifier():
            inner = _name(name.value, keys, {name.value: None, **variables})
            return ["default", inner, _rule(otherwise, keys, variables)]
    raise _NeedsServer


def _name(name: str, keys: frozenset[str], variables: Mapping[str, Any]) -> list[Any]:
    if name in keys:
        return ["field", name]
    known = {**variables, "true": True, "false": False, "null": None}
    if name in known and isinstance(known[name], str | int | float | bool | list | None):
        return ["value", known[name]]
    raise _NeedsServer
