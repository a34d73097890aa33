"""An amount of time as a designer writes it: a number with its unit, and no default unit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Invalid, Problem

UNITS: Mapping[str, tuple[str, str]] = {
    "wd": ("个工作日", "working days"),
    "d": ("个自然日", "calendar days"),
    "wh": ("个工作小时", "working hours"),
    "h": ("小时", "hours"),
}


@dataclass(frozen=True)
class Duration:
    """An amount with its unit; there is no default unit, because ten days and ten working days are two legal terms."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: object) -> "Duration":
        """ "10wd", "30d", "4wh", "48h". Raises Invalid that names the units for everything else."""
        found = re.fullmatch(r"([1-9]\d{0,3})\s*(wd|d|wh|h)", text.strip()) if isinstance(text, str) else None
        if not found:
            problem = Problem(
                str(text),
                f"“{text}”不是期限。请写明数字和单位：10wd（工作日）、30d（自然日）、4wh（工作小时）、48h（小时）。",
                f'"{text}" is no duration. Give a number and a unit: '
                "10wd (working days), 30d (calendar days), 4wh (working hours), 48h (hours).",
            )
            raise Invalid("duration.invalid", f"Not a duration: {text!r}", (problem,), text=str(text))
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def zh(self) -> str:
        return f"{self.amount}{UNITS[self.unit][0]}"

    @property
    def en(self) -> str:
        return f"{self.amount} {UNITS[self.unit][1]}"
