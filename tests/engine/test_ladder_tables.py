"""A campaign's tables at work: three ladders and no code, and what a new version does to open items."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, NewScenario, Scenario, at, quiet_plan

from engine import sources
from engine.commands.batches import PauseBatch, WorkBatch
from engine.commands.campaigns import OpenCampaign
from engine.commands.definitions import Deploy
from engine.domain.actor import SYSTEM
from engine.domain.calendar import SHANGHAI
from engine.errors import Invalid
from engine.queries.items import ItemPage
from engine.queries.replay import cases_at
from engine.store.schema import batches, cases, jobs, letters, supervision_items, tasks
from engine.store.transaction import Reader

DUE = "2024-06-28 18:00"  # of the closure: phase_end("cleanup")


def plan_with(**rules: str) -> bytes:
    """Linxia's plan by another office's rules; `progress` is a TOML table."""
    text = quiet_plan().decode()
    progress = rules.pop("progress", "")
    for name, value in rules.items():
        text = re.sub(rf'(?m)^{name} = ".*"$', f'{name} = "{value}"', text)
    return text.replace("[rules]\n", f"[rules]\n{progress}", 1).encode()


def late(scenario: Scenario) -> str:
    """A case whose five closing checks are due and not done."""
    [case] = scenario.register()
    scenario.survey(case)
    scenario.until(DUE)
    return case


def item(scenario: Scenario) -> ItemPage:
    [row] = scenario.rows(sa.select(supervision_items.c.item_id))
    found: ItemPage = scenario.engine.read.item(scenario.supervisor, row["item_id"])
    return found


def sign_whatever_waits(scenario: Scenario, case: str) -> None:
    for task in scenario.tasks(case):
        if task.element_id.startswith("approve_by_"):
            scenario.complete(task.element_id, case, rung_decision="issue")
    scenario.work()


def climb_to_the_top(scenario: Scenario, case: str) -> None:
    for _ in range(40):
        sign_whatever_waits(scenario, case)
        found = item(scenario)
        if found.rungs and found.rungs[-1].instrument == "referral":
            return
        assert found.next_at is not None
        scenario.drop_talks()
        scenario.until(found.next_at)
    raise AssertionError("the ladder has no end")


def changed(name: str, change: Callable[[str], str]) -> dict[str, bytes]:
    """The shipped tables with one of them written anew."""
    files = dict(sources.process_folder(PROCESSES / "ladders").files)
    before = files[f"{name}.dmn"].decode()
    after = change(before)
    assert after != before
    files[f"{name}.dmn"] = after.encode()
    return files


def deploy(scenario: Scenario, files: dict[str, bytes]) -> dict[str, Any]:
    return dict(scenario.engine.execute(Deploy("ladders", files), by=SYSTEM))


def output(text: str, row: str, column: int, value: str) -> str:
    """One cell of the right side of a table."""
    return re.sub(rf'(<outputEntry id="{row}_out_{column}"><text>)[^<]*', rf"\g<1>{value}", text)


THREE = {
    "escalation_ladder": [
        ("reminder", None, "2024-06-28"),
        ("urge", "urge", "2024-07-01"),
        ("notice", "notice", "2024-07-03"),
        ("supervision_letter", "supervision_letter", "2024-07-08"),
        ("summons", None, "2024-07-15"),
        ("circular", "circular", "2024-08-14"),
        ("referral", None, "2024-08-28"),
    ],
    "luohe_ladder": [
        ("rectification", "rectification", "2024-06-28"),
        ("circular", "circular", "2024-07-05"),
        ("summons", None, "2024-07-12"),
        ("referral", None, "2024-07-29"),
    ],
    "shaanxi_ladder": [
        ("site_visit", "notice", "2024-06-28"),
        ("supervision_letter", "supervision_letter", "2024-07-05"),
        ("summons", None, "2024-07-26"),
        ("referral", None, "2024-08-26"),
    ],
}


@pytest.mark.parametrize("name", THREE)
def test_one_late_case_climbs_each_offices_ladder_with_its_letters_on_its_days(
    new_scenario: NewScenario, name: str
) -> None:
    scenario = new_scenario(plan=plan_with(ladder=name))
    case = late(scenario)

    climb_to_the_top(scenario, case)

    kinds = {row["letter_id"]: row["kind"] for row in scenario.rows(sa.select(letters.c.letter_id, letters.c.kind))}
    reached = item(scenario)
    assert [
        (rung.instrument, kinds.get(rung.letter_id), f"{rung.at.astimezone(SHANGHAI):%Y-%m-%d}")
        for rung in reached.rungs
    ] == THREE[name]
    assert {rung.rule.partition("#")[0] for rung in reached.rungs} == {f"ladders@1/{name}"}
    assert reached.due_original_at == at(DUE)
    assert [rung.reason for rung in reached.rungs if rung.reason] == []
    assert scenario.engine.read.violations() == ()


def test_a_new_version_moves_the_next_rung_and_leaves_what_was_reached(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    case = late(scenario)
    scenario.until("2024-07-01 18:00")
    sign_whatever_waits(scenario, case)
    before = item(scenario)
    assert [rung.instrument for rung in before.rungs] == ["reminder", "urge"]

    told = deploy(
        scenario, changed("escalation_ladder", lambda text: output(text, "escalation_ladder_urge", 8, '"5wd"'))
    )
    scenario.work()

    after = item(scenario)
    assert told["version"] == 2
    assert after.rungs == before.rungs
    assert (before.next_at, after.next_at) == (at("2024-07-03 18:00"), at("2024-07-08 18:00"))
    scenario.until("2024-07-08 18:00")
    sign_whatever_waits(scenario, case)
    assert [rung.rule.partition("/")[0] for rung in item(scenario).rungs] == ["ladders@1", "ladders@1", "ladders@2"]
    [batch] = scenario.rows(sa.select(batches.c.kind, batches.c.state, batches.c.total))
    assert batch == {"kind": "replan", "state": "DONE", "total": 1}
    assert [fact["detail"]["term"] for fact in scenario.facts("ItemReplanned")] == ["5wd"]
    assert scenario.engine.read.violations() == ()


def test_a_rung_that_is_with_its_signer_keeps_its_version_and_says_so(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    case = late(scenario)
    scenario.until("2024-07-01 18:00")
    waiting = scenario.task_of(case, "approve_by_supervisor").task_id
    read, item_id = scenario.engine.read, item(scenario).item_id
    before = read.explain_proposed(scenario.supervisor, waiting)

    def by_the_leader(text: str) -> str:
        return output(text, "escalation_ladder_urge", 5, '"leader"')

    deploy(scenario, changed("escalation_ladder", by_the_leader))
    scenario.work()

    after = read.explain_proposed(scenario.supervisor, waiting)
    assert before is not None and before.rule is not None and after is not None and after.rule is not None
    assert (before.verdict, before.rule.version, before.rule.is_newest) == ("urge", 1, True)
    assert (after.verdict, after.rule.version, after.rule.is_newest) == ("urge", 1, False)
    assert "不收回已送签的" in after.derivation[0][0]
    assert read.explain_signing(scenario.supervisor, item_id) == after
    assert read.explain_signing(scenario.person("gxj1"), item_id) is None  # not sent yet: nothing of the unit's

    sign_whatever_waits(scenario, case)
    assert [rung.rule.partition("/")[0] for rung in item(scenario).rungs] == ["ladders@1", "ladders@1"]
    assert read.explain_signing(scenario.supervisor, item_id) is None


def test_a_shorter_wait_that_is_over_already_asks_the_table_at_once(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    case = late(scenario)
    scenario.until("2024-07-01 18:00")
    sign_whatever_waits(scenario, case)
    scenario.until("2024-07-02 19:00")

    deploy(scenario, changed("escalation_ladder", lambda text: output(text, "escalation_ladder_urge", 8, '"1wd"')))
    scenario.work()

    assert "approve_by_supervisor" in [task.element_id for task in scenario.tasks(case)]


def test_a_rung_that_the_new_table_numbers_otherwise_goes_on_from_its_own_place(new_scenario: NewScenario) -> None:
    """Linxia's items, judged from now on by a table in which the notice is the third rung, not the second."""
    scenario = new_scenario()
    case = late(scenario)
    scenario.until("2024-07-01 18:00")
    sign_whatever_waits(scenario, case)

    def renumbered(text: str) -> str:
        for row, rung in (("urge", 2), ("urge_report", 2), ("notice", 3), ("summons", 5), ("summons_reds", 5),
                          ("supervision_letter", 4), ("summons_wait", 4), ("talk_open", 5), ("circular", 6),
                          ("circular_no_talk", 6),
                          ("circular_report", 6), ("referral", 7)):  # fmt: skip
            text = output(text, f"escalation_ladder_{row}", 2, str(rung))
        for row, cell in (("urge", "[-1..1]"), ("urge_report", "[-1..1]"), ("notice", "2"), ("circular_report", "3"),
                          ("summons_reds", "3"), ("supervision_letter", "3"), ("summons_wait", "4"), ("summons", "4"),
                          ("talk_open", "5"), ("circular_no_talk", "5"),
                          ("circular", "5"), ("referral", "&gt;= 6")):  # fmt: skip
            text = re.sub(rf'(<inputEntry id="escalation_ladder_{row}_in_1"><text>)[^<]*', rf"\g<1>{cell}", text)
        return text

    deploy(scenario, changed("escalation_ladder", renumbered))
    scenario.work()
    assert item(scenario).level == 2
    scenario.until("2024-07-03 18:00")
    sign_whatever_waits(scenario, case)

    assert [(rung.instrument, rung.level) for rung in item(scenario).rungs] == [
        ("reminder", 0), ("urge", 1), ("notice", 3)
    ]  # fmt: skip
    assert item(scenario).rungs[-1].reason == ""


