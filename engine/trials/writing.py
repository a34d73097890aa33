"""Writes a walk as the TOML that `script` reads."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from engine.domain.calendar import SHANGHAI
from engine.trials.script import Script, ScriptStep

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_script(script: Script) -> str:
    """TOML has no null: a variable without a value is left out."""
    lines = [f"name = {_value(script.name)}", f"process = {_value(script.process)}"]
    if script.ladder:
        lines.append(f"ladder = {_value(script.ladder)}")
    lines += [f"now = {_value(script.now)}", "", "[variables]", *_pairs(script.variables)]
    for step in script.steps:
        lines += ["", "[[steps]]", *_step(step)]
    return "\n".join(lines) + "\n"


def write_variables(variables: Mapping[str, Any]) -> str:
    """One line for each, as they stand in a walk."""
    return "".join(f"{line}\n" for line in _pairs(variables))


def _step(step: ScriptStep) -> Iterator[str]:
    if step.complete:
        yield f"complete = {_value(step.complete)}"
        if step.variables:
            yield f"variables = {_value(step.variables)}"
    if step.message:
        yield f"message = {_value(step.message)}"
    if step.advance:
        yield f"advance = {_value(step.advance)}"
    if step.until is not None:
        yield f"until = {_value(step.until)}"
    if step.expect:
        yield f"expect = {_value(step.expect)}"


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None:
            yield f"{_key(name)} = {_value(value)}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _text(value.astimezone(SHANGHAI).isoformat())
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {_value(item)}" for name, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    return f"[{', '.join(_value(item) for item in value if item is not None)}]"


def _text(value: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
