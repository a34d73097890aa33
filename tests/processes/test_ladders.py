"""The tables that campaigns name: Linxia's, Luohe's and Shaanxi's ladders and the lights, each a file and no code."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from walks import PROCESSES, ladder_table, plan

from engine import rulings
from engine.bpmn.decision import read_decision
from engine.domain import escalation
from engine.domain.lights import Change, early_red

TABLES = sorted((PROCESSES / "ladders").glob("*.dmn"))
LADDERS = ("escalation_ladder", "luohe_ladder", "shaanxi_ladder")


def ask(name: str, **inputs: Any) -> tuple[str, str]:
    """(act, row) of a ladder, with `inputs` beside those of an item nothing is known of."""
    usual = {"last_rung": -1, "overdue_workdays": 0, "schedule_gap": None, "reds": 0, "is_report": False}
    usual |= {"talk": "none", "rung_workdays": 0}
    decided = ladder_table(name).decide({**usual, **inputs})
    return str(escalation.answer_of(decided.outputs)["act"]), decided.rule_id.removeprefix(f"{name}_")


@pytest.mark.parametrize("path", TABLES, ids=[path.stem for path in TABLES])
def test_every_table_can_be_deployed_and_has_words_for_every_row(path: Path) -> None:
    table = read_decision(path.read_bytes())

    assert rulings.check_tables({path.name: path.read_bytes()}) == []
    assert all(rule.description for rule in table.rules)
    assert len({rule.rule_id for rule in table.rules}) == len(table.rules)
    assert path.read_text(encoding="utf-8").count("<!DOCTYPE") == 0


def test_every_campaign_names_tables_that_are_there() -> None:
    folders = {path.parent.name: {} for path in PROCESSES.glob("*/*.dmn")}
    for path in PROCESSES.glob("*/*.dmn"):
        folders[path.parent.name][path.name] = path.read_bytes()
    for path in (PROCESSES / "campaigns").glob("*.toml"):
        assert rulings.check_rules(tomllib.loads(path.read_text(encoding="utf-8"))["rules"], folders) == []


def test_an_unknown_table_is_named_with_those_that_there_are() -> None:
    files = {"ladders": {path.name: path.read_bytes() for path in TABLES}}

    problems = rulings.check_rules({"ladder": "lights", "lights": "nowhere", "disposition": "gone"}, files)

    assert [problem.where for problem in problems] == ["rules.ladder", "rules.lights", "rules.disposition"]
    assert (
        problems[0].en
        == 'There is no ladder table "lights". Known are: escalation_ladder, luohe_ladder, shaanxi_ladder.'
    )
    assert "lights、lights_by_gap" in problems[1].zh


@pytest.mark.parametrize(
    ("name", "rungs"),
    [
        ("escalation_ladder", ["系统提醒", "催办单", "督办通知", "督办函", "约谈", "通报", "移送问责"]),
        ("luohe_ladder", ["限期整改通知", "通报", "曝光、约谈", "追责问责"]),
        ("shaanxi_ladder", ["现场督导", "督办函", "约谈", "移送问责"]),
    ],
)
def test_each_office_has_its_own_rungs_in_its_own_order(name: str, rungs: list[str]) -> None:
    assert [rung.name for rung in rulings.ladder_in(ladder_table(name)).rungs] == rungs


@pytest.mark.parametrize(
    ("name", "inputs", "answers"),
    [
        # one before, on, one after
        ("escalation_ladder", [{"last_rung": 3, "overdue_workdays": day} for day in (9, 10, 11)],
         [("wait", "summons_wait"), ("climb", "summons"), ("climb", "summons")]),
        ("escalation_ladder", [{"last_rung": 2, "overdue_workdays": 6, "reds": reds} for reds in (2, 3, 4)],
         [("climb", "supervision_letter"), ("climb", "summons_reds"), ("climb", "summons_reds")]),
        ("escalation_ladder", [{"overdue_workdays": day} for day in (-1, 0, 1)],
         [("wait", "not_due"), ("climb", "remind"), ("climb", "urge")]),
        ("luohe_ladder", [{"overdue_workdays": -5, "schedule_gap": gap} for gap in (29.9, 30.0, 30.1)],
         [("wait", "not_due"), ("climb", "rectification"), ("climb", "rectification")]),
        ("luohe_ladder", [{"overdue_workdays": day} for day in (-1, 0, 1)],
         [("wait", "not_due_plain"), ("climb", "rectification"), ("climb", "rectification")]),
        # the talk holds the ladder, but not for ever; a report that is late or a talk that is over lets it go on
        ("escalation_ladder", [{"last_rung": 4, "talk": talk} for talk in ("open", "late", "over", "none", "dropped")],
         [("wait", "talk_open"), *[("climb", "circular")] * 3, ("climb", "circular_no_talk")]),
        ("luohe_ladder", [{"last_rung": 2, "talk": talk} for talk in ("over", "dropped")],
         [("climb", "referral"), ("climb", "referral_no_talk")]),
        ("shaanxi_ladder", [{"last_rung": 2, "talk": talk} for talk in ("over", "dropped")],
         [("climb", "referral"), ("climb", "referral_no_talk")]),
        ("escalation_ladder", [{"last_rung": 4, "talk": "open", "rung_workdays": day} for day in (59, 60, 61)],
         [("wait", "talk_open"), ("climb", "circular"), ("climb", "circular")]),
        ("luohe_ladder", [{"last_rung": 2, "talk": "open", "rung_workdays": day} for day in (39, 40, 41)],
         [("wait", "talk_open"), ("climb", "referral"), ("climb", "referral")]),
        ("shaanxi_ladder", [{"last_rung": 2, "talk": "open", "rung_workdays": day} for day in (59, 60, 61)],
         [("wait", "talk_open"), ("climb", "referral"), ("climb", "referral")]),
        ("shaanxi_ladder", [{"last_rung": 1, "overdue_workdays": day} for day in (19, 20, 21)],
         [("wait", "summons_wait"), ("climb", "summons"), ("climb", "summons")]),
    ],
)  # fmt: skip
def test_the_table_answers_one_before_on_and_one_after(
    name: str, inputs: list[dict[str, Any]], answers: list[tuple[str, str]]
) -> None:
    assert [ask(name, **each) for each in inputs] == answers


def test_reports_are_urged_without_approval_and_never_summoned() -> None:
    assert ask("escalation_ladder", last_rung=0, is_report=True) == ("climb", "urge_report")
    assert ask("escalation_ladder", last_rung=2, is_report=True, reds=9) == ("climb", "circular_report")


@pytest.mark.parametrize(
    ("name", "change", "light"),
    [
        ("lights", Change(6, 0.21, False), "green"),
        ("lights", Change(5, 0.21, False), "yellow"),
        ("lights", Change(6, 0.2, False), "yellow"),
        ("lights", Change(0, 0.0, True), "red"),
        ("lights_by_gap", Change(30, 0.9, False, 9.9), "green"),
        ("lights_by_gap", Change(30, 0.9, False, 10.0), "yellow"),
        ("lights_by_gap", Change(4, 0.1, False, None), "green"),
        ("lights_by_gap", Change(3, 0.1, False, None), "yellow"),
    ],
)
def test_the_lights_change_where_the_table_says(name: str, change: Change, light: str) -> None:
    assert ladder_table(name).decide(change.inputs()).outputs["light"] == light


def test_red_before_the_due_date_is_refused() -> None:
    assert early_red(lambda inputs: "red" if inputs["remaining_workdays"] == 1 else "green") is not None
    content = (PROCESSES / "ladders" / "lights.dmn").read_text(encoding="utf-8").replace('"yellow"', '"red"')

    [problem] = rulings.check_tables({"lights.dmn": content.encode()})

    assert problem.where == "lights.dmn" and "red is for what is overdue" in problem.en


def test_linxia_is_played_by_its_own_tables() -> None:
    assert (plan().rules["ladder"], plan().rules["lights"]) == ("escalation_ladder", "lights")
    assert set(LADDERS) <= {path.stem for path in TABLES}
