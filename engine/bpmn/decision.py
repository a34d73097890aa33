"""Decision tables as dmn-js writes them: S-FEEL cells on the left, literals on the right, UNIQUE or FIRST.

It decides with plain values and says which row spoke; it never runs text from a cell as code.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine.bpmn import expressions
from engine.bpmn.document import local, read_document, text_of
from engine.bpmn.expressions import ExpressionError
from engine.bpmn.plain import due_instant
from engine.domain.derivation import en_time, zh_time
from engine.errors import Invalid, Problem

HIT_POLICIES = ("UNIQUE", "FIRST")
OF_CAMPAIGN = frozenset({"campaign.ladder"})  # tables that a diagram does not bring: the campaign's `[rules]` name them
MAX_RULES = 500
NUMBER = r"-?\d{1,15}(?:\.\d{1,10})?"
_LITERAL = re.compile(rf'\s*("[^"]*"|{NUMBER}|true|false|null)\s*')
_COMPARISON = re.compile(rf"\s*(<=|>=|<|>|=)\s*({NUMBER})\s*")
_PLACE = re.compile(r"\{([^{}]+)\}")  # in the text of an output: the value of the input column of that heading
_INTERVAL = re.compile(rf"\s*([\[\](])\s*({NUMBER})\s*\.\.\s*({NUMBER})\s*([\[\])])\s*")

Test = Callable[[Any], bool]


class DecisionError(Invalid):
    """A table that cannot be read, or that has no single answer. Names table, row and cell."""

    def __init__(self, where: str, zh: str, en: str) -> None:
        super().__init__("decision.invalid", f"{where}: {en}", (Problem(where, zh, en),), where=where)
        self.where = where
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class DecisionResult:
    """`outputs` by name; `rule_id` is the id of the row that spoke, kept as the reason; `inputs` by their text.

    `definition_id` names the version of a campaign's table; empty for a table that lies beside its diagram.
    """

    outputs: dict[str, Any]
    rule_id: str
    decision_id: str
    inputs: dict[str, Any] = field(default_factory=dict)
    definition_id: str = ""


@dataclass(frozen=True)
class Rule:
    """`cells` are its input cells as they are written, `description` its remark."""

    rule_id: str
    tests: tuple[Test, ...]
    outputs: tuple[Any, ...]
    cells: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Decision:
    """One table. `inputs` are expressions over the variables, `output_names` the variables it gives.

    `labels` and `output_labels` are the headings of its columns, as people read them; `types` say what the input
    columns hold, as the file has it: boolean, string, number, date; empty where it does not say.
    """

    decision_id: str
    name: str
    hit_policy: str
    inputs: tuple[str, ...]
    output_names: tuple[str, ...]
    rules: tuple[Rule, ...]
    labels: tuple[str, ...] = ()
    output_labels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def rule(self, rule_id: str) -> tuple[int, Rule] | None:
        """A row with its number, from 1; None when the table has no such row."""
        return next(((at, rule) for at, rule in enumerate(self.rules, start=1) if rule.rule_id == rule_id), None)

    def outputs_of(self, rule: Rule) -> dict[str, Any]:
        return dict(zip(self.output_names, rule.outputs, strict=True))

    def decide(
        self, inputs: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
    ) -> DecisionResult:
        """The answer for these variables. Raises DecisionError when no row fits, or two rows of a UNIQUE table do."""
        return self.answer([self._value(text, inputs, functions or {}) for text in self.inputs])

    def answer(self, values: Sequence[Any]) -> DecisionResult:
        """The answer when the input columns hold these values, in their order. Raises DecisionError as `decide`."""
        hits: list[tuple[int, Rule]] = []
        for number, rule in enumerate(self.rules, start=1):
            if self._fits(number, rule, values):
                hits.append((number, rule))
                if self.hit_policy == "FIRST":
                    break
        if not hits:
            shown = "，".join(f"{text} = {value!r}" for text, value in zip(self.inputs, values, strict=True))
            raise DecisionError(
                self.decision_id,
                f"决策表“{self.name}”没有一行适用于 {shown}。请补一行，或加一行全为“-”的兜底。",
                f'No row of the table "{self.name}" fits {shown}. Add a row, or a last row of "-" cells.',
            )
        if len(hits) > 1:
            rows = ", ".join(str(number) for number, _ in hits)
            raise DecisionError(
                self.decision_id,
                f"决策表“{self.name}”要求只有一行适用，但第 {rows} 行同时适用。",
                f'The table "{self.name}" is UNIQUE, but rows {rows} fit at the same time.',
            )
        rule = hits[0][1]
        told = dict(zip(self.inputs, values, strict=True))
        by_heading = dict(zip(self.labels, values, strict=True))
        outputs = {name: _filled(name, value, by_heading) for name, value in self.outputs_of(rule).items()}
        return DecisionResult(outputs, rule.rule_id, self.decision_id, told)

    def _value(self, text: str, names: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]) -> Any:
        try:
            return expressions.evaluate(text, names, functions)
        except ExpressionError as error:
            where = f"{self.decision_id}:{text}"
            raise DecisionError(
                where,
                f"决策表“{self.name}”的输入列“{text}”：{error.zh}",
                f'Table "{self.name}", input "{text}": {error.en}',
            ) from error

    def _fits(self, number: int, rule: Rule, values: Sequence[Any]) -> bool:
        for column, (test, value) in enumerate(zip(rule.tests, values, strict=True)):
            try:
                if not test(value):
                    return False
            except TypeError as error:
                raise DecisionError(
                    f"{self.decision_id}:{rule.rule_id}",
                    f"决策表“{self.name}”第 {number} 行“{self.inputs[column]}”列：值 {value!r} 不能这样比较。",
                    f'Table "{self.name}", row {number}, column "{self.inputs[column]}": '
                    f"{value!r} cannot be compared in this way.",
                ) from error
        return True


def _filled(name: str, value: Any, by_heading: Mapping[str, Any]) -> Any:
    """An output with each {heading} in its text replaced by the value of that column; a text that is nothing else
    gives the value itself. Instants are written out, in English for outputs whose names end with `_en`."""
    if not isinstance(value, str) or "{" not in value:
        return value
    if whole := _PLACE.fullmatch(value):
        return by_heading[whole[1]]
    written = en_time if name.endswith("_en") else zh_time

    def words(place: re.Match[str]) -> str:
        found = by_heading[place[1]]
        instant = due_instant(found)
        return str(found) if instant is None else written(instant)

    return _PLACE.sub(words, value)


def read_decision(dmn: bytes) -> Decision:
    """The only decision of a file. Raises DocumentRefused or DecisionError."""
    decisions = read_decisions(dmn)
    if len(decisions) != 1:
        raise DecisionError(
            "dmn",
            f"文件里有 {len(decisions)} 张决策表，应当是一张。",
            f"{len(decisions)} decisions in the file, not one.",
        )
    return next(iter(decisions.values()))


def read_decisions(dmn: bytes) -> dict[str, Decision]:
    """Every decision of a file by its id. Raises DocumentRefused or DecisionError, which names the first fault."""
    root = read_document(dmn)
    if local(root) != "definitions" or "DMN" not in str(etree.QName(root).namespace):
        raise DecisionError("dmn", "这不是 DMN 决策文件。", "This is not a DMN file.")
    found: dict[str, Decision] = {}
    for node in root:
        if local(node) == "decision":
            decision = _decision(node)
            if decision.decision_id in found:
                where = decision.decision_id
                raise DecisionError(where, f"决策编号“{where}”用了两次。", f'The decision id "{where}" is used twice.')
            found[decision.decision_id] = decision
        elif local(node) in ("businessKnowledgeModel", "decisionService"):
            raise DecisionError(
                node.get("id", "dmn"),
                "只支持决策表，请删除业务知识模型和决策服务。",
                "Only decision tables run here; remove knowledge models and services.",
            )
    if not found:
        raise DecisionError("dmn", "文件里没有决策表。", "There is no decision in the file.")
    return found


def _decision(node: etree._Element) -> Decision:
    key = node.get("id", "")
    name = node.get("name") or key
    if not key:
        raise DecisionError("dmn", f"决策“{name}”没有编号（id）。", f'The decision "{name}" has no id.')
    table = next((child for child in node if local(child) == "decisionTable"), None)
    if table is None:
        raise DecisionError(
            key, f"决策“{name}”不是决策表。请改为决策表。", f'"{name}" is not a decision table. Make it one.'
        )
    policy = table.get("hitPolicy", "UNIQUE")
    if policy not in HIT_POLICIES:
        raise DecisionError(
            key,
            f"决策表“{name}”的命中策略 {policy} 不支持，请选 UNIQUE（唯一）或 FIRST（首个）。",
            f'The table "{name}" has hit policy {policy}; choose UNIQUE or FIRST.',
        )
    inputs = tuple(_input(child, key, name) for child in table if local(child) == "input")
    outputs = tuple(child.get("name", "").strip() for child in table if local(child) == "output")
    if not inputs:
        raise DecisionError(key, f"决策表“{name}”没有输入列。", f'The table "{name}" has no input column.')
    if not outputs or len(set(outputs)) != len(outputs) or not all(_is_name(output) for output in outputs):
        raise DecisionError(
            key,
            f"决策表“{name}”的每个输出列都要有不同的变量名（字母、数字、下划线）。",
            f'Each output column of "{name}" needs a variable name of its own (letters, digits, _).',
        )
    rows = [child for child in table if local(child) == "rule"]
    if not rows or len(rows) > MAX_RULES:
        raise DecisionError(
            key, f"决策表“{name}”要有 1 到 {MAX_RULES} 行。", f'The table "{name}" needs 1 to {MAX_RULES} rows.'
        )
    rules = tuple(_rule(row, number, key, inputs, outputs) for number, row in enumerate(rows, start=1))
    labels = tuple(_label(child, text) for child, text in zip(_children(table, "input"), inputs, strict=True))
    headings = tuple(_label(child, text) for child, text in zip(_children(table, "output"), outputs, strict=True))
    _check_places(key, rules, labels)
    types = tuple(map(_type, _children(table, "input")))
    return Decision(key, name, policy, inputs, outputs, rules, labels, headings, types)


def _check_places(key: str, rules: tuple[Rule, ...], labels: tuple[str, ...]) -> None:
    for number, rule in enumerate(rules, start=1):
        texts = (value for value in rule.outputs if isinstance(value, str))
        unknown = sorted({place for text in texts for place in _PLACE.findall(text)} - set(labels))
        if unknown:
            raise DecisionError(
                f"{key}:{rule.rule_id}",
                f"决策表 {key} 第 {number} 行写了 {{{unknown[0]}}}，但没有这个名称的输入列。",
                f"Table {key}, row {number}: {{{unknown[0]}}} is the heading of no input column.",
            )


def _children(node: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in node if local(child) == name]


def _label(node: etree._Element, otherwise: str) -> str:
    return str(node.get("label") or otherwise)


def _type(node: etree._Element) -> str:
    expression = next((child for child in node.iter() if local(child) == "inputExpression"), None)
    return str(expression.get("typeRef", "")) if expression is not None else ""


def _is_name(text: str) -> bool:
    return text.isidentifier() and not text.startswith("_")


def _input(node: etree._Element, key: str, name: str) -> str:
    text = text_of(next((child for child in node.iter() if local(child) == "inputExpression"), None))
    fault = expressions.check_expression(text)
    if fault:
        label = node.get("label") or text
        raise DecisionError(
            f"{key}:{label}",
            f"决策表“{name}”的输入列“{label}”：{fault.zh}",
            f'Table "{name}", input column "{label}": {fault.en}',
        )
    return text


def _rule(node: etree._Element, number: int, key: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Rule:
    rule_id = node.get("id") or f"row{number}"
    tests = [text_of(child) for child in node if local(child) == "inputEntry"]
    results = [text_of(child) for child in node if local(child) == "outputEntry"]
    if len(tests) != len(inputs) or len(results) != len(outputs):
        raise DecisionError(
            f"{key}:{rule_id}",
            f"决策表 {key} 第 {number} 行的格数和列数不一致。",
            f"Table {key}, row {number}: the number of cells is not the number of columns.",
        )
    return Rule(
        rule_id,
        tuple(_read_cell(text, unary_test, key, number, column, inputs[column]) for column, text in enumerate(tests)),
        tuple(_read_cell(text, literal, key, number, column, outputs[column]) for column, text in enumerate(results)),
        tuple(text.strip() or "-" for text in tests),
        next((text_of(child) for child in node if local(child) == "description"), ""),
    )


def _read_cell(text: str, read: Callable[[str], Any], key: str, number: int, column: int, title: str) -> Any:
    try:
        return read(text)
    except ValueError:
        wanted = '"文字"、数字、true、false' if read is literal else '-、"文字"、"甲","乙"、>= 5、[1..3]、not("文字")'
        raise DecisionError(
            f"{key}:row{number}:{title}",
            f"决策表 {key} 第 {number} 行“{title}”列写的是 {text or '空'}，读不懂。可以写：{wanted}。",
            f'Table {key}, row {number}, column "{title}": {text or "an empty cell"} cannot be read. '
            'Write "text", numbers, true or false; on the left also -, >= 5, [1..3], not("text").',
        ) from None


def literal(text: str) -> Any:
    """The value of an output cell: quoted text, a number, true, false or null. Raises ValueError."""
    if not _LITERAL.fullmatch(text):
        raise ValueError(text)
    text = text.strip()
    if text.startswith('"'):
        return text[1:-1]
    if text in expressions.WORDS:
        return expressions.WORDS[text]
    return float(text) if "." in text else int(text)


def unary_test(text: str) -> Test:
    """The test of an input cell. Raises ValueError for what S-FEEL unary tests do not have."""
    text = text.strip()
    if text in ("-", ""):
        return lambda value: True
    negated = re.fullmatch(r"not\s*\((.*)\)", text, re.DOTALL)
    if negated:
        inner = _any_of(negated[1])
        return lambda value: not inner(value)
    return _any_of(text)


def _any_of(text: str) -> Test:
    tests = [_single(part) for part in _split(text)]
    return lambda value: any(test(value) for test in tests)


def _split(text: str) -> list[str]:
    """At commas outside quotes and brackets."""
    return [part for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', text)]


def _single(text: str) -> Test:
    if _LITERAL.fullmatch(text):
        wanted = literal(text)
        return lambda value: _equal(value, wanted)
    if found := _COMPARISON.fullmatch(text):
        sign, limit = found[1], float(found[2])
        return lambda value: value is not None and _ORDER[sign](_measure(value), limit)
    if found := _INTERVAL.fullmatch(text):
        low, high = float(found[2]), float(found[3])
        if low > high:
            raise ValueError(text)
        above = _ORDER[">="] if found[1] == "[" else _ORDER[">"]
        below = _ORDER["<="] if found[4] == "]" else _ORDER["<"]
        return lambda value: value is not None and above(_measure(value), low) and below(_measure(value), high)
    raise ValueError(text)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, list):  # a form's checklist: one of the ticked values
        return wanted in value
    return bool(value == wanted)


def _measure(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "=": lambda left, right: left == right,
}