def test_new_lights_judge_every_open_case_and_task_anew(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    [case, other] = scenario.register(2)
    scenario.survey(case)
    query = sa.select(cases.c.case_id, cases.c.yellow_at, cases.c.lights_id).order_by(cases.c.case_id)
    before = scenario.rows(query)

    later = changed("lights", lambda text: text.replace("&lt;= 5", "&lt;= 1").replace("&lt;= 0.2", "&lt;= 0.1"))
    told = deploy(scenario, later)
    scenario.work()

    after = scenario.rows(query)
    assert [row["lights_id"] for row in after] == [told["definition_id"]] * 2
    assert all(new["yellow_at"] > old["yellow_at"] for old, new in zip(before, after, strict=True))
    live = scenario.rows(sa.select(tasks.c.lights_id).where(tasks.c.state.in_(("OPEN", "CLAIMED"))))
    assert {row["lights_id"] for row in live} == {told["definition_id"]}
    assert len(scenario.facts("LightReplanned")) == 2
    assert scenario.engine.read.violations() == ()
    with scenario.engine.database.read() as connection:
        rebuilt = cases_at(Reader(connection, scenario.now, b""), scenario.campaign, scenario.now)
    assert {row["case_id"]: row["yellow_at"] for row in rebuilt} == {row["case_id"]: row["yellow_at"] for row in after}
    assert other in {row["case_id"] for row in after}


def test_the_same_tables_again_and_other_offices_tables_judge_nothing_anew(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    late(scenario)

    deploy(scenario, dict(sources.process_folder(PROCESSES / "ladders").files))
    deploy(scenario, changed("luohe_ladder", lambda text: output(text, "luohe_ladder_circular", 8, '"7wd"')))

    assert scenario.rows(sa.select(batches.c.batch_id)) == []


def test_judging_anew_shows_its_progress_and_can_be_paused(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    scenario.register(3)
    later = changed("lights", lambda text: text.replace("&lt;= 5", "&lt;= 1"))
    deploy(scenario, later)
    [row] = scenario.rows(sa.select(batches.c.batch_id))

    scenario.engine.execute(WorkBatch(row["batch_id"]), by=scenario.person("fabu"))
    scenario.engine.execute(PauseBatch(row["batch_id"]), by=scenario.person("fabu"))

    page = scenario.engine.read.batch(row["batch_id"])
    assert (page.row.kind, page.row.total, page.row.done, page.row.pending, page.row.state) == (
        "replan",
        3,
        1,
        2,
        "PAUSED",
    )
    assert page.items[0].message_zh == "重新判定：亮灯变动 2 项"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("escalation_ladder", lambda text: output(text, "escalation_ladder_notice", 2, "1"), "only goes up"),
        ("escalation_ladder", lambda text: output(text, "escalation_ladder_notice", 8, '"3"'), "next_after"),
        ("luohe_ladder", lambda text: output(text, "luohe_ladder_circular", 4, '"postcard"'), "postcard"),
        ("lights", lambda text: output(text, "lights_five_days", 1, '"red"'), "red is for what is overdue"),
        ("lights", lambda text: text.replace('decision id="lights"', 'decision id="lamps"'), "name of the file"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_and_the_old_one_stays(
    new_scenario: NewScenario, name: str, change: Callable[[str], str], said: str
) -> None:
    scenario = new_scenario()

    with pytest.raises(Invalid) as refused:
        deploy(scenario, changed(name, change))

    assert any(said in problem.en for problem in refused.value.problems), refused.value.problems
    assert scenario.engine.read.definition("ladders").version == 1


def test_a_plan_that_names_an_unknown_table_cannot_be_opened(new_scenario: NewScenario) -> None:
    scenario = new_scenario()
    content = plan_with(ladder="nowhere", lights="escalation_ladder").replace(b"linxia_2024", b"linxia_2025")

    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(OpenCampaign(content), by=SYSTEM)

    assert [problem.where for problem in refused.value.problems] == ["rules.ladder", "rules.lights"]


def test_progress_turns_a_light_yellow_by_its_gap_and_green_again_when_it_is_made_up(new_scenario: NewScenario) -> None:
    weights = "[rules.progress]\nsurveyed = 20\ndisposed = 40\n\n"
    plan = plan_with(lights="lights_by_gap").replace(b"[[phases]]", weights.encode() + b"[[phases]]", 1)
    scenario = new_scenario(plan=plan)
    [case] = scenario.register()
    lit = sa.select(cases.c.yellow_at, cases.c.due_at).where(cases.c.case_id == case)
    [before] = scenario.rows(lit)

    scenario.survey(case)

    [after] = scenario.rows(lit)
    assert before["yellow_at"] <= scenario.now + (before["due_at"] - scenario.now) / 2
    assert after["yellow_at"] > before["yellow_at"]


@pytest.mark.parametrize("weights", ["surveyed = 40\ndisposed = 20\n", "accepted = 101\n", "planted = 5\n"])
def test_weights_that_fall_or_are_unknown_are_refused(new_scenario: NewScenario, weights: str) -> None:
    scenario = new_scenario()
    content = quiet_plan().replace(b"[[phases]]", f"[rules.progress]\n{weights}\n[[phases]]".encode(), 1)

    with pytest.raises(Invalid) as refused:
        scenario.engine.execute(OpenCampaign(content.replace(b"linxia_2024", b"linxia_2025")), by=SYSTEM)

    assert refused.value.problems[0].where.startswith("rules.progress")


def test_items_of_a_campaign_wait_by_their_own_timer_only(new_scenario: NewScenario) -> None:
    scenario = new_scenario(plan=plan_with(ladder="luohe_ladder"))
    late(scenario)

    waiting = scenario.rows(sa.select(jobs.c.job_id).where(jobs.c.element_id == "next_rung_due"))

    assert waiting == []  # the first rung of Luohe's ladder is a paper that waits for its signature
