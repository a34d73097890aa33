"""The parts of a form as frozen values: components, their rules, options and rows."""

from collections.abc import Iterator
from dataclasses import dataclass

from forms.words import NO_WORDS, Words

INFORMATION = ("text", "group")  # drawn, never answered
FILES = ("evidence", "checkrows")  # may carry files
CHOICES = ("radio", "select", "checklist")
TYPES = (
    "text",
    "textfield",
    "textarea",
    "number",
    "checkbox",
    "radio",
    "select",
    "checklist",
    "datetime",
    "group",
    "evidence",
    "person",
    "unit",
    "checkrows",
)


@dataclass(frozen=True)
class Option:
    value: str
    label: Words


@dataclass(frozen=True)
class Row:
    """One line of a `checkrows`: a check that is done, or does not apply."""

    key: str
    label: Words
    proves: str


@dataclass(frozen=True)
class Rule:
    """What an answer must keep to. `low` and `high` are numbers, or for dates `today`, `2024-06-28` or `=other_key`."""

    required: bool = False
    low: str | None = None
    high: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min_files: int = 0
    max_files: int = 20
    differs_from: str | None = None


@dataclass(frozen=True)
class Component:
    kind: str  # one of TYPES
    key: str  # "" for text and group
    label: Words
    help: Words = NO_WORDS
    rule: Rule = Rule()
    options: tuple[Option, ...] = ()
    rows: tuple[Row, ...] = ()
    components: tuple["Component", ...] = ()
    hide: str | None = None  # an expression, without its "="
    subtype: str = "date"  # of a datetime
    decimals: int | None = None  # of a number; None: as many as typed, up to six
    suffix: Words = NO_WORDS
    proves: str = ""
    place: str | None = None  # of a person: the variable that holds the unit
    is_readonly: bool = False

    @property
    def is_answered(self) -> bool:
        return self.kind not in INFORMATION


@dataclass(frozen=True)
class Form:
    id: str
    title: Words
    components: tuple[Component, ...]

    def walk(self) -> Iterator[Component]:
        """Every component from top to bottom, groups before what they hold."""
        stack = list(reversed(self.components))
        while stack:
            component = stack.pop()
            yield component
            stack.extend(reversed(component.components))

    def answered(self) -> tuple[Component, ...]:
        return tuple(component for component in self.walk() if component.is_answered)

    def keys(self) -> frozenset[str]:
        """The variables that this form can set."""
        return frozenset(component.key for component in self.answered() if component.kind != "evidence")
