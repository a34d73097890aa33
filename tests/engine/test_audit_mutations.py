"""Assurance E51, I8, threat 24: every way to falsify the record is found, by the program and by the separate script."""

import importlib.util
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from audit_record import FALSIFIED, Record, five_hours, proof_of
from scenario import SECRET, NewScenario

TRIALS = int(os.environ.get("DUBAN_AUDIT_TRIALS", 200 if os.environ.get("DUBAN_FAULTS") == "full" else 40))
SCRIPT = Path(__file__).parents[2] / "setup" / "verify_audit.py"


@pytest.fixture
def backend() -> str:
    return "sqlite"  # what is falsified is a copy in memory; PostgreSQL's record is proven from an export


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The separate program, as a module of its own: it imports nothing of ours."""
    spec = importlib.util.spec_from_file_location("verify_audit", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_audit"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def record(new_scenario: NewScenario, tmp_path: Path) -> Iterator[Record]:
    yield Record.of(new_scenario(story=five_hours), tmp_path)


def test_an_honest_record_is_proven_up_to_its_last_checkpoint(record: Record, script: ModuleType) -> None:
    connection = record.copy()
    key = _key(script, record)

    ours = proof_of(connection, record.places)
    theirs = script.verify(script.rows_of(connection), [record.file], key)

    assert ours.problems == () and ours.verdict == "proven"
    assert [(each.first, each.last, each.verdict) for each in ours.stretches] == [
        (1, record.covered, "proven"),
        (record.covered + 1, record.length, "unproven"),
    ]
    assert (theirs.damage, theirs.gaps, theirs.notes, theirs.exit_code) == ([], [], [], 0)
    assert theirs.ranges[-1] == (record.covered + 1, record.length, "unproven", 0)
    assert (theirs.sealed, ours.sealed) == (record.length, record.length)
    assert record.length > 700
    connection.close()


@pytest.mark.parametrize("kind", FALSIFIED)
def test_every_falsification_is_found(
    record: Record, script: ModuleType, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = _key(script, record)
    found: Counter[str] = Counter()
    missed = []
    pristine = record.copy()
    for seed in range(TRIALS):
        connection = record.again(pristine)
        told = FALSIFIED[kind](connection, random.Random(f"{kind} {seed}"))

        ours = proof_of(connection, record.places)
        theirs = script.verify(script.rows_of(connection), [record.file], key)
        keyless = script.verify(script.rows_of(connection), [record.file], None) if seed % 10 == 0 else theirs

        found["program"] += ours.verdict == "broken"
        found["script"] += theirs.exit_code == 1
        if ours.verdict != "broken" or not theirs.exit_code == keyless.exit_code == 1:
            missed.append((seed, told, ours.verdict, theirs.exit_code))
        connection.close()
    pristine.close()
    with capsys.disabled():
        print(
            f"\naudit: {kind:<8} {TRIALS} tried among {record.length} facts, found by the program {found['program']}, "
            f"by the script {found['script']}"
        )

    assert missed == []
    assert found == {"program": TRIALS, "script": TRIALS}


def _key(script: ModuleType, record: Record) -> bytes:
    file = record.file.with_name("secret")
    file.write_text(SECRET.hex())
    key: bytes = script.read_key(file)
    return key
