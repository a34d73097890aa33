"""Two clocks of a machine compared: a small step is stood still for, a big one is noticed, passed time is neither."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import TOLERANCE, SetClock, SystemClock, Timekeeper

NOON = datetime(2024, 5, 20, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.mark.parametrize(
    ("start", "step"),
    [
        (NOON, timedelta(seconds=1)),
        (NOON, timedelta(days=400)),
        (NOON, -timedelta(days=3)),  # a test puts both clocks back
        (datetime(2024, 2, 28, 23, 59, tzinfo=UTC), timedelta(minutes=2)),
        (datetime(2024, 2, 29, 23, 59, tzinfo=UTC), timedelta(minutes=2)),
        (datetime(2024, 12, 31, 23, 59, tzinfo=UTC), timedelta(minutes=2)),
    ],
)
def test_time_that_has_passed_is_no_jump(start: datetime, step: timedelta) -> None:
    clock = SetClock(start)
    keeper = Timekeeper(clock)

    clock.advance(step)

    assert (keeper.now(), keeper.has_jumped()) == (start + step, False)


@pytest.mark.parametrize("step", [-timedelta(seconds=1), -TOLERANCE + timedelta(seconds=1)])
def test_time_stands_still_for_a_small_step_back(clock: SetClock, step: timedelta) -> None:
    keeper = Timekeeper(clock)

    clock.jump(step)
    shown = [keeper.now()]
    clock.advance(-step)
    shown.append(keeper.now())
    clock.advance(timedelta(seconds=1))
    shown.append(keeper.now())

    assert shown == [NOON, NOON, NOON + timedelta(seconds=1)]
    assert not keeper.has_jumped()


def test_a_jump_forward_is_kept_back_until_it_is_written_down(clock: SetClock) -> None:
    keeper = Timekeeper(clock)

    clock.jump(timedelta(hours=1))
    clock.advance(timedelta(seconds=5))
    before = (keeper.now(), keeper.has_jumped())
    reading, off = keeper.reading()
    keeper.accept(off)

    assert before == (NOON + timedelta(seconds=5), True)
    assert (reading.wall, off) == (clock.now(), timedelta(hours=1))
    assert (keeper.now(), keeper.has_jumped()) == (clock.now(), False)


@pytest.mark.parametrize("seconds", [-1, 0])
def test_up_to_ten_minutes_forward_are_a_time_server_at_work(clock: SetClock, seconds: int) -> None:
    keeper = Timekeeper(clock)

    clock.jump(TOLERANCE + timedelta(seconds=seconds))

    assert (keeper.now(), keeper.has_jumped()) == (clock.now(), False)


@pytest.mark.parametrize("step", [timedelta(hours=2), timedelta(days=1)])
def test_a_big_step_back_is_taken_and_noticed(clock: SetClock, step: timedelta) -> None:
    keeper = Timekeeper(clock)

    clock.jump(-step)

    assert (keeper.now(), keeper.has_jumped()) == (NOON - step, True)


def test_a_clock_set_there_and_back_before_anybody_wrote_it_down_is_forgotten(clock: SetClock) -> None:
    keeper = Timekeeper(clock)

    clock.jump(timedelta(days=365))
    assert keeper.has_jumped()
    clock.jump(-timedelta(days=365))

    assert (keeper.now(), keeper.has_jumped()) == (NOON, False)


def test_a_jump_that_comes_while_another_is_written_down_is_not_lost(clock: SetClock) -> None:
    keeper = Timekeeper(clock)

    clock.jump(timedelta(hours=1))
    _, off = keeper.reading()
    clock.jump(timedelta(days=1))
    assert keeper.has_jumped()
    keeper.accept(off)

    assert keeper.has_jumped()
    assert keeper.now() == clock.now() - timedelta(days=1)


def test_the_computer_tells_its_start_and_counts_on() -> None:
    clock = SystemClock()

    first, second = clock.monotonic(), clock.monotonic()

    assert first <= second
    assert clock.host and clock.boot == SystemClock().boot
    assert clock.now().tzinfo is UTC
