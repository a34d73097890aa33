"""`duban test` on the command line: a table, JSON, coverage, and 1 where a walk fails."""

import json
import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from web.cli.main import duban

PROCESSES = Path(__file__).parents[2] / "processes"


def run(*words: str) -> Result:
    return CliRunner().invoke(duban, ["test", *words], env={"DUBAN_PROCESSES": str(PROCESSES)})


def test_all_folders_are_played_and_told_as_json() -> None:
    done = run("--json", "--full")
    one = run(str(PROCESSES / "lookback"), "--full")

    told = json.loads(done.output)
    assert done.exit_code == 0
    assert [each["process"] for each in told] == sorted(path.stem for path in PROCESSES.glob("*/*.bpmn"))
    assert (one.exit_code, one.output.splitlines()[-1]) == (0, "3 walks, 0 failed")
    assert all(walk["passed"] and not walk["failures"] for each in told for walk in each["walks"])


def test_a_failing_walk_and_an_unreadable_one_are_named_and_end_with_1(tmp_path: Path) -> None:
    folder = tmp_path / "lookback"
    shutil.copytree(PROCESSES / "lookback", folder)
    for path in (folder / "tests").glob("*.toml"):
        path.unlink()
    good = (PROCESSES / "lookback" / "tests" / "ok.toml").read_text("utf-8")
    (folder / "tests" / "wrong.toml").write_text(good.replace("ended = true", "ended = false"), "utf-8")
    (folder / "tests" / "broken.toml").write_text("a = = 1", "utf-8")

    done = run(str(folder), "--coverage")

    assert done.exit_code == 1
    assert "0/2 walks passed" in done.output and "2 walks, 2 failed" in done.output
    assert "✗ lookback/tests/wrong.toml: 第" in done.output and "✗ lookback/tests/broken.toml" in done.output
    assert "no walk passes: " in done.output
    assert run(str(tmp_path)).exit_code == 1
    assert "There is no process" in str(run(str(tmp_path / "nowhere")).exception)
    assert run(str(folder), "--campaign", "nowhere").exit_code == 1
