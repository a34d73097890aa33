"""`duban migrate`: the dry run, the batch with its outcome, going on after a stop, and the way back."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from scenario import Scenario
from versions import deploy, instance_of, renamed, the_same, without

from engine.commands.batches import StartBatch, WorkBatch
from engine.domain.actor import SYSTEM
from engine.store.schema import batches, facts, instances
from web.cli.main import duban

REMINDING = ("survey_site_reminder", "survey_site_remind", "survey_site_reminded")


def run(scenario: Scenario, *arguments: str) -> Result:
    environment = {
        "DUBAN_DATABASE_URL": scenario.config.database_url,
        "DUBAN_SECRET_FILE": str(scenario.config.secret_file),
        "DUBAN_PROCESSES": str(scenario.config.processes),
    }
    return CliRunner().invoke(duban, ["migrate", *arguments], env=environment)


def versions_of(scenario: Scenario, case_ids: list[str]) -> list[str]:
    return [
        next(each for each in instance_of(scenario, case_id)["definition_ids"] if each.startswith("survey-"))
        for case_id in case_ids
    ]


def test_a_dry_run_names_every_instance_and_writes_nothing(scenario: Scenario) -> None:
    first, second = scenario.register(2)
    scenario.complete("survey_site", second, kinds=["wu"], is_illegal=True, proposed="close", surveyed_on="2024-05-20")
    deploy(scenario, "survey", renamed("survey", "review_disposition", "review"))
    told = len(scenario.rows(sa.select(facts.c.fact_id)))

    done = run(scenario, "survey", "--from", "1", "--to", "2", "--dry-run")

    assert done.exit_code == 1
    assert f"STAYS  {second}" in done.output and f"moves  {first}" in done.output
    assert "新版没有这个环节" in done.output and "1 would move, 1 cannot; nothing was written" in done.output
    assert len(scenario.rows(sa.select(facts.c.fact_id))) == told


def test_every_instance_moves_and_those_that_cannot_are_named(scenario: Scenario) -> None:
    first, second = scenario.register(2)
    scenario.complete("survey_site", second, kinds=["wu"], is_illegal=True, proposed="close", surveyed_on="2024-05-20")
    deploy(scenario, "survey", renamed("survey", "review_disposition", "review"))

    done = run(scenario, "survey", "--from", "1", "--to", "2")
    again = run(scenario, "survey", "--from", "1", "--to", "2", "--map", "review_disposition=review")

    assert (done.exit_code, again.exit_code) == (1, 0)
    assert f"STAYS  {second}" in done.output and "1 of 2 done, 1 could not be" in done.output
    assert "1 of 1 done, 0 could not be" in again.output
    assert len(set(versions_of(scenario, [first, second]))) == 1
    assert "no instance runs on this version" in run(scenario, "survey", "--from", "1", "--to", "2").output


def test_what_was_killed_half_way_goes_on_with_the_same_batch(scenario: Scenario) -> None:
    cases = scenario.register(3)
    new = deploy(scenario, "survey", the_same("survey"))
    old = versions_of(scenario, cases[:1])[0]
    subjects = tuple(instance_of(scenario, case_id)["instance_id"] for case_id in cases)
    parameters: dict[str, Any] = {"from": old, "to": new, "mapping": {}}
    batch_id = scenario.engine.execute(StartBatch("migrate", subjects, parameters, "演示"), by=SYSTEM)
    scenario.engine.execute(WorkBatch(batch_id), by=SYSTEM)
    assert versions_of(scenario, cases) == [new, old, old]

    done = run(scenario, "survey", "--from", "1", "--to", "2", "--json")

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["batch"], told["done"], told["failed"]) == (batch_id, 3, 0)
    assert versions_of(scenario, cases) == [new] * 3
    assert len(scenario.rows(sa.select(batches.c.batch_id))) == 1
    assert len(scenario.facts("InstanceMigrated")) == 3


def test_a_batch_is_put_back_as_far_as_nothing_has_happened_since(scenario: Scenario) -> None:
    cases = scenario.register(3)
    before = scenario.rows(sa.select(instances.c.blob, instances.c.definition_ids).order_by(instances.c.instance_id))
    old = versions_of(scenario, cases)[0]
    new = deploy(scenario, "survey", without("survey", *REMINDING))
    moved = json.loads(run(scenario, "survey", "--from", "1", "--to", "2", "--json").stdout)
    scenario.complete(
        "survey_site", cases[1], kinds=["wu"], is_illegal=True, proposed="close", surveyed_on="2024-05-20"
    )

    done = run(scenario, "--undo", moved["batch"])

    after = scenario.rows(sa.select(instances.c.blob, instances.c.definition_ids).order_by(instances.c.instance_id))
    assert done.exit_code == 1 and "2 of 3 done, 1 could not be" in done.output
    assert versions_of(scenario, cases) == [old, new, old]
    assert [after[0], after[2]] == [before[0], before[2]]
    assert [violation.what for violation in scenario.engine.read.violations()] == []


def test_one_instance_may_be_named(scenario: Scenario) -> None:
    first, second = scenario.register(2)
    deploy(scenario, "survey", the_same("survey"))
    instance_id = instance_of(scenario, first)["instance_id"]

    done = run(scenario, "survey", "--from", "1", "--to", "2", "--instance", instance_id)

    assert done.exit_code == 0, done.output
    assert len(set(versions_of(scenario, [first, second]))) == 2


@pytest.mark.parametrize(
    "arguments",
    [("survey",), ("survey", "--from", "1"), ("--undo", "b", "survey"), ("survey", "--map", "nonsense")],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_opened(
    scenario: Scenario, arguments: tuple[str, ...]
) -> None:
    assert run(scenario, *arguments).exit_code == 2
