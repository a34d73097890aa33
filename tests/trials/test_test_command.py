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


def test_what_no_form_could_hand_in_is_told_and_ends_with_1_where_all_must_be_whole(tmp_path: Path) -> None:
    folder = tmp_path / "objection"
    shutil.copytree(PROCESSES / "objection", folder)
    path = folder / "tests" / "decided.toml"
    path.write_text(path.read_text("utf-8").replace("认定的时限确有误（演示）", "有误"), "utf-8")

    done, whole, told = run(str(folder)), run(str(folder), "--full"), json.loads(run(str(folder), "--json").output)

    assert (done.exit_code, whole.exit_code) == (0, 1)
    place = "tests/decided.toml:steps.#2.variables.objection_findings"
    assert f"  ! objection/{place}: 第 2 步替“decide_objection”填的内容，表单交不出来" in done.output
    assert [each["where"] for each in told[0]["warnings"]] == [place]
