"""份号, 密级和保密期限 and 紧急程度 of a draft, by the letter of GB/T 9704-2012 7.2.1 to 7.2.3."""

import pytest

from engine.domain.letter import DOCUMENT, MINUTES, ORDER, SLIP
from engine.domain.letter_marks import NO_MARKS, Marks, check_marks, secrecy_of


@pytest.mark.parametrize(
    ("marks", "layout", "letters", "where"),
    [
        (NO_MARKS, ORDER, 200, []),
        (Marks("000001", "秘密★1年", "特急"), DOCUMENT, 40, []),
        (Marks("", "内部", ""), MINUTES, 1, []),
        (Marks("999960", "", ""), DOCUMENT, 40, []),
        (Marks("999961", "", ""), DOCUMENT, 40, ["copy_number"]),
        (Marks("000000", "", ""), DOCUMENT, 1, ["copy_number"]),
        (Marks("12345", "", ""), DOCUMENT, 1, ["copy_number"]),
        (Marks("００００01", "", ""), DOCUMENT, 1, ["copy_number"]),
        (Marks("", "机密", ""), DOCUMENT, 1, ["copy_number"]),
        (Marks("000001", "机密★0年", ""), DOCUMENT, 1, ["secrecy"]),
        (Marks("000001", "★1年", ""), DOCUMENT, 1, ["secrecy"]),
        (Marks("000001", "内部★1年", ""), DOCUMENT, 1, ["secrecy"]),
        (Marks("000001", "秘密★1年\n", ""), DOCUMENT, 1, ["secrecy"]),
        (Marks("", "", "十万火急"), DOCUMENT, 1, ["urgency"]),
        (Marks("", "", "加急"), ORDER, 1, ["urgency"]),
        (Marks("000001", "", ""), SLIP, 1, ["secrecy"]),
    ],
)
def test_marks_are_those_of_the_standard(marks: Marks, layout: str, letters: int, where: list[str]) -> None:
    assert [problem.where for problem in check_marks(marks, layout=layout, letters=letters)] == where


def test_copies_count_on_and_degree_and_term_are_written_together() -> None:
    assert [Marks("000009", "秘密", "特急").at(position) for position in (1, 2)] == [
        Marks("000009", "秘密", "特急"),
        Marks("000010", "秘密", "特急"),
    ]
    assert [secrecy_of(*typed) for typed in (("秘密", " 1年 "), ("秘密", "★长期"), ("内部", ""), ("", "1年"))] == [
        "秘密★1年", "秘密★长期", "内部", "★1年"
    ]  # fmt: skip
    assert [Marks.from_json(each) for each in (None, Marks("000001").to_json())] == [NO_MARKS, Marks("000001")]
