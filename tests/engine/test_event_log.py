"""The event log against the database: every act once, in order, of persons no name, of foreign referrals nothing."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from lxml import etree
from scenario import NewScenario, Scenario

from engine.commands.event_log import NoteEventLog
from engine.commands.instances import CancelInstance
from engine.domain.actor import SYSTEM
from engine.domain.event_log import LogFilter, LogTrace
from engine.errors import Invalid, NotFound, NotPermitted
from engine.store.schema import instances, persons, tasks, units, visits
from forms.event_log import WRITERS

HOSTILE = '=cmd|" <b>&amp; \x07石材,加工'
XES = "{http://www.xes-standard.org/}"


def told(scenario: Scenario) -> None:
    """Two cases, one struck off and one sent back once; the names are not those of careful clerks."""
    struck_off, sent_back = scenario.register(2)
    scenario.survey(struck_off)
    scenario.clean_up(struck_off)
    scenario.accept(struck_off)
    scenario.complete("survey_site", sent_back, kinds=["wu"], is_illegal=True, proposed="close",
                      surveyed_on="2024-05-20")  # fmt: skip
    scenario.send_back("review_disposition", sent_back)
    with scenario.raw() as connection:
        connection.execute(units.update().where(units.c.unit_id == "chengjiao").values(name=HOSTILE))


@pytest.fixture
def played(new_scenario: NewScenario) -> Scenario:
    return new_scenario(story=told)


def log_of(scenario: Scenario, login: str = "sheji", **wanted: object) -> tuple[LogTrace, ...]:
    found = LogFilter(scenario.campaign, scenario.now, **wanted)
    return scenario.engine.read.event_log(scenario.person(login), found)


def written(scenario: Scenario, wanted_format: str) -> str:
    head = scenario.engine.read.event_log_head(scenario.person("sheji"), LogFilter(scenario.campaign, scenario.now))
    return "".join(WRITERS[wanted_format](head, log_of(scenario)))


def test_every_task_and_every_visit_is_told_once_and_in_order(played: Scenario) -> None:
    traces = log_of(played)

    events = [event for trace in traces for event in trace.events]
    acts = Counter(event.lifecycle for event in events if event.task_id or event.lifecycle == "manualskip")
    human = {row["element_id"] for row in played.rows(sa.select(tasks.c.element_id))}
    automatic = [row for row in played.rows(sa.select(visits)) if row["element_id"] not in human]
    rows = played.rows(sa.select(tasks.c.state))
    assert acts["schedule"] == len(rows)
    assert acts["complete"] == sum(row["state"] == "COMPLETED" for row in rows)
    assert [event.activity for event in events].count("审定处置方式（退回）") == 1
    assert not acts["manualskip"]
    assert sorted(event.event_id for event in events if event.event_id.startswith("v")) == sorted(
        f"v{row['visit_id']}" for row in automatic
    )
    assert len({event.event_id for event in events}) == len(events)
    for trace in traces:
        assert [event.at for event in trace.events] == sorted(event.at for event in trace.events)
    first = [event.activity for event in traces[0].events if event.lifecycle in ("complete", "schedule")]
    assert first[:7] == [
        "登记入册", "立案入册", "列入底册", "enter_survey", "现场排查登记", "现场排查登记", "按规则认定处置方式",
    ]  # fmt: skip
    done, then = first.index("按规则认定处置方式"), first.index("审定处置方式")
    assert done < then


def test_persons_are_codes_but_for_the_audit_administrator(played: Scenario) -> None:
    names = {row["name"] for row in played.rows(sa.select(persons.c.name))}

    coded = {event.person for trace in log_of(played) for event in trace.events if event.person}
    named = {event.person for trace in log_of(played, "shenji", names_persons=True) for event in trace.events}

    assert len(coded) > 3 and all(code.startswith("P-") for code in coded) and not coded & names
    assert named - {""} <= names and len(named - {""}) == len(coded)
    for login in ("sheji", "ducha1"):
        with pytest.raises(NotPermitted):
            log_of(played, login, names_persons=True)
    for login in ("chengjiao1", "lingdao"):
        with pytest.raises(NotPermitted):
            log_of(played, login)
        with pytest.raises(NotPermitted):
            wanted = LogFilter(played.campaign, played.now)
            played.engine.execute(NoteEventLog("csv", wanted), by=played.person(login))


def test_a_log_holds_one_campaign_process_and_period(played: Scenario) -> None:
    today = date(2024, 5, 20)
    every = log_of(played)

    assert {trace.process_key for trace in log_of(played, process="case_lifecycle")} == {"case_lifecycle"}
    assert log_of(played, since=today, until=today) == every
    assert log_of(played, since=today + timedelta(days=1)) == log_of(played, until=today - timedelta(days=1)) == ()
    assert len(every) == len(played.rows(sa.select(instances.c.instance_id)))
    past = replace(LogFilter(played.campaign, played.now), as_of=played.now - timedelta(days=1))
    assert played.engine.read.event_log(SYSTEM, past) == ()
    rest = played.engine.read.event_log(SYSTEM, LogFilter(played.campaign, played.now), every[0].instance_id)
    assert rest == every[1:]
    for wanted in (LogFilter("nowhere", played.now), LogFilter(played.campaign, played.now, process="nothing")):
        with pytest.raises(NotFound):
            played.engine.read.event_log_head(SYSTEM, wanted)
    with pytest.raises(Invalid):
        LogFilter(played.campaign, played.now, since=today, until=today - timedelta(days=1))
    with pytest.raises(Invalid):
        played.engine.execute(NoteEventLog("xls", LogFilter(played.campaign, played.now)), by=SYSTEM)


def test_an_instance_that_ended_later_is_told_as_it_stood_then(new_scenario: NewScenario) -> None:
    played = new_scenario()
    played.register(1)
    before = LogFilter(played.campaign, played.now)
    [then] = played.engine.read.event_log(SYSTEM, before)
    played.advance("1d")
    played.engine.execute(CancelInstance(then.instance_id, "重复登记（演示）"), by=played.supervisor)

    assert then.state == "ACTIVE"
    assert [trace.state for trace in played.engine.read.event_log(SYSTEM, before)] == ["ACTIVE"]
    assert [trace.state for trace in log_of(played) if trace.instance_id == then.instance_id] == ["CANCELLED"]


def test_xes_is_well_formed_whatever_things_are_called(played: Scenario) -> None:
    root = etree.fromstring(written(played, "xes").encode())

    traces = log_of(played)
    assert root.tag == f"{XES}log" and root.get("xes.version") == "1849-2016"
    assert [each.get("prefix") for each in root.findall(f"{XES}extension")] == ["concept", "time", "lifecycle", "org"]
    assert [len(each.findall(f"{XES}event")) for each in root.findall(f"{XES}trace")] == [
        len(trace.events) for trace in traces
    ]
    groups = set(root.xpath("//*[@key='org:group']/@value"))
    assert HOSTILE.replace("\x07", "�") in groups
    for event in root.iter(f"{XES}event"):
        keys = [each.get("key") for each in event]
        assert {"concept:name", "time:timestamp", "lifecycle:transition"} <= set(keys) and len(keys) == len(set(keys))


def test_ocel_points_only_at_objects_that_are_there(played: Scenario) -> None:
    found = json.loads(written(played, "ocel"))

    objects = {each["id"]: each["type"] for each in found["objects"]}
    events, traces = found["events"], log_of(played)
    related = [each["objectId"] for each in (*found["objects"], *events) for each in each["relationships"]]
    counts = Counter(objects.values())
    assert len(objects) == len(found["objects"]) and set(related) <= set(objects)
    assert len(events) == sum(len(trace.events) for trace in traces) == len({each["id"] for each in events})
    assert {each["type"] for each in events} == {each["name"] for each in found["eventTypes"]}
    assert set(counts) <= {each["name"] for each in found["objectTypes"]}
    assert (counts["case"], counts["process instance"]) == (2, len(traces))
    assert counts["task"] == len(played.rows(sa.select(tasks.c.task_id)))
    assert counts["letter"] == len({event.letter_id for trace in traces for event in trace.events} - {""}) > 0
    assert found["objects"][[*objects].index("unit:chengjiao")]["attributes"][0]["value"] == HOSTILE


def test_a_spreadsheet_takes_nothing_in_the_csv_for_a_formula(played: Scenario) -> None:
    text = written(played, "csv")

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert text.startswith("\ufeff") and len(rows) == 1 + sum(len(trace.events) for trace in log_of(played))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert f"'{HOSTILE}" in {row[rows[0].index("org:group")] for row in rows}
