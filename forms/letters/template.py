"""What a letter template may say, and its safe running: a small part of Jinja over a fixed list of variables.

A template is checked before it runs: no calls, no macros, no arithmetic, no names, fields, filters or tags beyond the
lists below and `engine.domain.letter_words`. Every problem names the template and the line.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.domain.calendar import SHANGHAI
from engine.domain.letter import format_date
from engine.domain.letter_words import ANY_FIELD, VARIABLES
from engine.errors import Invalid, Problem

TAGS: Final = frozenset(
    (
        "title",
        "br",
        "p",
        "h2",
        "h3",
        "ol",
        "li",
        "table",
        "caption",
        "tr",
        "th",
        "td",
        "grid",
        "attendance",
        "attachment",
    )
)
# A form says how wide its columns are, a cell how many it spans and its least height in lines; a table may be turned.
_SPANS: Final = MappingProxyType({"columns": r"[1-9]\d?", "lines": r"[1-9]\d?"})
ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"grid": {"widths": r"\d{1,2}( \d{1,2})*"}, "table": {"wide": "true"}, "td": _SPANS, "th": _SPANS}
)
LINE: Final = "line"  # the attribute that carries a tag's line of the template to the reader of the fragment
FILTERS: Final = frozenset({"cn_date", "default", "first", "join", "last", "length"})
TESTS: Final = frozenset({"defined"})
LOOP: Final = MappingProxyType(dict.fromkeys(("index", "first", "last", "length"), "text"))
MAX_TEMPLATE: Final = 50_000  # characters
MAX_OUTPUT: Final = 1_000_000
_DEEPEST_LOOP: Final = 2
_TAG: Final = re.compile(r"<(/?)([A-Za-z0-9]*)((?:\s+[A-Za-z]+=\"[^\"<>]*\")*)(\s*/?>)?")
_ATTRIBUTE: Final = re.compile(r'([A-Za-z]+)="([^"]*)"')
_PLAIN: Final = (
    nodes.Template, nodes.Output, nodes.Const, nodes.If, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.CondExpr,
)  # fmt: skip


def check_template(template: str, *, name: str) -> tuple[Problem, ...]:
    """Everything wrong with a template that shows without running it; empty when it may be used."""
    if len(template) > MAX_TEMPLATE:
        return (
            _problem(name, 1, f"模板超过{MAX_TEMPLATE}字。", f"The template is longer than {MAX_TEMPLATE} characters."),
        )
    try:
        tree = _environment().parse(template)
    except TemplateSyntaxError as error:
        return (_problem(name, error.lineno, f"模板语法错误：{error.message}。", f"Syntax error: {error.message}."),)
    except RecursionError:
        return (_problem(name, 1, "模板嵌套过深。", "The template is nested too deeply."),)
    return tuple(_Checker(name).problems_of(tree))


def expand(template: str, variables: Mapping[str, Any], *, name: str) -> str:
    """The template's text with the variables filled in and escaped; every tag bears its line of the template.

    Raises Invalid with every problem found.
    """
    if problems := check_template(template, name=name):
        raise Invalid("template_invalid", f"The letter template {name} cannot be used.", problems, template=name)
    if unknown := sorted(set(variables) - set(VARIABLES)):
        raise Invalid("template_invalid", f"No letter template knows the variables {', '.join(unknown)}.")
    parts: list[str] = []
    length = 0
    try:
        for part in _numbered(template).generate(_present(variables)):
            length += len(part)
            if length > MAX_OUTPUT:
                raise _failed(name, 1, "公文过长。", "The letter is far too long.")
            parts.append(part)
    except UndefinedError as error:
        raise _failed(name, _line_of(error), *_missing(error.message or "")) from error
    except (TemplateError, TypeError, ValueError) as error:
        raise _failed(name, _line_of(error), f"模板无法填充：{error}。", f"It cannot be filled in: {error}.") from error
    return "".join(parts)


def _numbered(template: str) -> Template:
    environment = _environment()
    tree = environment.parse(template)
    for node in tree.find_all(nodes.TemplateData):
        node.data = _with_lines(node.data, node.lineno)
    return environment.from_string(tree)


def _with_lines(data: str, first: int) -> str:
    def noted(found: re.Match[str]) -> str:
        line = first + data.count("\n", 0, found.start())
        return f'{found[0]} {LINE}="{line}"'

    return re.sub(r"<[a-z0-9]+", noted, data)


def cn_date(value: Any) -> str:
    """2024年6月3日 from a date, an instant (taken in Shanghai) or an ISO text; other text stays as it is."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        value = (value.astimezone(SHANGHAI) if value.tzinfo else value).date()
    if not isinstance(value, date):
        raise ValueError(f"{value!r} is not a date")
    return format_date(value)


