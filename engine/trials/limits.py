"""How far one trial may go: a model that never rests and data without end are refused with a sentence, in time."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.bpmn.plain import plain_variables
from engine.errors import Invalid, Problem

MAX_ACTS: Final = 1_000  # completed tasks, fired timers and done jobs of one walk
MAX_STEPS: Final = 1_000
MAX_WALK_BYTES: Final = 500_000
MAX_VARIABLES_BYTES: Final = 200_000
MAX_ITEMS: Final = 500  # of one list: a task may be done once for each of them


class TrialStopped(Invalid):
    """The trial went on too long or would take too much; says where it was and what to do."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Limits:
    """`is_over` is asked before every act; the caller looks at its own clock."""

    acts: int = MAX_ACTS
    is_over: Callable[[], bool] = _never

    def check(self, acts: int, standing: Sequence[str]) -> None:
        """Raises TrialStopped. `standing`: the elements where the instance is."""
        where = "、".join(standing[:5])
        if acts > self.acts:
            raise _stopped(
                f"已执行 {self.acts} 个动作仍未停下（现停在：{where or '无'}），已中止。"
                "请检查定时或自动环节之间的循环有没有出口，或者把时间推得近一些。",
                f"After {self.acts} acts it still goes on (now at: {where or 'nothing'}), so it was stopped. "
                "See that loops of timers and automatic elements have a way out, or push the clock less far.",
            )
        if self.is_over():
            raise _stopped(
                f"用时超过限制，已中止（现停在：{where or '无'}）。请检查有没有走不出来的循环，或减少步骤。",
                f"It took too long and was stopped (now at: {where or 'nothing'}). "
                "Look for a loop without a way out, or take fewer steps.",
            )


def check_variables(variables: Mapping[str, Any], where: str = "variables") -> dict[str, Any]:
    """The variables as plain JSON. Raises Invalid for other values, TrialStopped for too much of them."""
    given = plain_variables(variables)
    size = len(json.dumps(given, ensure_ascii=False).encode())
    if size > MAX_VARIABLES_BYTES:
        raise _stopped(
            f"变量共 {size} 字节，最多 {MAX_VARIABLES_BYTES} 字节。请缩短文字；大的内容应作为附件。",
            f"The variables have {size} bytes; at most {MAX_VARIABLES_BYTES}. "
            "Shorten the texts; what is large belongs into a file.",
            where,
        )
    for name, value in given.items():
        if (longest := _longest(value)) > MAX_ITEMS:
            raise _stopped(
                f"变量“{name}”是 {longest} 项的列表，最多 {MAX_ITEMS} 项。",
                f'The variable "{name}" is a list of {longest} items; at most {MAX_ITEMS}.',
                f"{where}.{name}",
            )
    return given


def _longest(value: Any) -> int:
    if isinstance(value, dict):
        return max(map(_longest, value.values()), default=0)
    if isinstance(value, list):
        return max(len(value), max(map(_longest, value), default=0))
    return 0


def _stopped(zh: str, en: str, where: str = "") -> TrialStopped:
    return TrialStopped("trial.stopped", en, (Problem(where, zh, en),))
