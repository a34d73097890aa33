"""Reads form-js JSON into a `Form` and says, in a designer's words, what is wrong with it. Never raises."""

import json
import re
from typing import Any

from engine.bpmn.expressions import names_of
from engine.errors import Problem
from forms.component import CHOICES, TYPES, Component, Form, Option, Row
from forms.condition import fault_in
from forms.rules import RuleReader
from forms.words import Words, shown, strange_character

MAX_BYTES = 1_000_000
MAX_COMPONENTS = 300
MAX_DEPTH = 5
MAX_LINES = 200  # options of one choice, rows of one checkrows
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z")
_RESERVED = frozenset(
    {"csrf_token", "due", "None", "True", "False", "and", "or", "not", "in", "if", "else", "is", "for"}
)

# What form-js and its editor write and we have no use for, or read elsewhere.
_KNOWN = frozenset(
    (
        *("type", "key", "id", "label", "labelEn", "description", "descriptionEn", "text", "textEn", "validate"),
        *("values", "conditional", "components", "rows", "subtype", "dateLabel", "disallowPassedDates", "suffix"),
        *("suffixEn", "decimalDigits", "proves", "unit", "readonly", "appearance", "layout", "properties"),
        *("defaultValue", "increment", "timeLabel", "timeInterval", "timeSerializingFormat", "use24h", "path"),
        *("showOutline", "verticalAlignment"),
    )
)


def read_form(content: bytes, file: str) -> tuple[Form | None, list[Problem]]:
    """The form, as far as it could be read, and every problem found; None when the file is no form at all."""
    reader = _Reader(file)
    try:
        return reader.form(content), reader.problems
    except RecursionError:
        reader.wrong("", "嵌套太深，请减少分组层数", "nested too deeply; use fewer groups")
        return None, reader.problems


