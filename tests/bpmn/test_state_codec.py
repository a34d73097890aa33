"""The bytes that a process lives in between two steps."""

import zlib

import orjson
import pytest
from diagrams import Diagram, moment
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn.definition import Model, load_model
from engine.bpmn.execution import Execution
from engine.bpmn.state import StateMismatch, StateTampered, definition_ids, seal, unseal

KEY = b"k" * 32


@pytest.fixture(scope="module")
def model() -> Model:
    return Diagram().start().task("one").task("two").end().path("begin", "one", "two", "finish").model()


def test_the_diagram_is_not_in_the_state(model: Model) -> None:
    execution, _ = Execution.start(model, {"area": "u1"}, moment())

    content = orjson.loads(zlib.decompress(execution.dump()[1:]))

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


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x63abc", b"{}"])
def test_an_unknown_format_is_refused(model: Model, blob: bytes) -> None:
    with pytest.raises(StateMismatch):
        Execution.load(model, blob, moment())
