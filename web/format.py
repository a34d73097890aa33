"""How values are written for people: Beijing dates, working days left, sizes, names of roles and lights."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from engine.domain.actor import SYSTEM
from engine.domain.calendar import SHANGHAI
from engine.domain.facts import FACTS
from web.i18n import has, language, pick, t

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOTHING = "—"


def day(value: datetime | date | str | None) -> str:
    """`2024年6月13日` / `13 Jun 2024`, of an instant the Beijing day."""
    value = _read(value)
    if value is None:
        return NOTHING
    local = value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
    if language() == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{local.year}年{local.month}月{local.day}日"


def moment(value: datetime | str | None) -> str:
    """`2024年6月13日 17:00` / `13 Jun 2024, 17:00`, Beijing time."""
    read = _read(value)
    if not isinstance(read, datetime):
        return day(read)
    clock = f"{read.astimezone(SHANGHAI):%H:%M}"
    return f"{day(read)}, {clock}" if language() == "en" else f"{day(read)} {clock}"


def short_day(value: datetime | None) -> str:
    """`6月13日 17:00` / `13 Jun 17:00`, for narrow columns."""
    if value is None:
        return NOTHING
    local = value.astimezone(SHANGHAI)
    if language() == "en":
        return f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def iso(value: datetime | None) -> str:
    """For the `datetime` attribute of `<time>`."""
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""


def left(workdays: int | None, light: str) -> str:
    """How much working time remains, in words: 还剩3个工作日, 今天到期, 逾期2个工作日."""
    if workdays is None:
        return t("left.none")
    if light == "red" or workdays < 0:
        return t("left.late", n=-workdays, s=_s(-workdays)) if workdays < 0 else t("left.just_late")
    return t("left.days", n=workdays, s=_s(workdays)) if workdays else t("left.today")


def size(size_bytes: int) -> str:
    if size_bytes < 1000:
        return f"{size_bytes} B"
    return f"{size_bytes / 1000:.0f} KB" if size_bytes < 1_000_000 else f"{size_bytes / 1_000_000:.1f} MB"


def word(kind: str, value: object) -> str:
    """The name of a code: `word("phase", "survey")` → 排查摸底. An unknown code is shown as it is."""
    if value in (None, ""):
        return NOTHING
    key = f"{kind}.{value}"
    return t(key) if has(key) else str(value)


def actor_name(name: str) -> str:
    """Of whoever did something; the program itself has a name in both languages."""
    return t("actor.system") if name == SYSTEM.name else name


def words(kind: str, values: object) -> str:
    listed = values if isinstance(values, list | tuple) else ()
    return ("、" if language() == "zh" else ", ").join(word(kind, value) for value in listed) or NOTHING


def fact(kind: str, detail: Mapping[str, Any]) -> str:
    """The sentence of one line of the history; codes and instants in it are written for people."""
    zh, en = FACTS.get(kind, (kind, kind))
    filled = {name: _fact_value(name, value) for name, value in detail.items()}
    # Facts of an older program do not name the addressee of a letter: their sentence begins without it.
    return pick(zh, en).format_map(_Shown({"unit_name": "", **filled})).strip()


def because(record: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The lines of a stored deadline's derivation, in the reader's language."""
    if not record:
        return ()
    return tuple(pick(line[0], line[1]) for line in record.get("derivation") or ())


def _fact_value(name: str, value: Any) -> str:
    if name in ("milestone", "phase", "return_reason"):
        return word(name, value)
    if name in ("old", "new", "moment") and isinstance(value, str):
        return moment(value)
    if name == "rung":
        return word("instrument", value)
    if name == "key":
        return word("phase", value)
    if name == "kind":
        return word("job", value)
    if name == "operation":
        return word("operation", value)
    return str(value)


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return NOTHING


def _read(value: datetime | date | str | None) -> datetime | date | None:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    except ValueError:
        return None


def _s(count: int) -> str:
    return "" if count == 1 else "s"
