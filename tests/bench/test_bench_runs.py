"""The benchmark itself: that every line is measured, printed and kept. What it costs is for `make bench` to say."""

import json
from dataclasses import replace
from pathlib import Path

from bench import report
from bench.__main__ import SECTIONS, run
from bench.measuring import Figure, Rounds, Took, in_turns, percentile
from bench.office import QUICK

SMALL = replace(QUICK, rounds=1, ages=(1,), cases=12, timers=36, few_tasks=60, many_tasks=80, questions=1)


def test_every_line_is_measured(tmp_path: Path) -> None:
    figures = run(SMALL, ["sqlite"], SECTIONS, say=lambda _: None)

    assert [figure.name for figure in figures] == [
        "complete a task, young case, against plain in memory",
        "complete a task, young case, against plain in memory (aim)",
        "complete a task, young case, against plain in memory whose log records we silenced",
        "survey and send back after 1 send-backs, against our young case",
        "register and start one case, against starting it in plain in memory",
        "complete a task, young case, against the state as one full JSON blob",
        "complete a task, young case, against the state as one row per task",
        "start 12 cases with tasks and timers",
        "the leader's figures at 12 cases",
        "idle tick beside 36 timers",
        "a due timer: claim, load, fire, run, save, commit; against completing a task",
        "import 12 cases from an xlsx file, with the rows' own checks",
        "inbox, first page, p95, at 60 tasks",
        "ledger of cases, first page, p95, at 60 tasks",
        "inbox, first page, p95, at 80 tasks",
        "ledger of cases, first page, p95, at 80 tasks",
        "memory of a worker with all definitions loaded",
        "of that, the definitions",
        "the first letter, start of its process included",
        "the next letter, one page",
        "the next letter, one page, against bare WeasyPrint on the same finished HTML",
        "the next letter, two pages",
        "the next letter, two pages, against bare WeasyPrint on the same finished HTML",
        "6 letters in a batch, two warm processes, each letter",
        "check a diagram of 200 elements",
        "a forecast of 40 cases",
    ]
    assert all(figure.value >= 0 and figure.target is None for figure in figures)

    kept = json.loads(report.save(figures, tmp_path, size="small", seconds=1).read_text())
    assert [figure["name"] for figure in kept["figures"]] == [figure.name for figure in figures]


def test_a_figure_is_reached_at_its_target_and_missed_above() -> None:
    at = {value: Figure("a", "sqlite", value, "x", 2.0).is_reached for value in (1.9, 2.0, 2.1)}

    assert at == {1.9: True, 2.0: True, 2.1: False}
    assert Figure("a", "sqlite", 9.0, "x").is_reached is None


def test_the_table_marks_each_line_and_counts_the_targets() -> None:
    figures = [
        Figure("one", "sqlite", 2.5, "x", 2.0),
        Figure("two", "postgresql", 1, "ms", 3.0),
        Figure("三", "p", 8, "MB"),
    ]

    assert report.table(figures).splitlines() == [
        "what  on            found  at most         ",
        "one   sqlite       2.50 x   2.00 x  MISSED ",
        "two   postgresql  1.00 ms  3.00 ms  reached",
        "三    p           8.00 MB                  ",
        "",
        "1 of 2 targets reached",
    ]


def test_acts_take_turns_and_warm_up_rounds_do_not_count() -> None:
    done: list[tuple[str, int]] = []
    acts = {name: lambda number, name=name: done.append((name, number)) for name in ("a", "b")}

    rounds = in_turns(2, acts, warm_up=1)

    assert done == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert {name: len(taken) for name, taken in rounds.taken.items()} == {"a": 2, "b": 2}


def test_a_ratio_is_of_medians_of_cpu_time() -> None:
    rounds = Rounds({"ours": [Took(9, 0), Took(3, 0), Took(4, 0)], "plain": [Took(2, 0), Took(1, 0), Took(8, 0)]})

    assert rounds.ratio("ours", "plain") == 2.0


def test_a_percentile_is_a_value_that_was_found() -> None:
    assert [percentile([float(n) for n in range(1, 101)], share) for share in (0.5, 0.95, 1.0)] == [50.0, 95.0, 100.0]
