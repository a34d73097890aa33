"""Claims, completions, timers, leases and letters in every order a seed can think of, with deaths and stops in between;
and the same with one protection taken away at a time, which must be found: a check that cannot fail proves nothing."""

import pytest
import sqlalchemy as sa
from counts import MUTANT_SEEDS, SEEDS, tell
from mutants import MUTANTS, Mutant
from play import Play, Stage, surveys_fall_due
from scenario import NewScenario

from engine.store.schema import facts

pytestmark = pytest.mark.faults


def test_no_order_of_turns_and_no_death_loses_or_doubles_anything(new_scenario: NewScenario) -> None:
    stage = Stage(new_scenario, surveys_fall_due)
    killed = stopped = turns = 0
    for seed in range(SEEDS):
        play = Play(stage.reset(), seed)

        play.run()

        assert play.faults() == [], f"seed {seed}"
        killed, stopped, turns = killed + play.turns.killed, stopped + play.turns.stopped, turns + play.turns.turns
    assert stage.violations() == ()
    assert killed > SEEDS // 4 and stopped > SEEDS // 4, "too little happened to show anything"
    tell(f"interleavings: {SEEDS} seeds, {turns} turns, {killed} deaths, {stopped} stops: 0 lost, 0 doubled")


def test_the_same_seed_gives_the_same_run(new_scenario: NewScenario) -> None:
    stage = Stage(new_scenario, surveys_fall_due)
    told = []
    for _ in range(2):
        play = Play(stage.reset(), 7)
        play.run()
        rows = play.scenario.rows(sa.select(facts.c.kind, facts.c.at, facts.c.person_id).order_by(facts.c.fact_id))
        told.append((play.turns.turns, play.turns.killed, rows))

    assert told[0] == told[1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_missing_protection_is_found(new_scenario: NewScenario, mutant: Mutant) -> None:
    stage = Stage(new_scenario, mutant.story)
    how = {"cast": mutant.cast, "deaths": mutant.deaths, "stops": mutant.stops, "kind": mutant.kind}
    for seed in range(3):
        whole = Play(stage.reset(), seed, **how)
        whole.run()
        assert whole.faults() == [], "the play finds fault with the engine as it is"

    for seed in range(MUTANT_SEEDS):
        play = Play(stage.reset(), seed, **how)
        with mutant.on(play.scenario):
            play.run()
        if found := play.faults():
            tell(f"{mutant.name}: found by seed {seed}: {found[0]}")
            return
    pytest.fail(f"{MUTANT_SEEDS} seeds did not miss it")
