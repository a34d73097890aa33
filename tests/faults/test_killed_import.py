"""kill -9 in the middle of `duban import`: run again to its end, every row of the file is a case, each once."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from scenario import PROCESSES, NewScenario, Scenario

from engine.domain.job import TIMER
from engine.store.schema import cases, facts, instances, jobs, operations, tasks
from forms.demo_data import register
from forms.tables.register import read_register
from web.register import CampaignNames

pytestmark = pytest.mark.faults
ROWS, PORTION, KILLS = 3_000, 100, 6


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_killed_import_goes_on_where_it_was(new_scenario: NewScenario, tmp_path: Path) -> None:
    scenario = new_scenario()
    plan = scenario.engine.read.campaign(scenario.campaign)
    industries = [(group.id, group.name, group.industries) for group in plan.groups if group.industries]
    content = register(ROWS, 5, [(unit.id, unit.name) for unit in plan.areas], industries)
    file = tmp_path / "底册（演示）.xlsx"
    file.write_bytes(content)
    expected = {row.fingerprint: row.name for row in read_register(content, file.name, CampaignNames(plan)).rows}
    chance = random.Random(3)

    counts = [0]
    while len(counts) <= KILLS and counts[-1] < ROWS:
        counts.append(_killed(scenario, file, chance, known=counts[-1]))
    last = _started(scenario, file)
    said, complaint = last.communicate(timeout=300)
    again, _ = _started(scenario, file).communicate(timeout=300)

    assert last.returncode == 0, complaint
    in_the_middle = [count for count in counts[1:] if count < ROWS]
    assert len(in_the_middle) >= KILLS // 2, "a busy machine may kill late, but not that often"
    assert sorted(set(counts)) == counts, "each was to be killed after some work"
    assert "新增 0 户" in again.splitlines()[-1] and f"{ROWS} known already" in again.splitlines()[-1]
    found = scenario.rows(sa.select(cases.c.case_id, cases.c.fingerprint, cases.c.name).order_by(cases.c.case_id))
    assert {row["fingerprint"]: row["name"] for row in found} == expected
    assert [row["case_id"] for row in found] == [f"LINXIA2024-{number:04d}" for number in range(1, ROWS + 1)]
    numbers = [row["case_id"] for row in found]
    assert _each(scenario, instances, instances.c.state == "ACTIVE") == dict.fromkeys(numbers, 1)
    assert _each(scenario, tasks, tasks.c.state == "OPEN") == dict.fromkeys(numbers, 1)
    assert _each(scenario, facts, facts.c.kind == "CaseRegistered") == dict.fromkeys(numbers, 1)
    of_case = sa.select(instances.c.case_id).join(jobs, jobs.c.instance_id == instances.c.instance_id)
    timers = scenario.rows(of_case.where(jobs.c.kind == TIMER, jobs.c.state == "OPEN"))
    assert Counter(row["case_id"] for row in timers) == dict.fromkeys(numbers, 2)
    assert len(scenario.rows(sa.select(operations.c.operation_key))) == ROWS // PORTION
    assert scenario.engine.read.violations() == ()
    last_words = said.splitlines()[-1]
    print(f"\nkilled {len(in_the_middle)} times, {in_the_middle} of {ROWS} in; 0 missed, 0 doubled; {last_words}")


def _each(scenario: Scenario, table: sa.Table, condition: sa.ColumnElement[bool]) -> dict[str, int]:
    return Counter(row["case_id"] for row in scenario.rows(sa.select(table.c.case_id).where(condition)))


def _killed(scenario: Scenario, file: Path, chance: random.Random, *, known: int) -> int:
    """Kill an import at some moment after some new portions. Returns how many cases there are then."""
    running = _started(scenario, file)
    assert running.stdout is not None
    for _ in range(known // PORTION + chance.randrange(1, 4)):
        running.stdout.readline()
    try:
        running.wait(timeout=chance.uniform(0, 0.15))
    except subprocess.TimeoutExpired:
        os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    return len(scenario.rows(sa.select(cases.c.case_id)))


def _started(scenario: Scenario, file: Path) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "DUBAN_SECRET_FILE": str(scenario.config.secret_file),
        "DUBAN_PROCESSES": str(PROCESSES),
        "DUBAN_DATABASE_URL": scenario.config.database_url,
    }
    program = "import sys; from web.cli import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", program, "import", str(file), "--rows-at-once", str(PORTION)],
        cwd=PROCESSES.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
