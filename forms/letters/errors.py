"""Why a letter cannot be made. All are `Invalid`: its writer, or that of its template, has to change something."""

from collections.abc import Iterable

from engine.errors import Invalid, Problem


class MissingGlyph(Invalid):
    """No font of the house draws these characters; the letter stops rather than print an empty box."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(sorted(set(characters)))
        named = ", ".join(f"{char} (U+{ord(char):04X})" for char in self.characters)
        listed = "、".join(f"{char}（U+{ord(char):04X}）" for char in self.characters)
        problem = Problem(
            "letter",
            f"字库里没有这些字：{listed}。请改用其他写法，或请管理员补充字库。",
            f"No font draws {named}: write it another way, or have a font added.",
        )
        super().__init__("missing_glyph", "The letter holds characters that no font draws.", (problem,))


class RenderFailed(Invalid):
    """The letter could not be set in type within its limits of time, memory and pages; `zh` says why in Chinese."""

    def __init__(self, reason: str, zh: str = "排印进程出错，请把原因告诉管理员") -> None:
        self.reason = reason
        self.zh = zh
        message = f"The letter could not be made: {reason}."
        super().__init__(
            "render_failed", message, (Problem("letter", f"公文无法排印：{zh}。", message),), reason=reason
        )

    def __str__(self) -> str:
        return self.message


class PrintFailed(Invalid):
    """A printout could not be made within the limits of a press; `zh` says why in Chinese."""

    def __init__(self, reason: str, zh: str) -> None:
        message = f"The printout could not be made: {reason}."
        super().__init__(
            "print_failed", message, (Problem("printout", f"打印件无法排印：{zh}。", message),), reason=reason
        )
