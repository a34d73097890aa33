"""What may be said in a letter: known words of the right shape, and one set of words laid over another."""

from datetime import date

import pytest

from engine.domain.letter_words import VARIABLES, Meaning, check_words, documented, merged
from engine.errors import Invalid


def test_every_word_is_documented_in_both_languages_with_its_path() -> None:
    found = dict(documented())

    assert found["cases[].number"] == Meaning("事项编号", "number of the case")
    assert {path.split(".")[0].removesuffix("[]") for path in found} == set(VARIABLES)


def test_known_words_of_the_right_shape_pass() -> None:
    check_words(
        {
            "reason": "逾期",
            "due": date(2024, 6, 20),
            "meeting": {"attended": [{"name": "镇长"}], "host": None},
            "circular": {"units": ({"name": "演示镇", "total": 3},)},
            "counts": {"anything": 1},
        }
    )


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        ({"secret": "x"}, "secret", "have no variable"),
        ({"meeting": {"chair": "x"}}, "meeting.chair", "have no variable"),
        ({"cases": [{"number": "1"}, {"phone": "1"}]}, "cases[2].phone", "have no variable"),
        ({"reason": ["x"]}, "reason", "must be a text, a number or a date"),
        ({"meeting": "x"}, "meeting", "must be a set of fields"),
        ({"cases": {"number": "1"}}, "cases", "must be a list"),
        ({"cases": ["1"]}, "cases[1]", "must have the fields number"),
        ({"meeting": {"attended": "镇长"}}, "meeting.attended", "must be a list"),
    ],
)
def test_what_no_template_could_print_is_refused_with_its_path(words: dict[str, object], where: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_words(words)

    [problem] = refused.value.problems
    assert problem.where == where
    assert says in problem.en
    assert where in problem.zh


def test_words_are_laid_over_field_by_field_and_lists_as_a_whole() -> None:
    words = {"reason": "甲", "meeting": {"time": "九时", "place": "一楼"}, "cases": [{"number": "1"}]}

    laid = merged(words, {"meeting": {"place": "二楼"}, "cases": [], "consent": "市政府"})

    assert laid == {"reason": "甲", "meeting": {"time": "九时", "place": "二楼"}, "cases": [], "consent": "市政府"}
    assert words["meeting"] == {"time": "九时", "place": "一楼"}
