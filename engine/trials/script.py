"""What a walk file (`tests/*.toml`) says, read and checked: who begins with what, the acts, and what each leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from engine.domain import toml_table
from engine.domain.duration import Duration
from engine.domain.lights import LIGHTS
from engine.domain.toml_table import Problems, TomlTable
from engine.errors import Invalid, Problem
from engine.trials.limits import MAX_STEPS, MAX_WALK_BYTES, check_variables

LISTS: Final = ("tasks", "milestones", "jobs", "letters", "flows", "refused")
EXPECTATIONS: Final = (*LISTS, "ended", "variables", "due", "lights")
_NO_INSTANT: Final = datetime(2000, 1, 1, tzinfo=UTC)  # stands in where a problem was found


@dataclass(frozen=True)
class ScriptStep:
    """One `[[steps]]`: what is done, in this order, then what is expected; what is not written is empty.

    `expect` holds instants for `due`, else what the file says.
    """

    complete: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    advance: str = ""
    until: datetime | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """A walk. `ladder` names another ladder than the plan's."""

    name: str
    process: str
    now: datetime
    variables: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[ScriptStep, ...] = ()
    ladder: str = ""


def read_script(content: bytes, *, what: str = "walk.toml", least_steps: int = 1) -> Script:
    """Raises Invalid with every problem found; `what` names the file in them."""
    if len(content) > MAX_WALK_BYTES:
        zh = f"走查文件有 {len(content)} 字节，最多 {MAX_WALK_BYTES} 字节，请分成几个。"
        en = f"The walk has {len(content)} bytes; at most {MAX_WALK_BYTES}. Make several of it."
        raise Invalid("walk.invalid", f"Cannot read {what}", (Problem(what, zh, en),), what=what)
    data = toml_table.read(content, what=what)
    problems = Problems()
    top = TomlTable(data, "", problems)
    script = Script(
        name=top.text("name"),
        process=top.text("process"),
        now=_instant(top, "now", required=True) or _NO_INSTANT,
        variables=_variables(top, data),
        steps=_steps(top, data, least_steps),
        ladder=top.text("ladder", ""),
    )
    top.refuse_unknown()
    if problems.errors:
        raise Invalid("walk.invalid", f"Cannot read {what}", problems.errors, what=what)
    return script


def _steps(top: TomlTable, data: Mapping[str, Any], least: int) -> tuple[ScriptStep, ...]:
    tables = top.tables("steps", named_by="")
    if len(tables) < least:
        top.problems.error(
            "steps", "没有步骤，请至少写一个 [[steps]]。", "There is no step; write at least one [[steps]]."
        )
    if len(tables) > MAX_STEPS:
        zh, en = (
            f"有 {len(tables)} 步，最多 {MAX_STEPS} 步，请分成几个走查。",
            f"{len(tables)} steps; at most {MAX_STEPS}.",
        )
        top.problems.error("steps", zh, en)
        return ()
    written = data.get("steps")
    listed = written if isinstance(written, list) else ()  # anything else is a problem already
    return tuple(_step(table, raw) for table, raw in zip(tables, listed, strict=False))


def _step(table: TomlTable, raw: Any) -> ScriptStep:
    raw = raw if isinstance(raw, Mapping) else {}
    step = ScriptStep(
        complete=table.text("complete", ""),
        variables=_variables(table, raw),
        message=table.text("message", ""),
        advance=_advance(table),
        until=_instant(table, "until"),
        expect=_expect(table, raw),
    )
    if "variables" in raw and "complete" not in raw:
        zh, en = "“variables”要和“complete”一起写。", '"variables" belongs to a "complete".'
        table.problems.error(table.place("variables"), zh, en)
    table.refuse_unknown()
    return step


def _expect(step: TomlTable, raw: Mapping[str, Any]) -> dict[str, Any]:
    table = step.table("expect", required=False)
    written = raw.get("expect")
    if not isinstance(written, Mapping):
        return {}
    found: dict[str, Any] = {name: list(table.texts(name)) for name in LISTS if table.has(name)}
    if table.has("ended"):
        found["ended"] = table.flag("ended")
    if table.has("variables"):
        found["variables"] = _variables(table, written)
    if table.has("due"):
        due = table.table("due")
        found["due"] = {name: _instant(due, name, required=True) for name in _names(written["due"])}
    if table.has("lights"):
        lights = table.table("lights")
        found["lights"] = {name: lights.text(name) for name in _names(written["lights"])}
        for name, light in found["lights"].items():
            if light not in LIGHTS:
                zh, en = f"灯色写 {'、'.join(LIGHTS)} 之一。", f"A light is one of {', '.join(LIGHTS)}."
                table.problems.error(lights.place(name), zh, en)
    for name in EXPECTATIONS:  # so that a stranger is told all of them
        if not table.has(name):
            table.texts(name)
    table.refuse_unknown()
    return found


def _names(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, Mapping) else ()


def _variables(table: TomlTable, raw: Mapping[str, Any]) -> dict[str, Any]:
    inner = table.table("variables", required=False)
    written = raw.get("variables")
    if not isinstance(written, Mapping):
        return {}
    try:
        return check_variables(written, inner.where)
    except Invalid as error:
        for problem in error.problems:
            at = problem.where if problem.where.startswith(inner.where) else f"{inner.where}.{problem.where}"
            table.problems.error(at, problem.zh, problem.en)
        return {}


def _advance(table: TomlTable) -> str:
    text = table.text("advance", "")
    if text:
        try:
            Duration.parse(text)
        except Invalid as error:
            for problem in error.problems:
                table.problems.error(table.place("advance"), problem.zh, problem.en)
    return text


def _instant(table: TomlTable, key: str, *, required: bool = False) -> datetime | None:
    text = table.text(key, None if required else "")
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 2000 <= instant.year < 2100:
        zh = f"“{text}”不是时间，请写成 2024-05-17T12:00:00+08:00，年份在 2000 至 2099 之间。"
        en = f'"{text}" is no instant; write it as 2024-05-17T12:00:00+08:00, in the years 2000 to 2099.'
        table.problems.error(table.place(key), zh, en)
        return None
    return instant
