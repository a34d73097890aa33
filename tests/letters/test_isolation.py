"""The child process that renders: warm for the next letter, replaced when a letter overruns its limits."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from letters_samples import CASES, CORRESPONDENCE_LETTER, DOCUMENT_LETTER

from engine.domain.letter import Paragraph
from forms.letters.errors import MissingGlyph, RenderFailed
from forms.letters.isolate import Press
from forms.letters.rendered import RenderedLetter


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press() as press:
        yield press


def test_a_letter_from_the_press_is_the_same_byte_for_byte(press: Press, correspondence: RenderedLetter) -> None:
    assert press.render(CORRESPONDENCE_LETTER) == correspondence


def test_the_child_is_kept_for_the_next_letter(press: Press) -> None:
    press.render(CORRESPONDENCE_LETTER)
    before = press.child_id

    press.render(replace(CORRESPONDENCE_LETTER, number="演督函〔2024〕18号"))

    assert press.child_id == before


def test_a_missing_character_is_named_and_the_child_lives_on(press: Press) -> None:
    press.render(CORRESPONDENCE_LETTER)
    before = press.child_id

    with pytest.raises(MissingGlyph) as stopped:
        press.render(replace(CORRESPONDENCE_LETTER, contact="\U0010fffd"))

    assert stopped.value.characters == ("\U0010fffd",)
    assert press.child_id == before


def test_too_many_pages_are_refused(press: Press) -> None:
    endless = replace(DOCUMENT_LETTER, body=(replace(CASES, rows=CASES.rows * 180),))

    with pytest.raises(RenderFailed, match="more than 500"):
        press.render(endless)


def test_a_letter_that_takes_too_long_is_stopped() -> None:
    with Press(seconds=0.05) as press:
        with pytest.raises(RenderFailed, match=r"longer than 0\.05 seconds"):
            press.render(DOCUMENT_LETTER)

        assert press.child_id is None


def test_a_child_that_does_not_listen_is_given_up_in_time() -> None:
    with Press(seconds=10.0) as press:
        press.render(CORRESPONDENCE_LETTER)
        assert press.child_id is not None
        os.kill(press.child_id, signal.SIGSTOP)
        many_words = tuple(Paragraph("督办" * 20) for _ in range(5000))

        with pytest.raises(RenderFailed, match="longer than 10 seconds"):
            press.render(replace(DOCUMENT_LETTER, body=many_words))


def test_after_a_killed_child_the_next_letter_is_made(correspondence: RenderedLetter) -> None:
    with Press() as press:
        press.render(CORRESPONDENCE_LETTER)
        assert press.child_id is not None
        _kill(press.child_id)

        assert press.render(CORRESPONDENCE_LETTER) == correspondence


def _kill(process_id: int) -> None:
    os.kill(process_id, signal.SIGKILL)
    os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOWAIT)
