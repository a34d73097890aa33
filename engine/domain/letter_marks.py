"""What stands top left on a letter: 份号, 密级和保密期限, 紧急程度 (GB/T 9704-2012 7.2.1 to 7.2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.domain.letter_kinds import ORDER, SLIP
from engine.errors import Problem

INTERNAL: Final = "内部"  # no 密级: for use inside only
URGENCIES: Final = ("加急", "特急")  # 条例 s. 9(3)
COPY_NUMBER: Final = re.compile(r"\d{6}", re.ASCII)  # GB/T 9704-2012 7.2.1
# 7.2.2: the degree, and after a star how long, its figures Arabic.
SECRECY: Final = re.compile(r"(绝密|机密|秘密)(★([1-9]\d?年|[1-9]\d?个月|长期))?", re.ASCII)
HIGHEST_COPY: Final = 999_999
WITHOUT_MARKS: Final = (ORDER, SLIP)  # their heads have no place for any of them


@dataclass(frozen=True)
class Marks:
    """Of a draft. `copy_number` is that of its first letter, as typed; the letters after it count on."""

    copy_number: str = ""
    secrecy: str = ""
    urgency: str = ""

    def at(self, position: int) -> "Marks":
        """Those of the letter at this position, from 1."""
        if not self.copy_number:
            return self
        return Marks(f"{int(self.copy_number) + position - 1:06d}", self.secrecy, self.urgency)

    def to_json(self) -> dict[str, str]:
        return {"copy_number": self.copy_number, "secrecy": self.secrecy, "urgency": self.urgency}

    @staticmethod
    def from_json(value: Mapping[str, Any] | None) -> "Marks":
        return Marks(**value) if value else NO_MARKS


NO_MARKS: Final = Marks()


def secrecy_of(degree: str, term: str) -> str:
    """秘密★1年 of 秘密 and 1年, as the form has them apart. A term without a degree stays as it is and is refused."""
    degree, term = degree.strip(), term.strip().removeprefix("★")
    return f"{degree}★{term}" if term else degree


def check_marks(marks: Marks, *, layout: str, letters: int) -> tuple[Problem, ...]:
    """Everything wrong with the marks of a draft of so many letters."""
    found = []
    if marks.copy_number and not COPY_NUMBER.fullmatch(marks.copy_number):
        zh = f"份号是6位阿拉伯数字，例如000001，不是“{marks.copy_number[:20]}”。"
        found.append(Problem("copy_number", zh, "A copy number has six digits, as in 000001."))
    elif marks.copy_number and not 1 <= int(marks.copy_number) <= HIGHEST_COPY + 1 - letters:
        zh = f"份号从000001编起，本次共{letters}件，逐件递增，不能超过999999。"
        en = f"Copies count from 000001; these {letters} letters must not go beyond 999999."
        found.append(Problem("copy_number", zh, en))
    if marks.secrecy and marks.secrecy != INTERNAL and not SECRECY.fullmatch(marks.secrecy):
        zh = "请选择密级；保密期限写作1年、6个月或者长期，“内部”不写期限。"
        en = "Choose a degree; its term is written 1年, 6个月 or 长期, and 内部 has none."
        found.append(Problem("secrecy", zh, en))
    elif marks.secrecy and marks.secrecy != INTERNAL and not marks.copy_number:
        # 党政机关公文处理工作条例 s. 9(1): 涉密公文应当标注份号.
        found.append(Problem("copy_number", "涉密公文应当标注份号。", "A classified letter bears a copy number."))
    if marks.urgency and marks.urgency not in URGENCIES:
        found.append(Problem("urgency", "请选择紧急程度：加急或者特急。", "Choose the urgency: 加急 or 特急."))
    if marks != NO_MARKS and layout in WITHOUT_MARKS:
        zh = "命令格式和单证没有份号、密级、紧急程度的位置，请改用文件格式或信函格式，或者不填。"
        en = "Orders and forms have no place for copy number, secrecy and urgency: leave them out or change the layout."
        found.append(Problem("urgency" if marks.urgency else "secrecy", zh, en))
    return tuple(found)
