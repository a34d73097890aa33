"""Facts are sealed into a chain, checkpoints are taken over it, and what is proven is told from what is not."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command as alembic
from audit_record import seal_all, take
from click.testing import CliRunner, Result
from databases import Databases
from scenario import SECRET, NewScenario, Scenario, at

from engine.chain import FACT_COLUMNS, Link, canonical, follow, instant, is_sealed, key_of, read_checkpoint, sealed
from engine.commands.audit import NoteExport, SealFacts, TakeCheckpoint, TakeCheckpointNow
from engine.domain.actor import SYSTEM
from engine.errors import NotPermitted
from engine.proof import Place, Proof, Stretch
from engine.runtime import Engine
from engine.store import migrate
from engine.store.database import Database
from engine.store.guards import lift_append_only
from engine.store.schema import checkpoints, fact_chain, facts, incidents
from web import bootstrap
from web.audit.places import Places, read_places
from web.cli.main import duban
from web.config import from_environment

SCRIPT = Path(__file__).parents[2] / "setup" / "verify_audit.py"
CHAIN = sa.select(fact_chain).order_by(fact_chain.c.position)


def stretches(found: Proof) -> list[tuple[int, int, str]]:
    return [(each.first, each.last, each.verdict) for each in found.stretches]


def place_of(scenario: Scenario, name: str = "outside") -> Place:
    """Everything that the database holds now, as a file outside would hold it."""
    return Place(name, scenario.engine.read.checkpoints_after(0))


def said(found: Proof) -> list[tuple[str, str]]:
    return [(problem.severity, problem.where) for problem in found.problems]


def falsify(scenario: Scenario, *statements: str) -> None:
    """As somebody with every right on the database, who takes the triggers away."""
    with scenario.raw() as connection:
        lift_append_only(connection, "facts", "fact_chain", "checkpoints")
        for statement in statements:
            connection.exec_driver_sql(statement)


# -- the chain ---------------------------------------------------------------------------------------------------------
def test_every_fact_gets_its_place_and_its_digests_follow_from_the_one_before(scenario: Scenario) -> None:
    scenario.register(2)
    recorded = scenario.rows(sa.select(facts).order_by(facts.c.fact_id))

    seal_all(scenario)

    link, wanted = Link(), []
    for row in recorded:
        link = follow(link, row)
        wanted.append({"position": link.position, "fact_id": row["fact_id"], "sha256": link.sha256, "sm3": link.sm3})
    assert scenario.rows(CHAIN) == wanted
    assert scenario.engine.execute(SealFacts(), by=SYSTEM) == 0


def test_a_batch_is_as_long_as_it_was_asked_and_the_next_goes_on(scenario: Scenario) -> None:
    count = len(scenario.rows(sa.select(facts.c.fact_id)))

    sealed_counts = [scenario.engine.execute(SealFacts(limit=count - 3), by=SYSTEM) for _ in range(3)]

    assert sealed_counts == [count - 3, 3, 0]
    assert [row["position"] for row in scenario.rows(CHAIN)] == list(range(1, count + 1))


def test_the_worker_seals_within_a_minute_and_takes_one_checkpoint_an_hour(scenario: Scenario) -> None:
    scenario.register()
    scenario.clock.advance(timedelta(seconds=61))
    scenario.work()
    [first] = scenario.rows(sa.select(checkpoints))
    for _ in range(3):  # 09:20, 09:40, 10:00
        scenario.clock.advance(timedelta(minutes=20))
        scenario.work()

    unsealed = sa.select(facts.c.fact_id).where(facts.c.fact_id.not_in(sa.select(fact_chain.c.fact_id)))
    taken = scenario.rows(sa.select(checkpoints.c.number, checkpoints.c.kind).order_by(checkpoints.c.number))
    assert scenario.rows(unsealed) == []
    assert first["kind"] == "hour"
    assert taken == [{"number": 1, "kind": "hour"}, {"number": 2, "kind": "hour"}]


@pytest.mark.parametrize(
    ("moment", "kind", "day"),
    [
        ("2024-05-20 23:59:59", None, None),
        ("2024-05-21 00:00:00", "day", "2024-05-20"),
        ("2024-05-23 08:00:00", "day", "2024-05-22"),
    ],
)
def test_the_first_round_of_a_beijing_day_closes_the_day_before(
    scenario: Scenario, moment: str, kind: str | None, day: str | None
) -> None:
    scenario.clock.set(at("2024-05-20 23:30"))
    seal_all(scenario)
    scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)
    scenario.clock.set(at(moment))

    number = scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)

    last = scenario.engine.read.last_checkpoint()
    assert number == (2 if kind else None)
    assert (last.kind, last.day and last.day.isoformat()) == (kind or "hour", day)


def test_a_day_after_which_the_program_stood_still_is_closed_by_the_next_one_that_is(scenario: Scenario) -> None:
    """From Monday to Thursday nothing ran: the checkpoint that closes Wednesday closes Monday too."""
    scenario.clock.set(at("2024-05-20 23:30"))
    seal_all(scenario)
    scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)
    auditor, monday, ask = scenario.person("shenji"), at("2024-05-20 12:00").date(), scenario.engine.read
    before = ask.record_day(auditor, monday).closing, ask.record_days(auditor, monday).days

    scenario.clock.set(at("2024-05-23 08:00"))
    scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)

    closing, days = ask.record_day(auditor, monday).closing, ask.record_days(auditor, monday).days
    assert before == (None, tuple((day, count, None) for day, count, _ in days))
    assert closing is not None and (closing.number, str(closing.day)) == (2, "2024-05-22")
    assert [(str(day), number) for day, _, number in days] == [("2024-05-20", 2)]


def test_a_clock_that_was_set_back_over_midnight_closes_no_day_twice(scenario: Scenario) -> None:
    seal_all(scenario)
    for moment in ("2024-05-20 23:30", "2024-05-21 00:10"):
        scenario.clock.set(at(moment))
        scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)
    scenario.clock.jump(timedelta(hours=-1))
    scenario.engine.execute(TakeCheckpointNow(), by=SYSTEM)
    scenario.clock.set(at("2024-05-21 00:20"))

    scenario.engine.execute(TakeCheckpoint(), by=SYSTEM)

    kinds = [row["kind"] for row in scenario.rows(sa.select(checkpoints.c.kind).order_by(checkpoints.c.number))]
    assert kinds == ["hour", "day", "asked", "hour"]


def test_a_checkpoint_has_a_mac_that_only_the_installation_can_make(scenario: Scenario) -> None:
    first = take(scenario)
    second = take(scenario)
    key = key_of(SECRET)

    assert is_sealed(first, key) and is_sealed(second, key)
    assert (second.number, second.previous_mac, second.key_id) == (2, first.mac, key.key_id)
    for change in (
        {"position": 1},
        {"sha256": "0" * 64},
        {"at": first.at + timedelta(seconds=1)},
        {"previous_mac": ""},
    ):
        assert not is_sealed(replace(second, **change), key)
    assert not is_sealed(second, key_of(b"another installation"))
    assert read_checkpoint(second.to_line()) == second


@pytest.mark.parametrize("command", [SealFacts(), TakeCheckpoint(), TakeCheckpointNow()])
def test_nobody_but_the_system_seals(scenario: Scenario, command: Any) -> None:
    with pytest.raises(NotPermitted):
        scenario.engine.execute(command, by=scenario.person("shenji"))


def test_only_the_audit_administrator_exports_and_reads(scenario: Scenario) -> None:
    for login in ("xitong", "anquan", "ducha1", "lingdao"):
        with pytest.raises(NotPermitted):
            scenario.engine.execute(NoteExport("csv", 1, {}), by=scenario.person(login))
        with pytest.raises(NotPermitted):
            scenario.engine.read.record_day(scenario.person(login), scenario.now.date())

    scenario.engine.execute(NoteExport("csv", 7, {"kind": "ClockSet"}), by=scenario.person("shenji"))

    [fact] = scenario.facts("RecordExported")
    assert fact["detail"] == {"format": "csv", "count": 7, "filters": {"kind": "ClockSet"}}


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"number": "1"}', canonical({"number": 1})])
def test_a_line_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a checkpoint"):
        read_checkpoint(text)


def test_the_canonical_text_of_a_fact_is_fixed() -> None:
    moment = at("2024-05-20 09:00")

    assert instant(moment) == "2024-05-20T01:00:00.000000Z"
    assert canonical({"b": [1, None], "a": {"名": "演示 \U00020bb7"}}) == '{"a":{"名":"演示 \U00020bb7"},"b":[1,null]}'
    fact = dict.fromkeys(FACT_COLUMNS) | {"fact_id": 1, "at": moment, "kind": "ClockSet", "detail": {"moment": "x"}}
    assert follow(Link(), fact) == Link(  # by sha256sum and openssl dgst -sm3, over 64 zeros, a line feed and the text
        1,
        "6f741bbb3208fba47b1827edf19899de418d2093ac598911b81f7bccc913e572",
        "e66b6403bbca8a46f0ad8d213ba49e9676afdc10a5216e3408c09b5f8106d088",
    )


def test_a_fact_that_commits_after_newer_ones_is_sealed_too(new_scenario: NewScenario, backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("SQLite has one writer: facts commit in the order of their ids")
    scenario = new_scenario()
    slow = scenario.engine.database.engine.connect()
    late = {"at": scenario.now, "kind": "ClockSet", "person_id": "x", "person": "演示", "detail": {"moment": "late"}}
    with slow.begin():
        late_id = slow.execute(facts.insert().values(**late).returning(facts.c.fact_id)).scalar_one()
        scenario.register()
        seal_all(scenario)
        before = scenario.rows(CHAIN)
    slow.close()

    assert scenario.engine.execute(SealFacts(), by=SYSTEM) == 1

    assert late_id not in {row["fact_id"] for row in before}
    assert scenario.rows(CHAIN)[-1]["fact_id"] == late_id < before[-1]["fact_id"]
    take(scenario)
    take(scenario)
    assert scenario.engine.read.proof([place_of(scenario)]).verdict == "proven"


def test_two_who_seal_at_once_make_one_chain(new_scenario: NewScenario, backend: str) -> None:
    if backend == "sqlite":
        pytest.skip("SQLite has one writer")
    scenario = new_scenario()
    with scenario.raw() as other:
        assert other.execute(sa.text("SELECT pg_try_advisory_xact_lock(4117253001)")).scalar()
        assert scenario.engine.execute(SealFacts(), by=SYSTEM) == 0
        assert scenario.engine.execute(TakeCheckpointNow(), by=SYSTEM) is None

    assert scenario.engine.execute(SealFacts(), by=SYSTEM) > 0


# -- what is proven ----------------------------------------------------------------------------------------------------
def hours(scenario: Scenario) -> None:
    """Three checkpoints, an hour apart, and one sealed fact after the last."""
    for _ in range(3):
        scenario.register(2)
        take(scenario)
        scenario.clock.advance(timedelta(hours=1))
    scenario.engine.execute(NoteExport("csv", 1, {}), by=scenario.person("shenji"))
    seal_all(scenario)


def test_facts_are_proven_up_to_the_last_checkpoint_outside_and_newer_ones_are_not(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    outside = place_of(scenario)
    last = outside.checkpoints[-1].position

    whole = scenario.engine.read.proof([outside])
    behind = scenario.engine.read.proof([replace(outside, checkpoints=outside.checkpoints[:2])])
    alone = scenario.engine.read.proof([])

    second = outside.checkpoints[1].position
    assert whole == Proof(
        last + 1, 0, (Stretch(1, last, "proven", (1, 3)), Stretch(last + 1, last + 1, "unproven")), ()
    )
    assert whole.verdict == "proven"
    assert stretches(behind) == [
        (1, second, "proven"),
        (second + 1, last, "unproven"),
        (last + 1, last + 1, "unproven"),
    ]
    assert (behind.verdict, said(behind)) == ("unproven", [("warning", "outside")])
    assert stretches(alone) == [(1, last, "unproven"), (last + 1, last + 1, "unproven")]
    assert (alone.verdict, said(alone)) == ("unproven", [("warning", "checkpoints")])


@pytest.mark.parametrize(
    ("offset", "verdict"), [(-1, "broken"), (0, "broken"), (1, "proven")], ids=["one before", "on", "one after"]
)
def test_the_end_cut_off_is_found_as_far_as_a_checkpoint_reaches(
    new_scenario: NewScenario, offset: int, verdict: str
) -> None:
    scenario = new_scenario(story=hours)
    outside = place_of(scenario)
    first_gone = outside.checkpoints[-1].position + offset
    [row] = scenario.rows(sa.select(fact_chain.c.fact_id).where(fact_chain.c.position == first_gone))

    falsify(
        scenario,
        f"DELETE FROM fact_chain WHERE position >= {first_gone}",
        f"DELETE FROM facts WHERE fact_id >= {row['fact_id']}",
    )

    assert scenario.engine.read.proof([outside]).verdict == verdict


def test_only_the_range_that_was_changed_is_damaged_the_rest_stays_proven(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    outside = place_of(scenario)
    one, two, three = (each.position for each in outside.checkpoints)
    [row] = scenario.rows(sa.select(fact_chain.c.fact_id).where(fact_chain.c.position == one + 1))

    falsify(scenario, f"UPDATE facts SET person = '别人（演示）' WHERE fact_id = {row['fact_id']}")

    found = scenario.engine.read.proof([outside])
    assert stretches(found)[:3] == [(1, one, "proven"), (one + 1, two, "broken"), (two + 1, three, "proven")]
    assert said(found) == [("error", f"fact {row['fact_id']} at position {one + 1}")]


def test_a_database_older_than_the_checkpoint_file_says_so(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    backup = scenario.engine.read.checkpoints_after(0)
    outside = Place("outside", (*backup, *_two_more(backup[-1])))

    found = scenario.engine.read.proof([outside])

    assert found.verdict == "broken"
    assert [problem.en for problem in found.problems if problem.where == "database"] == [
        "The database is older than the checkpoint file, which holds checkpoints 4 to 5: "
        "it was restored from a backup, or its end was cut off."
    ]


def _two_more(last: Any) -> list[Any]:
    key, found = key_of(SECRET), []
    for number in (4, 5):
        link = replace(last, number=number, position=last.position + number, previous_mac=last.mac, mac="")
        last = replace(link, mac=sealed(link, key))
        found.append(last)
    return found


def test_a_fact_put_in_among_old_ones_is_found(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    outside = place_of(scenario)

    falsify(
        scenario,
        "INSERT INTO facts (fact_id, at, kind, person_id, person, detail) "
        "SELECT -5, at, kind, person_id, person, detail FROM facts WHERE fact_id = 1",
    )

    found = scenario.engine.read.proof([outside])
    assert (found.verdict, said(found)) == ("broken", [("error", "fact -5")])


def test_over_a_falsified_chain_no_checkpoint_is_taken_and_one_incident_is_raised(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    last = scenario.engine.read.last_checkpoint()
    falsify(scenario, f"UPDATE fact_chain SET sha256 = '{'0' * 64}' WHERE position = {last.position}")

    answers = [scenario.engine.execute(TakeCheckpointNow(), by=SYSTEM) for _ in range(2)]

    assert answers == [None, None]
    assert scenario.engine.read.last_checkpoint() == last
    assert [row["kind"] for row in scenario.rows(sa.select(incidents))] == ["audit"]


def test_a_changed_table_of_checkpoints_is_found(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    outside = place_of(scenario)
    falsify(scenario, "UPDATE checkpoints SET position = position - 1 WHERE number = 2")

    found = scenario.engine.read.proof([outside])

    assert {where for _, where in said(found)} == {"database: checkpoint 2"} and found.verdict == "broken"


def test_two_places_that_differ_are_told(new_scenario: NewScenario) -> None:
    scenario = new_scenario(story=hours)
    one = place_of(scenario, "one")
    changed = replace(one.checkpoints[2], sm3="0" * 64)
    other = Place("other", (*one.checkpoints[:2], replace(changed, mac=sealed(changed, key_of(SECRET)))))

    found = scenario.engine.read.proof([one, other])

    assert ("error", "other: checkpoint 3") in said(found)


# -- places outside ----------------------------------------------------------------------------------------------------
def test_every_place_takes_over_what_it_does_not_hold(scenario: Scenario, tmp_path: Path) -> None:
    one, other = tmp_path / "one.checkpoints", tmp_path / "away" / "other.checkpoints"
    take(scenario)
    Places([one]).publish(scenario.engine.read)
    take(scenario)
    both = Places([one, other])
    for _ in range(2):
        both.publish(scenario.engine.read)

    wanted = [each.to_line() for each in scenario.engine.read.checkpoints_after(0)]
    assert one.read_text().splitlines() == other.read_text().splitlines() == wanted
    assert scenario.engine.read.proof(read_places([one, other])).verdict == "proven"


def test_a_torn_line_is_passed_over_and_the_next_append_begins_its_own(scenario: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "one.checkpoints"
    first = take(scenario)
    file.write_text(f"{first.to_line()}\n{take(scenario).to_line()[:40]}")

    Places([file]).publish(scenario.engine.read)

    [place] = read_places([file])
    assert place.checkpoints == scenario.engine.read.checkpoints_after(0)
    assert [(problem.where, problem.severity) for problem in place.problems] == [(f"{file}:2", "info")]
    assert scenario.engine.read.proof([place]).verdict == "proven"


def test_a_place_that_does_not_join_is_left_as_it_is(
    new_scenario: NewScenario, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scenario = new_scenario(story=hours)
    file = tmp_path / "one.checkpoints"
    held = (*scenario.engine.read.checkpoints_after(0), *_two_more(scenario.engine.read.last_checkpoint()))
    file.write_text("".join(f"{each.to_line()}\n" for each in held))
    before = file.read_bytes()

    Places([file]).publish(scenario.engine.read)

    assert file.read_bytes() == before
    assert "does not join checkpoint 5" in caplog.text


def test_a_place_that_cannot_be_written_keeps_no_other_waiting(
    scenario: Scenario, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = tmp_path / "good.checkpoints"
    take(scenario)

    Places([tmp_path, good]).publish(scenario.engine.read)

    assert len(good.read_text().splitlines()) == 1 and "cannot be written" in caplog.text
    missing = tmp_path / "missing"
    assert [(p.severity, p.where) for p in read_places([missing])[0].problems] == [("warning", str(missing))]


def test_a_worker_of_the_program_writes_to_every_place_of_its_settings(scenario: Scenario, tmp_path: Path) -> None:
    places = (tmp_path / "one.checkpoints", tmp_path / "two.checkpoints")
    engine = bootstrap.open_engine(replace(scenario.config, checkpoints=places), clock=scenario.clock)

    bootstrap.make_worker(engine, {}).run_once()

    [line] = [each.to_line() for each in engine.read.checkpoints_after(0)]
    assert [file.read_text() for file in places] == [f"{line}\n"] * 2
    engine.close()


@pytest.mark.parametrize(
    ("setting", "places"),
    [
        (None, ("/srv/duban.checkpoints",)),
        ("", ("/srv/duban.checkpoints",)),
        ("/mnt/a, /mnt/b,", ("/mnt/a", "/mnt/b")),
    ],
)
def test_checkpoints_lie_beside_the_key_file_unless_it_is_said_where(setting: str | None, places: tuple[str]) -> None:
    environment = {"DUBAN_DATABASE_URL": "sqlite:////data/duban.db", "DUBAN_SECRET_FILE": "/srv/duban.secret"}

    config = from_environment(environment | ({} if setting is None else {"DUBAN_CHECKPOINTS": setting}))

    assert config.checkpoints == tuple(Path(place) for place in places)


# -- the command line and the script -----------------------------------------------------------------------------------
def run(scenario: Scenario, *arguments: str, **more: str) -> Result:
    environment = {
        "DUBAN_DATABASE_URL": scenario.config.database_url,
        "DUBAN_SECRET_FILE": str(scenario.config.secret_file),
        "DUBAN_CHECKPOINTS": str(outside_of(scenario)),
    }
    return CliRunner().invoke(duban, list(arguments), env=environment | more)


def outside_of(scenario: Scenario) -> Path:
    return scenario.config.secret_file.with_name("outside.checkpoints")


def script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), *(str(each) for each in arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={"PYTHONIOENCODING": "utf-8"})


def test_checkpoint_export_and_both_verifiers_from_the_command_line(scenario: Scenario, tmp_path: Path) -> None:
    scenario.register(2)
    exported, key = tmp_path / "facts.jsonl", ("--secret-file", scenario.config.secret_file)

    took = run(scenario, "audit", "checkpoint")
    ours = run(scenario, "verify", "--audit")
    gave = run(scenario, "audit", "export", "-o", str(exported))
    again = run(scenario, "audit", "export", "-o", str(exported))
    theirs = script(exported, "--checkpoints", outside_of(scenario), *key)

    lines = [json.loads(line) for line in exported.read_text("utf-8").splitlines()]
    assert (took.exit_code, ours.exit_code, gave.exit_code, theirs.returncode) == (0, 0, 0, 0), (
        gave.output,
        gave.exception,
    )
    assert again.exit_code != 0  # an export that is there is not written over
    assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
    assert f"proven    1-{len(lines)}  by checkpoint 1" in ours.output and "proven 已证明" in ours.output
    assert f"proven    1-{len(lines)}  checkpoint 校验点 1" in theirs.stdout
    assert [fact["detail"]["count"] for fact in scenario.facts("RecordExported")] == [len(lines)]


def test_without_a_checkpoint_file_the_answer_is_unproven(scenario: Scenario, tmp_path: Path) -> None:
    run(scenario, "audit", "checkpoint")
    outside_of(scenario).unlink()
    exported = tmp_path / "facts.jsonl"
    run(scenario, "audit", "export", "-o", str(exported))

    ours = run(scenario, "verify", "--audit")
    told = json.loads(run(scenario, "verify", "--audit", "--json").stdout)
    theirs = script(exported, "--checkpoints", outside_of(scenario))

    assert (ours.exit_code, told["verdict"], theirs.returncode) == (3, "unproven", 3)
    assert "UNPROVEN" in ours.output and "UNPROVEN" in theirs.stdout and "there is no such file" in theirs.stdout


def test_damage_ends_with_one_and_names_the_fact(scenario: Scenario, tmp_path: Path) -> None:
    scenario.register()
    run(scenario, "audit", "checkpoint")
    falsify(scenario, "UPDATE facts SET kind = 'ClockSet' WHERE fact_id = 7")
    exported = tmp_path / "facts.jsonl"
    run(scenario, "audit", "export", "-o", str(exported))

    ours = run(scenario, "verify", "--audit")
    theirs = script(exported, "--checkpoints", outside_of(scenario))

    assert (ours.exit_code, theirs.returncode) == (1, 1)
    assert "DAMAGED   fact 7 at position 7" in ours.output and "fact 7 is not what was sealed" in theirs.stdout


@pytest.mark.parametrize("content", ["", "not json\n", '{"fact_id": 1}\n'])
def test_the_script_says_what_it_cannot_read(tmp_path: Path, content: str) -> None:
    source = tmp_path / "facts.jsonl"
    source.write_text(content)

    done = script(source)

    assert done.returncode == (2 if content else 3)
    assert ("cannot be read" in done.stderr) == bool(content)
    assert script(tmp_path / "nothing").returncode == 2


def test_the_script_computes_sm3_where_the_machine_has_none() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import verify_audit as v, hashlib\n"
        "for size in (0, 3, 55, 56, 63, 64, 65, 200):\n"
        "    text = bytes(range(256))[:size]; assert v.plain_sm3(text) == hashlib.new('sm3', text).hexdigest(), size\n"
        "assert v.plain_sm3(b'abc').startswith('66c7f0f462eeedd9')\n"  # GB/T 32905-2016, example 1
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# -- older databases ---------------------------------------------------------------------------------------------------
def test_an_upgraded_database_seals_from_its_oldest_fact(databases: Databases) -> None:
    database = Database(databases.empty())
    with database.engine.connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection.execution_options(duban_write=True)
        alembic.upgrade(config, "0003")
    with database.write() as connection:
        for number in range(1, 6):
            row = {"at": at("2024-05-20 09:00"), "kind": "ClockSet", "person_id": "system", "person": "系统"}
            connection.execute(facts.insert().values(**row, detail={"moment": str(number)}))
    migrate.upgrade(database)
    database.dispose()

    engine = Engine(database.url.render_as_string(hide_password=False), secret=SECRET)
    engine.start()

    assert engine.execute(SealFacts(), by=SYSTEM) == 5
    assert engine.execute(TakeCheckpointNow(), by=SYSTEM) == 1
    assert stretches(engine.read.proof([Place("outside", engine.read.checkpoints_after(0))])) == [(1, 5, "proven")]
    engine.close()
