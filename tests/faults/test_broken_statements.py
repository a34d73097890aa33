"""Whatever statement breaks, an act is done wholly or not at all, and done once when it is asked for again."""

import os

import pytest
from act import Act
from acts import ACTS
from breaking import AT_COMMIT, Broken, Restorable, breaking, content, die, throw
from counts import POINTS, tell
from scenario import NewScenario

from engine.commands import HANDLERS

pytestmark = pytest.mark.faults
by_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
died: dict[str, tuple[int, int]] = {}  # act -> points at which a process died, points there are


class Trial:
    """One act on one scenario: how it goes when nothing breaks, and how it went now."""

    def __init__(self, new_scenario: NewScenario, act: Act) -> None:
        undisturbed = new_scenario(story=act.story)
        undisturbed.engine.watch_clock()
        do = act.on(undisturbed)
        with breaking(undisturbed.engine, 0, throw):
            self.answer = do(undisturbed.engine)
        assert undisturbed.engine.read.violations() == ()
        self.after = content(undisturbed, without_random=True)
        undisturbed.engine.close()
        self.is_keyed = act.key is not None
        self.scenario = new_scenario(story=act.story)
        self.scenario.engine.watch_clock()
        self.do = act.on(self.scenario)
        self.before = content(self.scenario)
        self.points = self._count_points()

    def _count_points(self) -> int:
        """Counted the second time: what a process knows already it does not read again."""
        for _ in range(2):
            with pytest.raises(Broken), breaking(self.scenario.engine, AT_COMMIT, throw) as ran:
                self.do(self.scenario.engine)
        return len(ran) + 1

    def some_points(self) -> list[int]:
        """The first, the last, the commit and some between; or every one."""
        steps = max(POINTS - 3, 1)
        between = (self.points * step // steps for step in range(1, steps))
        chosen = {1, *between, self.points - 1, self.points} - {0}
        return list(range(1, self.points + 1)) if self.points <= POINTS else sorted(chosen)

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
        for _ in range(2 if self.is_keyed else 1):
            with breaking(self.scenario.engine, 0, throw):
                assert self.do(self.scenario.engine) == self.answer
            assert content(self.scenario, without_random=True) == self.after


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@by_act
def test_an_act_that_breaks_at_any_statement_leaves_nothing_and_succeeds_when_repeated(
    new_scenario: NewScenario, act: Act
) -> None:
    trial = Trial(new_scenario, act)

    for point in trial.some_points():
        trial.break_at(point)

    trial.repeat()
    assert trial.scenario.engine.read.violations() == ()


@by_act
def test_an_act_whose_process_dies_leaves_nothing_and_succeeds_when_repeated(
    new_scenario: NewScenario, act: Act
) -> None:
    trial = Trial(new_scenario, act)
    start = Restorable(trial.scenario)
    points = trial.some_points()

    for point in points:
        trial.die_at(point)
        assert content(trial.scenario) == trial.before, f"half done at {point} of {trial.points}"
        trial.repeat()
        assert point != points[-1] or trial.scenario.engine.read.violations() == ()
        start.restore()
    trial.die_at(0)
    assert content(trial.scenario, without_random=True) == trial.after

    if trial.is_keyed:
        trial.repeat()
    assert trial.scenario.engine.read.violations() == ()
    died[act.name] = (len(points) + 1, trial.points + 1)
    tell(f"process died at {len(points) + 1} of {trial.points + 1} points of {act.name!r}: 0 half done, 0 doubled")


def test_every_command_is_broken_in_some_act(new_scenario: NewScenario) -> None:
    asked = set()
    for act in ACTS:
        scenario = new_scenario(story=act.story)
        asked.add(type(act.ask(scenario)[0]))
        scenario.engine.close()

    assert {command.__name__ for command in HANDLERS} - {command.__name__ for command in asked} == set()
    tried, there = sum(some for some, _ in died.values()), sum(every for _, every in died.values())
    tell(f"processes died at {tried} of {there} points of {len(died)} acts: 0 half done, 0 doubled")