class _Missing(StrictUndefined):
    """May be asked whether it is there, and so may its fields, and nothing else."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=_Missing, finalize=_printed, cache_size=0)
    filters: dict[str, Callable[..., Any]] = {**environment.filters, "cn_date": cn_date}
    environment.filters = {name: function for name, function in filters.items() if name in FILTERS}
    environment.tests = {name: function for name, function in environment.tests.items() if name in TESTS | {"=="}}
    environment.globals.clear()
    return environment


def _printed(value: Any) -> Any:
    """Dates print as 公文 write them; nothing prints as None or as Python writes a list."""
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI) if value.tzinfo else value
        return f"{format_date(local.date())}{local.hour}时{f'{local.minute:02}分' if local.minute else ''}"
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, (str, int, float, StrictUndefined)) and not isinstance(value, bool):
        return value
    raise ValueError(f"{type(value).__name__} is not a text, a number or a date")


def _present(variables: Mapping[str, Any]) -> dict[str, Any]:
    """None means absent, so that `{% if basis %}` asks the same question of both."""
    present: dict[str, Any] = {}
    for name, value in variables.items():
        if isinstance(value, Mapping):
            present[name] = _present(value)
        elif isinstance(value, (list, tuple)):
            present[name] = [_present(item) if isinstance(item, Mapping) else item for item in value]
        elif value is not None:
            present[name] = value
    return present


def _missing(message: str) -> tuple[str, str]:
    wanted = re.findall(r"'([\w.]+)'", message)
    if not wanted:
        return "要打印的列表是空的，没有第一项。", "A list of which the first is to be printed is empty."
    return f"变量“{wanted[-1]}”没有值。", f"The variable {wanted[-1]!r} has no value."


def _line_of(error: BaseException) -> int:
    line = 1
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "<template>":
            line = step.tb_lineno
        step = step.tb_next
    return line


def _failed(name: str, line: int, zh: str, en: str) -> Invalid:
    problems = (_problem(name, line, zh, en),)
    return Invalid("template_invalid", f"The letter template {name} cannot be used.", problems, template=name)


def _problem(name: str, line: int, zh: str, en: str) -> Problem:
    return Problem(where=f"{name}:{line}", zh=zh, en=en)


class _Checker:
    """Walks a parsed template once. A scope maps the names that may be used to what they hold."""

    def __init__(self, name: str) -> None:
        self._name = name

    def problems_of(self, tree: nodes.Template) -> Iterator[Problem]:
        yield from self._check(tree, dict(VARIABLES), depth=0)

    def _check(self, node: nodes.Node, scope: dict[str, Any], *, depth: int) -> Iterator[Problem]:
        match node:
            case nodes.TemplateData():
                yield from self._check_tags(node)
            case nodes.Name() | nodes.Getattr():
                yield from self._check_path(node, scope)
            case nodes.For():
                yield from self._check_loop(node, scope, depth=depth)
            case nodes.Filter() | nodes.Test():
                yield from self._check_named(node, scope, depth=depth)
            case _ if isinstance(node, _PLAIN):
                for child in node.iter_child_nodes():
                    yield from self._check(child, scope, depth=depth)
            case _:
                kind = type(node).__name__
                yield self._at(
                    node,
                    f"公文模板不能使用这种写法（{kind}），只能用变量、if、for和规定的过滤器。",
                    f"A letter template may not use {kind}: only variables, if, for and the listed filters.",
                )

    def _check_tags(self, node: nodes.TemplateData) -> Iterator[Problem]:
        for found in _TAG.finditer(node.data):
            line = node.lineno + node.data.count("\n", 0, found.start())
            tag = found[2]
            if tag not in TAGS:
                shown = node.data[found.start() : found.start() + 12].split("\n")[0]
                zh = f"不认识的标签“{shown}”，可用：{'、'.join(sorted(TAGS))}。"
                yield _problem(self._name, line, zh, f"Unknown tag {shown!r}; known are {', '.join(sorted(TAGS))}.")
            elif found[4] is None or not _may_have(tag, found[3]):
                yield _wrong_attributes(self._name, line, tag)

    def _check_path(self, node: nodes.Node, scope: dict[str, Any]) -> Iterator[Problem]:
        if self._shape(node, scope) is None:
            path = _path(node)
            yield self._at(node, f"没有变量“{path}”。", f"There is no variable {path!r}.")

    def _check_loop(self, node: nodes.For, scope: dict[str, Any], *, depth: int) -> Iterator[Problem]:
        shape = self._shape(node.iter, scope)
        if not isinstance(shape, tuple) or not isinstance(node.target, nodes.Name) or node.recursive:
            yield self._at(node, "for只能逐项取列表变量，如cases。", "A loop runs over a list variable, such as cases.")
            return
        if depth >= _DEEPEST_LOOP:
            yield self._at(node, "for最多嵌套两层。", "Loops may be nested two deep.")
            return
        inner = {**scope, node.target.name: shape[0], "loop": LOOP}
        for child in (node.test, *node.body):
            if child is not None:
                yield from self._check(child, inner, depth=depth + 1)
        for child in node.else_:
            yield from self._check(child, scope, depth=depth)

    def _check_named(self, node: nodes.Filter | nodes.Test, scope: dict[str, Any], *, depth: int) -> Iterator[Problem]:
        known = FILTERS if isinstance(node, nodes.Filter) else TESTS
        if node.name not in known:
            zh = f"不能使用“{node.name}”，可用：{'、'.join(sorted(known))}。"
            yield self._at(node, zh, f"{node.name!r} may not be used; known are {', '.join(sorted(known))}.")
        if node.kwargs or node.dyn_args or node.dyn_kwargs or not all(isinstance(a, nodes.Const) for a in node.args):
            yield self._at(node, "过滤器的参数只能是固定文字。", "A filter takes fixed texts only.")
        if node.node is None:
            yield self._at(node, "不能使用过滤块。", "Filter blocks may not be used.")
        elif not (isinstance(node, nodes.Test) and isinstance(node.node, nodes.Name) and node.node.name in VARIABLES):
            yield from self._check(node.node, scope, depth=depth)

    def _shape(self, node: nodes.Node, scope: dict[str, Any]) -> Any:
        """What an expression of names and dots holds; None when there is no such thing."""
        match node:
            case nodes.Name():
                return scope.get(node.name)
            case nodes.Filter(name="first" | "last"):
                shape = self._shape(node.node, scope) if node.node is not None else None
                return shape[0] if isinstance(shape, tuple) else None
            case nodes.Getattr():
                shape = self._shape(node.node, scope)
                if not isinstance(shape, Mapping) or node.attr.startswith("_"):
                    return None
                return shape.get(node.attr, shape.get(ANY_FIELD))
        return None

    def _at(self, node: nodes.Node, zh: str, en: str) -> Problem:
        return _problem(self._name, node.lineno, zh, en)


def _may_have(tag: str, attributes: str) -> bool:
    allowed = ATTRIBUTES.get(tag, {})
    return all(name in allowed and re.fullmatch(allowed[name], value) for name, value in _ATTRIBUTE.findall(attributes))


def _wrong_attributes(name: str, line: int, tag: str) -> Problem:
    if allowed := ATTRIBUTES.get(tag):
        example = {"grid": 'widths="6 8 6 8"', "table": 'wide="true"'}.get(tag, 'columns="3" lines="2"')
        zh = f"标签<{tag}>只能带属性：{'、'.join(allowed)}，例如<{tag} {example}>。"
        en = f"The tag <{tag}> takes {', '.join(allowed)} only, such as <{tag} {example}>."
        return _problem(name, line, zh, en)
    return _problem(name, line, f"标签<{tag}>不能带属性。", f"The tag <{tag}> takes no attributes.")


def _path(node: nodes.Node) -> str:
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            return f"{_path(node.node)}.{node.attr}"
        case nodes.Filter():
            return f"({_path(node.node) if node.node is not None else ''}|{node.name})"
    return f"({type(node).__name__})"
