"""The bytes that a process lives in between two steps."""

import zlib
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
import zstandard
from diagrams import Diagram, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn.definition import Model, load_model
from engine.bpmn.execution import Execution
from engine.bpmn.state import (
    MAX_CONTENT_BYTES,
    StateMismatch,
    StateTampered,
    contents,
    definition_ids,
    pack,
    seal,
    unseal,
)

KEY = b"k" * 32


@pytest.fixture(scope="module")
def model() -> Model:
    return Diagram().start().task("one").task("two").end().path("begin", "one", "two", "finish").model()


def test_the_diagram_is_not_in_the_state(model: Model) -> None:
    execution, _ = Execution.start(model, {"area": "u1"}, moment())

    content = contents(execution.dump())

    assert len(execution.dump()) < 500
    assert "名称 one" not in orjson.dumps(content).decode()
    assert definition_ids(execution.dump()) == model.definition_ids


def test_a_second_round_trip_changes_nothing(model: Model) -> None:
    execution, _ = Execution.start(model, {"area": "u1", "rows": [{"b": 1, "a": 2}]}, moment())

    once = Execution.load(model, execution.dump(), moment())
    twice = Execution.load(model, once.dump(), moment())

    assert execution.dump() == once.dump() == twice.dump()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab_类", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(first=json_values, second=json_values)
def test_every_plain_value_survives_with_its_type(first: object, second: object) -> None:
    model = load_model([FLOW])
    execution, step = Execution.start(model, {"x": first}, moment())
    execution = Execution.load(model, execution.dump(), moment())
    assert repr(execution.variables()["x"]) == repr(first)

    execution.complete(step.opened_tasks[0].token, {"x": second}, moment())
    execution = Execution.load(model, execution.dump(), moment())

    assert repr(execution.variables()["x"]) == repr(second)


FLOW = Diagram("flow").start().task("one").task("two").end().path("begin", "one", "two", "finish").definition()


@pytest.mark.parametrize(("before", "after"), [(1, True), (True, 1), (1, 1.0), (0, False), ([1], [True])])
def test_values_that_only_look_equal_are_kept_apart(before: object, after: object) -> None:
    model = load_model([FLOW])
    execution, step = Execution.start(model, {"x": before}, moment())
    execution.complete(step.opened_tasks[0].token, {"x": after}, moment())

    assert repr(Execution.load(model, execution.dump(), moment()).variables()["x"]) == repr(after)


def test_a_sealed_state_opens_with_its_key(model: Model) -> None:
    blob = Execution.start(model, {}, moment())[0].dump()

    assert unseal(seal(blob, KEY), KEY) == blob


@pytest.mark.parametrize("at", [0, 31, 32, 33, -1])
def test_a_changed_byte_is_noticed_before_anything_is_read(model: Model, at: int) -> None:
    sealed = bytearray(seal(Execution.start(model, {}, moment())[0].dump(), KEY))
    sealed[at] ^= 1

    with pytest.raises(StateTampered):
        unseal(bytes(sealed), KEY)


@pytest.mark.parametrize("cut", [0, 5, 32, -1])
def test_a_cut_off_state_is_noticed(model: Model, cut: int) -> None:
    with pytest.raises(StateTampered):
        unseal(seal(Execution.start(model, {}, moment())[0].dump(), KEY)[:cut], KEY)


def test_another_key_does_not_open_it(model: Model) -> None:
    with pytest.raises(StateTampered):
        unseal(seal(Execution.start(model, {}, moment())[0].dump(), KEY), b"other" * 8)


def test_a_state_of_other_definitions_is_refused(model: Model) -> None:
    blob = Execution.start(load_model([FLOW]), {}, moment())[0].dump()

    with pytest.raises(StateMismatch):
        Execution.load(model, blob, moment())


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x03abc", b"\x63abc", b"{}"])
def test_an_unknown_format_is_refused(model: Model, blob: bytes) -> None:
    with pytest.raises(StateMismatch):
        Execution.load(model, blob, moment())


def zipped(content: object) -> bytes:
    return b"\x01" + zlib.compress(orjson.dumps(content))


def bomb(version: int) -> bytes:
    """A few kilobytes that would become more than any state holds."""
    content = b" " * (MAX_CONTENT_BYTES + 1)
    return bytes([version]) + (zlib.compress(content) if version == 1 else zstandard.compress(content))


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(b"\x01", id="nothing behind version 1"),
        pytest.param(b"\x02", id="nothing behind version 2"),
        pytest.param(b"\x01abc", id="no zlib"),
        pytest.param(b"\x02abc", id="no zstd"),
        pytest.param(zipped({"definitions": []})[:-3], id="zlib cut off"),
        pytest.param(pack({"definitions": []})[:-3], id="zstd cut off"),
        pytest.param(pack({"definitions": []})[:6] + b"\xff" * 20, id="zstd overwritten"),
        pytest.param(b"\x02" + zstandard.compress(b"{'a'"), id="no JSON"),
        pytest.param(pack([1, 2]), id="a list"),  # type: ignore[arg-type]
        pytest.param(pack({"definitions": []}), id="parts are missing"),
        pytest.param(zipped({"definitions": []}), id="parts are missing in version 1"),
        pytest.param(bomb(1), id="a bomb of zlib"),
        pytest.param(bomb(2), id="a bomb of zstd"),
    ],
)
def test_damage_is_named_and_not_unpacked(model: Model, blob: bytes) -> None:
    with pytest.raises(StateMismatch) as caught:
        Execution.load(model, blob, moment())

    assert caught.value.code == "state.damaged"


@pytest.mark.parametrize("size", [2**40, 2**62])
def test_a_frame_that_claims_to_hold_more_than_there_is_memory_is_not_believed(size: int) -> None:
    frame = zstandard.FRAME_HEADER + bytes([0xE0]) + size.to_bytes(8, "little") + b"\x01\x00\x00"
    assert zstandard.frame_content_size(frame) == size

    with pytest.raises(StateMismatch):
        contents(b"\x02" + frame)


def test_a_frame_that_does_not_say_what_it_holds_is_not_ours() -> None:
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(b"{}")

    with pytest.raises(StateMismatch):
        contents(b"\x02" + frame)


def test_a_state_with_an_element_that_the_definitions_do_not_have_is_refused(model: Model) -> None:
    content = contents(Execution.start(model, {}, moment())[0].dump())
    content["root"]["specs"][-1] = "elsewhere"

    with pytest.raises(StateMismatch) as caught:
        Execution.load(model, pack(content), moment())

    assert caught.value.code == "state.damaged"


def test_threads_pack_and_unpack_beside_each_other(model: Model) -> None:
    execution, _ = Execution.start(model, {"rows": [{"id": number} for number in range(200)]}, moment())
    blob = execution.dump()

    def round_trip(_: int) -> bytes:
        return pack(contents(blob))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(round_trip, range(400))) == {blob}
