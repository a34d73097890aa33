"""House rules that a machine can check: who imports whom, file length, clocks, and that all names are known."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import sources
from engine.bpmn.decision import OF_CAMPAIGN
from engine.bpmn.elements import Element, read_elements
from engine.commands import HANDLERS
from engine.domain.actor import PLACES, ROLES
from engine.domain.case import MILESTONES
from engine.domain.escalation import MEASURES, REFERRAL, REMINDER
from engine.domain.facts import FACTS
from engine.domain.job import OUTSIDE_KINDS, SERVICE_KINDS
from engine.domain.letter import KINDS
from web import bootstrap
from web.cli.main import duban
from web.config import SETTINGS, from_environment

ROOT = Path(__file__).parents[2]
HOUSE = sorted(
    path
    for room in ("engine", "forms", "web")
    for path in (ROOT / room).rglob("*.py")
    if "node_modules" not in path.parts
)
LONGEST = 400
HISTORY = "migrations"  # a migration is written once and never edited, however long
WALL_CLOCK = re.compile(
    r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.(time|monotonic)\(|\buuid[14]\(|\brandom\.|\bsecrets\."
)
MAY_LOOK_AT_THE_CLOCK = {"engine/clock.py", "engine/ids.py"}
FOLDERS = {folder.key: folder.files for folder in sources.process_folders(ROOT / "processes")}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def elements() -> Iterator[Element]:
    for key, files in FOLDERS.items():
        if f"{key}.bpmn" in files:
            yield from read_elements(files[f"{key}.bpmn"])


def test_every_import_goes_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in HOUSE
        if HISTORY not in path.parts
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_the_engine_knows_no_clock_and_no_chance_but_its_own() -> None:
    found = {
        name: looks
        for path in HOUSE
        if (name := path.relative_to(ROOT).as_posix()).startswith("engine/") and name not in MAY_LOOK_AT_THE_CLOCK
        if (looks := WALL_CLOCK.findall(path.read_text("utf-8")))
    }

    assert found == {}


def test_every_module_says_in_a_sentence_or_two_what_it_is_for() -> None:
    silent = [
        path
        for path in HOUSE
        if (content := ast.parse(path.read_text("utf-8"))).body and not ast.get_docstring(content)
    ]

    assert silent == []


# -- names that must resolve -------------------------------------------------------------------------------------------
def test_everything_that_a_diagram_names_is_known_to_the_program() -> None:
    for element in elements():
        named = (element.process_key, element.element_id)
        files = FOLDERS[element.process_key]
        assert not element.form_key or f"{element.form_key}.form" in files, named
        is_of_campaign = element.decision_ref in OF_CAMPAIGN
        assert not element.decision_ref or is_of_campaign or f"{element.decision_ref}.dmn" in files, named
        assert not element.called_element or element.called_element in FOLDERS, named
        assert not element.milestone or element.milestone in MILESTONES, named
        assert not element.job_kind or element.job_kind in SERVICE_KINDS, named
        for group in element.candidate_groups:
            role, _, place = group.partition("@")
            assert role in ROLES and place in PLACES, named


def test_every_milestone_and_job_kind_of_the_program_is_used_by_some_diagram() -> None:
    used = list(elements())

    assert set(MILESTONES) == {element.milestone for element in used if element.milestone}
    assert set(SERVICE_KINDS) == {element.job_kind for element in used if element.job_kind}


def test_every_outside_job_has_a_handler_and_every_letter_kind_a_template() -> None:
    assert set(bootstrap.handlers(from_environment({}))) == set(OUTSIDE_KINDS)
    assert {f"{kind}.html.j2" for kind in KINDS} == set(FOLDERS["letters"])
    assert set(MEASURES) - {REMINDER, REFERRAL, "site_visit"} <= set(KINDS)


def test_every_fact_that_is_recorded_has_a_sentence_and_every_sentence_is_recorded() -> None:
    recorded: set[str] = set()
    for path in (ROOT / "engine" / "commands").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in (
                "record",
                "_record",
                "tell",
                "tell_of_addressee",
            ):
                recorded |= {
                    word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)
                }

    assert recorded == set(FACTS)


def test_every_command_is_a_frozen_value() -> None:
    for command in HANDLERS:
        assert command.__dataclass_params__.frozen, command.__name__  # type: ignore[attr-defined]
        assert HANDLERS[command].__module__ == command.__module__, "a command lies beside what carries it out"


# -- what operators read -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_documented_and_read(setting: str) -> None:
    readers = [path for path in HOUSE if f'"{setting}"' in path.read_text("utf-8").replace(f'    "{setting}":', "")]

    assert f"| `{setting}` |" in OPERATIONS
    assert readers, f"{setting} is documented but nothing reads it"


def test_no_other_setting_is_read_or_documented() -> None:
    read = set().union(*(re.findall(r'"(DUBAN_[A-Z0-9_]+)"', path.read_text("utf-8")) for path in HOUSE))

    assert read == set(SETTINGS) == set(re.findall(r"`(DUBAN_[A-Z0-9_]+)`", OPERATIONS))


def test_every_command_of_the_command_line_is_documented() -> None:
    told = set(re.findall(r"`([a-z][a-z-]*)(?: [a-z]+)?`", OPERATIONS[OPERATIONS.index("## Commands") :]))

    assert set(duban.commands) <= told
