"""Whatever statement breaks, an act is done wholly or not at all, and done once when it is asked for again."""

import os

import pytest
from acts import ACTS, Act
from breaking import Broken, Restorable, breaking, content, die, throw
from scenario import NewScenario

pytestmark = pytest.mark.faults
by_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)


class Trial:
    """One act on one scenario: how it goes when nothing breaks, and how it went now."""

    def __init__(self, new_scenario: NewScenario, act: Act) -> None:
        undisturbed = new_scenario(story=act.story)
        do = act.on(undisturbed)
        with breaking(undisturbed.engine, 0, throw) as ran:
            self.answer = do(undisturbed.engine)
        self.points = len(ran)
        assert undisturbed.engine.read.violations() == ()
        self.after = content(undisturbed, without_random=True)
        self.scenario = new_scenario(story=act.story)
        self.do = act.on(self.scenario)
        self.before = content(self.scenario)

    def break_at(self, point: int) -> None:
        with pytest.raises(Broken), breaking(self.scenario.engine, point, throw):
            self.do(self.scenario.engine)
        assert content(self.scenario) == self.before, f"half done at {point} of {self.points}"

    def die_at(self, point: int) -> None:
        """In a process of its own; at 0 it dies after the commit, before anybody hears of it."""
        self.scenario.engine.database.dispose()  # a child must not inherit an open connection
        child = os.fork()
        if child == 0:
            try:
                with breaking(self.scenario.engine, point, die):
                    self.do(self.scenario.engine)
                    die()
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137

    def repeat(self) -> None:
        """Twice with the same key: one effect, the same answer."""
        for _ in range(2):
            with breaking(self.scenario.engine, 0, throw):
                assert self.do(self.scenario.engine) == self.answer
            assert content(self.scenario, without_random=True) == self.after


@by_act
def test_an_act_that_breaks_at_any_statement_leaves_nothing_and_succeeds_when_repeated(
    new_scenario: NewScenario, act: Act
) -> None:
    trial = Trial(new_scenario, act)
    start = Restorable(trial.scenario)

    for point in range(1, trial.points + 1):
        trial.break_at(point)
        trial.repeat()
        assert point % 5 or trial.scenario.engine.read.violations() == ()
        start.restore()
    print(f"\n{act.name}: broken at {trial.points} points, 0 half done, 0 doubled")


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgres"])
@by_act
def test_on_postgresql_too(new_scenario: NewScenario, act: Act) -> None:
    trial = Trial(new_scenario, act)

    for point in range(1, trial.points + 1):
        trial.break_at(point)

    trial.repeat()
    assert trial.scenario.engine.read.violations() == ()


@by_act
def test_an_act_whose_process_dies_leaves_nothing_and_succeeds_when_repeated(
    new_scenario: NewScenario, act: Act
) -> None:
    trial = Trial(new_scenario, act)
    start = Restorable(trial.scenario)

    for point in sorted({1, trial.points // 3, 2 * trial.points // 3, trial.points - 1, trial.points}):
        trial.die_at(point)
        assert content(trial.scenario) == trial.before, f"half done at {point} of {trial.points}"
        trial.repeat()
        start.restore()


@by_act
def test_an_act_whose_answer_was_lost_is_not_done_twice(new_scenario: NewScenario, act: Act) -> None:
    trial = Trial(new_scenario, act)

    trial.die_at(0)

    assert content(trial.scenario, without_random=True) == trial.after
    trial.repeat()
