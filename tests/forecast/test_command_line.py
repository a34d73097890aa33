"""duban forecast: two scenarios beside each other, results and a picture in a folder; a faulty one runs nothing."""

import json
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from supposed import few

from engine.errors import Invalid
from engine.forecast.outcome import Result
from engine.forecast.scenario import scenario_toml
from web.cli.main import duban


def test_two_scenarios_leave_their_results_and_a_page_that_compares_them(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_bytes(scenario_toml(few(2, name="甲", name_en="One")))
    other.write_bytes(scenario_toml(few(2, name="乙</title><script>", name_en="Two", seed=8)))
    out = tmp_path / "out"

    done = CliRunner().invoke(duban, ["forecast", str(one), "--against", str(other), "--out", str(out), "--quiet"])

    assert done.exit_code == 0, done.output
    results = [
        Result.from_json(json.loads((out / name).read_text())) for name in ("result.json", "result_against.json")
    ]
    assert [(result.name, result.seed, result.cases) for result in results] == [
        ("甲", 7, 2),
        ("乙</title><script>", 8, 2),
    ]
    chinese, english = (out / "forecast.html").read_text(), (out / "forecast.en.html").read_text()
    assert "与“甲”相比" in chinese and "<script>" not in chinese and "乙&lt;/title&gt;&lt;script&gt;" in chinese
    assert "Who is overloaded: One" in english and chinese.count("<svg") == english.count("<svg") == 4
    assert "与“甲”相比" in done.output


def test_a_faulty_second_scenario_is_told_before_anything_runs(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_bytes(scenario_toml(few(2)))
    other.write_bytes(scenario_toml(replace(few(2), staff={"officer@nowhere": 1})))

    done = CliRunner().invoke(duban, ["forecast", str(one), "--against", str(other), "--out", str(tmp_path / "out")])

    assert isinstance(done.exception, Invalid)
    assert [problem.where for problem in done.exception.problems] == ["staff.officer@nowhere"]
    assert not (tmp_path / "out").exists()