class _Reader(RuleReader):
    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.seen: dict[str, str] = {}  # key -> type
        self.count = 0

    # -- the file -----------------------------------------------------------------------------------------------------
    def form(self, content: bytes) -> Form | None:
        data = self._json(content)
        if data is None:
            return None
        if data.get("type") not in (None, "default"):
            self.wrong("", '表单的 type 应为 "default"', 'the type of a form is "default"')
        form_id = data.get("id")
        if not isinstance(form_id, str) or not re.match(r"[A-Za-z_][\w.-]{0,63}\Z", form_id, re.ASCII):
            self.wrong(
                "",
                "表单缺少 id（字母开头，字母、数字、下划线）",
                "the form needs an id (a letter first, then letters, digits, _)",
            )
            form_id = "form"
        listed = data.get("components")
        if not isinstance(listed, list) or not listed:
            self.wrong("", "表单没有组件：components 应为非空列表", "the form has no components: a list is needed")
            return None
        components = self._components(listed, depth=1)
        self._check_references()
        title = Words(
            self.text(data, "title", form_id) or self.text(data, "name", form_id),
            self.text(data, "titleEn", form_id),
        )
        return Form(form_id, title or Words(form_id, form_id), components)

    def _json(self, content: bytes) -> dict[str, Any] | None:
        if len(content) > MAX_BYTES:
            self.wrong("", f"文件超过 {MAX_BYTES // 1000} KB", f"the file is larger than {MAX_BYTES // 1000} KB")
            return None
        try:
            data = json.loads(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.wrong(
                "",
                "文件不是 UTF-8 文本，请用表单编辑器重新导出",
                "the file is not UTF-8 text; export it again from the form editor",
            )
            return None
        except ValueError as error:
            self.wrong("", f"文件不是正确的 JSON：{error}", f"the file is not correct JSON: {error}")
            return None
        if not isinstance(data, dict):
            self.wrong("", "文件应为一个 JSON 对象", "the file must hold one JSON object")
            return None
        return data

    def _check_references(self) -> None:
        for where, key in self.references:
            if key not in self.seen:
                self.wrong(
                    where,
                    f"引用了不存在的组件“{shown(key)}”",
                    f'refers to the component "{shown(key)}", which is not in this form',
                )

    # -- components ---------------------------------------------------------------------------------------------------
    def _components(self, listed: list[Any], depth: int) -> tuple[Component, ...]:
        found: list[Component] = []
        for position, data in enumerate(listed, 1):
            self.count += 1
            if self.count > MAX_COMPONENTS:
                self.wrong(
                    "",
                    f"组件超过 {MAX_COMPONENTS} 个，请拆成几张表单",
                    f"more than {MAX_COMPONENTS} components; split the form",
                )
                break
            if not isinstance(data, dict):
                self.wrong("", f"第 {position} 个组件不是对象", f"component {position} is not an object")
                continue
            component = self._component(data, position, depth)
            if component is not None:
                found.append(component)
        return tuple(found)

    def _component(self, data: dict[str, Any], position: int, depth: int) -> Component | None:
        kind = data.get("type")
        where = str(data.get("key") or data.get("id") or f"#{position}")
        where = shown(where)
        if kind not in TYPES:
            self._refuse_type(where, kind)
            return None
        for name in sorted(set(map(str, data)) - _KNOWN):
            self.wrong(
                where,
                f"不认识的属性“{shown(name)}”，将被忽略",
                f'unknown attribute "{shown(name)}" is ignored',
                "warning",
            )
        needs_key = kind not in ("text", "group")
        key = self._key(data, where, kind) if needs_key else ""
        label = self._label(data, where, kind)
        return Component(
            kind=kind,
            key=key,
            label=label,
            help=Words(self.text(data, "description", where), self.text(data, "descriptionEn", where)),
            rule=self.rule(data, where, kind),
            options=self._options(data, where) if kind in CHOICES else (),
            rows=self._rows(data, where, key) if kind == "checkrows" else (),
            components=self._group(data, where, depth) if kind == "group" else (),
            hide=self._hide(data, where, key),
            subtype=self._subtype(data, where) if kind == "datetime" else "date",
            decimals=self.whole(data, "decimalDigits", where, 0, 6) if kind == "number" else None,
            suffix=self._suffix(data, where),
            proves=self.text(data, "proves", where) or (key if kind == "evidence" else ""),
            place=self.text(data, "unit", where) or None if kind in ("person", "checkrows") else None,
            is_readonly=data.get("readonly") is True,
        )

    def _refuse_type(self, where: str, kind: Any) -> None:
        if kind == "button":
            self.wrong(where, "按钮由页面提供，请删除这个组件", "the page draws the buttons; delete this component")
            return
        named = shown(str(kind))
        self.wrong(
            where,
            f"不支持的组件类型“{named}”，可用：{'、'.join(TYPES)}",
            f'the component type "{named}" is not supported; use one of: {", ".join(TYPES)}',
        )

    def _key(self, data: dict[str, Any], where: str, kind: str) -> str:
        key = data.get("key")
        if not isinstance(key, str) or not _KEY.match(key) or key in _RESERVED:
            self.wrong(
                where,
                "key 应以字母开头，只含字母、数字、下划线，最长 40 个字符，且不是保留字",
                "the key must begin with a letter, hold letters, digits and _ only, at most 40, and not be reserved",
            )
            return f"broken_{self.count}"
        if key in self.seen:
            self.wrong(where, f"key“{key}”用了两次，请改名", f'the key "{key}" is used twice; rename one')
        self.seen[key] = kind
        return key

    def _label(self, data: dict[str, Any], where: str, kind: str) -> Words:
        zh = self.text(data, "label", where) or self.text(data, "dateLabel", where) or self.text(data, "text", where)
        en = self.text(data, "labelEn", where) or self.text(data, "textEn", where)
        if not zh:
            self.wrong(where, "缺少 label（给填表人看的名称）", "needs a label, the name that the clerk reads")
        elif not en:
            self.wrong(where, "缺少 labelEn（英文名称）", "has no labelEn; the English page shows Chinese", "warning")
        return Words(zh, en)

    def _group(self, data: dict[str, Any], where: str, depth: int) -> tuple[Component, ...]:
        listed = data.get("components")
        if not isinstance(listed, list):
            self.wrong(where, "分组缺少 components 列表", "a group needs a list of components")
            return ()
        if depth >= MAX_DEPTH:
            self.wrong(where, f"分组最多套 {MAX_DEPTH} 层", f"groups may be nested {MAX_DEPTH} deep at most")
            return ()
        return self._components(listed, depth + 1)

    def _options(self, data: dict[str, Any], where: str) -> tuple[Option, ...]:
        found: dict[str, Option] = {}
        for item in self._lines(data, "values", where):
            value = item.get("value")
            if (
                not isinstance(value, str)
                or not value
                or len(value) > 100
                or strange_character(value)
                or value != value.strip()
            ):
                self.wrong(
                    where,
                    "每个选项的 value 应为非空文字（最长 100）",
                    "the value of each option is a text, not empty, at most 100",
                )
                continue
            if value in found:
                self.wrong(where, f"选项“{shown(value)}”重复", f'the option "{shown(value)}" is listed twice')
            label = Words(self.text(item, "label", where) or value, self.text(item, "labelEn", where))
            found[value] = Option(value, label)
        return tuple(found.values())

    def _rows(self, data: dict[str, Any], where: str, key: str) -> tuple[Row, ...]:
        found: dict[str, Row] = {}
        for item in self._lines(data, "rows", where):
            row = item.get("key")
            if not isinstance(row, str) or not re.match(r"[A-Za-z][A-Za-z0-9_]{0,29}\Z", row):
                self.wrong(
                    where,
                    "每一行的 key 应以字母开头，只含字母、数字、下划线",
                    "the key of each row: a letter first, then letters, digits, _",
                )
                continue
            if row in found:
                self.wrong(where, f"行“{row}”重复", f'the row "{row}" is listed twice')
            label = Words(self.text(item, "label", where) or row, self.text(item, "labelEn", where))
            found[row] = Row(row, label, self.text(item, "proves", where) or f"{key}.{row}")
        return tuple(found.values())

    def _lines(self, data: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
        lines = data.get(name)
        if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
            self.wrong(where, f"缺少 {name} 列表，至少一项", f'needs a list "{name}" with at least one entry')
            return []
        if len(lines) > MAX_LINES:
            self.wrong(where, f"{name} 最多 {MAX_LINES} 项", f'"{name}" holds at most {MAX_LINES} entries')
        return lines[:MAX_LINES]

    def _hide(self, data: dict[str, Any], where: str, key: str) -> str | None:
        conditional = data.get("conditional")
        if conditional is None or conditional == {}:
            return None
        hide = conditional.get("hide") if isinstance(conditional, dict) else None
        if not isinstance(hide, str) or not hide.lstrip().startswith("="):
            self.wrong(
                where,
                "conditional.hide 应为以“=”开头的表达式",
                'conditional.hide must be an expression that begins with "="',
            )
            return None
        expression = hide.strip()[1:].strip()
        fault = fault_in(expression)
        if fault:
            self.wrong(where, f"隐藏条件：{fault.zh}", f"the condition: {fault.en}")
            return None
        if key and key in names_of(expression):
            self.wrong(where, "隐藏条件引用了自己", "the condition refers to the component itself")
        return expression

    def _subtype(self, data: dict[str, Any], where: str) -> str:
        subtype = data.get("subtype", "date")
        if subtype not in ("date", "datetime"):
            self.wrong(where, 'subtype 应为 "date" 或 "datetime"', 'the subtype is "date" or "datetime"')
            return "date"
        return str(subtype)

    def _suffix(self, data: dict[str, Any], where: str) -> Words:
        appearance = data.get("appearance")
        adornment = self.text(appearance, "suffixAdorner", where) if isinstance(appearance, dict) else ""
        return Words(self.text(data, "suffix", where) or adornment, self.text(data, "suffixEn", where))
