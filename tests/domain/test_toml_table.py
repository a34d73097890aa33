"""Reading TOML that people upload: what Python refuses or takes the square of time for ends in a sentence."""

import pytest
from scenario import PROCESSES

from engine.domain import toml_table
from engine.domain.toml_table import MAX_BYTES, MAX_KEY_PARTS
from engine.errors import Invalid

LONG = ".b" * MAX_KEY_PARTS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x = " + b"1" * 5_000, "a number cannot be read"),
        (b"x = " + b"[" * 5_000, "nested too deeply"),
        (b"#" * (MAX_BYTES + 1), "bytes; at most"),
        (f"a{LONG} = 1".encode(), "more than 20 parts"),
        (f"[a{LONG.replace('.', ' . ')}]".encode(), "more than 20 parts"),
        (f"x = {{ a{LONG} = 1 }}".encode(), "more than 20 parts"),
        ("'a'{} = 1".format(LONG.replace("b", '"b"')).encode(), "more than 20 parts"),
        (f'y = """\\""""\nz = "it\'s # "\na{LONG} = 1'.encode(), "more than 20 parts"),
        (b"\xff", "not UTF-8"),
        (b"x = ", "not valid TOML"),
        (b'"""\\' * 60_000, "not valid TOML"),
    ],
)
def test_what_cannot_be_read_in_time_is_refused_with_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        toml_table.read(content, what="walk.toml")

    [problem] = refused.value.problems
    assert (refused.value.code, problem.where, said in problem.en) == ("toml.unreadable", "walk.toml", True)


def test_dots_in_texts_and_remarks_and_a_key_of_twenty_parts_are_read() -> None:
    content = f'x = \'a{LONG}\'  # a{LONG}\ny = """\na{LONG}\n"""\n{LONG[1:]} = 1\n'

    assert toml_table.read(content.encode(), what="walk.toml").keys() == {"x", "y", "b"}


def test_what_ships_is_far_below_the_bounds() -> None:
    shipped = [path.read_bytes() for path in PROCESSES.rglob("*.toml")]

    assert len(shipped) > 20 and max(map(len, shipped)) < MAX_BYTES / 10
    assert all(toml_table.read(content, what="shipped") for content in shipped)
