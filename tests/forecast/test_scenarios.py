"""Scenario files: what may stand in them, and what does not fit a campaign."""

from dataclasses import replace
from datetime import date

import pytest
from supposed import A_DAY, PROCESSES, few, ground, material, shipped

from engine.errors import Invalid
from engine.forecast.ground import material_of, write_material
from engine.forecast.scenario import read_scenario, scenario_toml

LEAST = 'name = "x"\ncampaign = "linxia_2024"\nuntil = 2024-12-31\n[[arrivals]]\non = 2024-04-08\ncount = 5\n'


@pytest.mark.parametrize("name", sorted(path.stem for path in (PROCESSES / "forecasts").glob("*.toml")))
def test_every_shipped_scenario_fits_its_campaign_and_reads_as_it_was_written(name: str) -> None:
    scenario = shipped(name)

    assert scenario.cases == 5000
    assert read_scenario(scenario_toml(scenario), A_DAY) == scenario
    assert ground(scenario).scenario == scenario


def test_the_shipped_scenarios_differ_in_the_clean_up_alone() -> None:
    planned, shorter = shipped(), shipped("linxia_cleanup_two_weeks_shorter")

    assert shorter.phases == {"cleanup": (date(2024, 5, 15), date(2024, 6, 14))}
    assert replace(shorter, name=planned.name, name_en=planned.name_en, phases={}) == planned


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("", "name"),
        ("name = 3", "name"),
        ("not toml at all", "scenario.toml"),
        (LEAST.replace("count = 5", "count = 60000"), "arrivals"),
        (LEAST.replace("count = 5", "count = -5"), "arrivals.2024-04-08"),
        (LEAST.replace("2024-12-31", "2024-04-08"), "until"),
        (LEAST.replace("2024-12-31", "2034-12-31"), "until"),
        (LEAST + "[staff]\n'officer@area' = 100000\n", "staff.officer@area"),
        (LEAST + "[effort]\ndefault = '5 days'\n", "effort.default"),
        (LEAST + "[phases.cleanup]\nstarts_on = 2024-07-01\nends_on = 2024-06-01\n", "phases.cleanup"),
        (LEAST + "[[answers.'survey:survey_site']]\nweight = 0\n", "answers.survey:survey_site"),
        (LEAST + "[surprise]\n", "surprise"),
        ("queue = 'random'\n" + LEAST, "queue"),
    ],
)
def test_a_file_with_a_fault_says_where(written: str, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_scenario(written.encode(), A_DAY)

    assert where in [problem.where for problem in refused.value.problems]
    assert all(problem.zh and problem.en for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("[phases.cleaning]\nends_on = 2024-06-01\n", "phases.cleaning"),
        ("[areas]\nnowhere = 1\n", "areas.nowhere"),
        ("[effort]\n'survey:no_task' = '1m'\n", "effort.survey:no_task"),
        ("[deadlines]\n'survey:survey_site' = '5'\n", "deadlines.survey:survey_site"),
        ("[deadlines]\n'survey:survey_site' = '__import__(\"os\")'\n", "deadlines.survey:survey_site"),
        ("[staff]\n'officer@nowhere' = 1\n", "staff.officer@nowhere"),
        ("[[answers.'survey:survey_site']]\nset = { x = '=open(\"/etc/passwd\")' }\n", "answers.survey:survey_site.x"),
        ("[[answers.'survey:survey_site']]\nset = { x = '@1 +' }\n", "answers.survey:survey_site.x"),
        ("[[arrivals]]\non = 2024-12-30\ncount = 5\nworkdays = 3\n", "arrivals.2024-12-30"),
        ("[[arrivals]]\non = 2025-01-02\ncount = 5\n", "arrivals.2025-01-02"),
    ],
)
def test_what_the_campaign_does_not_have_is_said_before_anything_runs(written: str, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        ground(read_scenario((LEAST + written).encode(), A_DAY))

    assert [problem.where for problem in refused.value.problems] == [where]


def test_material_is_the_same_after_a_round_by_way_of_a_folder(tmp_path) -> None:
    write_material(material(), tmp_path, "linxia_2024")

    again = material_of(tmp_path, "linxia_2024")

    known = {key: dict(files) for key, files in material().folders.items()}
    assert (again.folders, again.plan, again.calendars) == (known, material().plan, material().calendars)
    assert few(3).cases == 3
