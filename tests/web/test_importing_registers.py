"""A register comes in through the page and the command line: checked in full, then all of it, each row once."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from scenario import PROCESSES, Scenario
from web_visitor import Browser

from engine.commands.register import RegisterCases
from engine.domain.actor import SYSTEM
from engine.errors import Invalid
from engine.store.schema import cases
from forms.demo_data import register
from forms.tables.columns import COLUMNS
from forms.tables.credit_code import check_character
from web import imports
from web.cli.main import duban
from web.register import check_register, import_portions

CODE = "99999999A0000000X" + check_character("99999999A0000000X")
KEYS = [column.key for column in COLUMNS]


def demo(scenario: Scenario, rows: int, seed: int = 1) -> bytes:
    plan = scenario.engine.read.campaign(scenario.campaign)
    industries = [(group.id, group.name, group.industries) for group in plan.groups if group.industries]
    return register(rows, seed, [(unit.id, unit.name) for unit in plan.areas], industries)


def csv_of(*sites: dict[str, str]) -> bytes:
    lines = [",".join(column.zh for column in COLUMNS)]
    lines += [",".join(site.get(key, "") for key in KEYS) for site in sites]
    return "\n".join(lines).encode("utf-8-sig")


def site(number: int, **more: str) -> dict[str, str]:
    return {
        "name": f"演示加工点{number}（演示）",
        "area": "城郊镇",
        "address": f"演示路{number}号（演示）",
        "industry": "木材家具",
        **more,
    }


def command_line(scenario: Scenario, tmp_path: Path, content: bytes, *options: str, name: str = "底册.xlsx") -> Result:
    file = tmp_path / name
    file.write_bytes(content)
    environment = {
        "DUBAN_SECRET_FILE": str(scenario.config.secret_file),
        "DUBAN_PROCESSES": str(PROCESSES),
        "DUBAN_DATABASE_URL": scenario.config.database_url,
    }
    return CliRunner().invoke(duban, ["import", str(file), *options], env=environment)


def count(scenario: Scenario) -> int:
    return int(scenario.rows(sa.select(sa.func.count().label("n")).select_from(cases))[0]["n"])


# -- the command line --------------------------------------------------------------------------------------------------
def test_the_command_line_imports_in_portions_and_says_how_far_it_is(scenario: Scenario, tmp_path: Path) -> None:
    done = command_line(scenario, tmp_path, demo(scenario, 25), "--rows-at-once", "10")

    *steps, last = done.output.splitlines()
    assert done.exit_code == 0
    assert steps == [
        "已处理 10/25 行，新增 10 户 10/25 rows, 10 added",
        "已处理 20/25 行，新增 20 户 20/25 rows, 20 added",
        "已处理 25/25 行，新增 25 户 25/25 rows, 25 added",
    ]
    assert last.startswith("导入完成：新增 25 户，已在册 0 户，用时 ")
    assert "Imported: 25 added, 0 known already, " in last
    imported = [(fact["detail"]["filename"], fact["detail"]["added"]) for fact in scenario.facts("RegisterImported")]
    assert imported == [("底册.xlsx (1/3)", 10), ("底册.xlsx (2/3)", 10), ("底册.xlsx (3/3)", 5)]
    assert scenario.engine.read.violations() == ()


def test_the_same_file_again_adds_nobody_whatever_the_portions(scenario: Scenario, tmp_path: Path) -> None:
    command_line(scenario, tmp_path, demo(scenario, 25), "--rows-at-once", "10")

    again = command_line(scenario, tmp_path, demo(scenario, 25), "--rows-at-once", "7", "--json")

    told = json.loads(again.output)
    assert {**told, "seconds": 0} == {"added": [], "known": 25, "rows": 0, "seconds": 0, "warnings": []}
    assert count(scenario) == 25 and len(scenario.facts("RegisterImported")) == 3


def test_a_dry_run_of_the_command_line_writes_nothing(scenario: Scenario, tmp_path: Path) -> None:
    done = command_line(scenario, tmp_path, demo(scenario, 5), "--dry-run")

    assert done.output.splitlines() == [
        "检查通过：将新增 5 户，已在册 0 户，没有写入。 "
        "In order: 5 would be added, 0 known already; nothing was written."
    ]
    assert count(scenario) == 0


def test_a_portion_that_was_answered_is_not_done_again(scenario: Scenario) -> None:
    """As when the answer to a commit was lost: the key of the portion stands, and its cases do."""
    checked = check_register(scenario.engine, scenario.campaign, demo(scenario, 6), "底册.xlsx", by=SYSTEM)
    broken_off = import_portions(scenario.engine, checked, by=SYSTEM, size=2)
    first = [next(broken_off), next(broken_off)]

    rest = list(import_portions(scenario.engine, checked, by=SYSTEM, size=2))

    assert [len(portion.added) for portion in first] == [2, 2]
    assert [(len(portion.added), portion.known) for portion in rest] == [(0, 2), (0, 2), (2, 0)]
    assert count(scenario) == 6


def test_a_row_that_somebody_registers_meanwhile_stops_the_import_and_says_so(scenario: Scenario) -> None:
    rows = [site(number) for number in range(3)] + [site(3, credit_code=CODE)]
    content = csv_of(*rows)
    checked = check_register(scenario.engine, scenario.campaign, content, "a.csv", by=SYSTEM)
    taken = replace(checked.rows[3], fingerprint="somebody else", name="先登记的（演示）")
    scenario.engine.execute(RegisterCases(scenario.campaign, (taken,)), by=scenario.supervisor)

    portions = import_portions(scenario.engine, checked, by=SYSTEM, size=2)
    assert len(next(portions).added) == 2
    with pytest.raises(Invalid) as stopped:
        next(portions)

    assert f"{CODE} 已在册" in stopped.value.problems[0].zh
    assert count(scenario) == 3


WRONG_FILES = {
    "not a table": (b"\x00\x01\x02 no table", "a.xlsx", "不是 Excel 工作簿"),
    "an old workbook": (b"\xd0\xcf\x11\xe0old", "a.xls", "旧版 .xls"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "a.csv", "不是可识别的表格"),
    "empty": (b"", "a.csv", "文件是空的"),
    "no header": ("甲,乙\n1,2\n".encode(), "a.csv", "没有找到表头"),
    "a column missing": ("名称,所在镇街,行业\n演示,城郊镇,木材家具\n".encode(), "a.csv", "地址"),
    "an unknown area": (csv_of(site(1), site(2, area="天边镇")), "a.csv", "“天边镇”不在本次行动的镇街名单中"),
    "rows twice": (csv_of(site(1), site(2), site(1)), "a.csv", "第 2 行和第 4 行的名称和地址相同"),
    "too many rows": (csv_of(*({"name": str(n)} for n in range(50_001))), "a.csv", "超过 50000 行"),
}


@pytest.mark.parametrize("wrong", WRONG_FILES)
def test_a_wrong_file_is_refused_whole_with_the_place_and_the_reason(
    scenario: Scenario, tmp_path: Path, wrong: str
) -> None:
    content, name, reason = WRONG_FILES[wrong]

    done = command_line(scenario, tmp_path, content, name=name)

    assert isinstance(done.exception, Invalid)
    assert any(reason in problem.zh for problem in done.exception.problems), done.exception.problems
    assert all(problem.en for problem in done.exception.problems)
    assert count(scenario) == 0


def test_every_fault_of_every_row_is_told_at_once(scenario: Scenario, tmp_path: Path) -> None:
    content = csv_of(site(1, area="天边镇"), site(2), site(3, address=""), site(2))

    done = command_line(scenario, tmp_path, content, name="a.csv")

    assert isinstance(done.exception, Invalid)
    assert [problem.where for problem in done.exception.problems] == [
        "第 2 行“所在镇街”", "第 4 行“地址”", "第 5 行“名称和地址”"
    ]  # fmt: skip


def test_fifty_thousand_rows_are_a_register(scenario: Scenario) -> None:
    content = csv_of(*(site(number) for number in range(50_000)))

    checked = check_register(scenario.engine, scenario.campaign, content, "a.csv", by=SYSTEM)

    assert (checked.fresh, checked.known, len(checked.rows)) == (50_000, 0, 50_000)


# -- the page ----------------------------------------------------------------------------------------------------------
def sent(browser: Browser, content: bytes, name: str = "底册.csv") -> Any:
    browser.get("/register")
    return browser.post(
        "/register/check",
        {"campaign": "linxia_2024", "file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def test_the_page_checks_first_and_then_imports_all_in_one_go(scenario: Scenario, signed_in: Any) -> None:
    browser = signed_in("ducha1")
    content = csv_of(site(1), site(2))

    assert sent(browser, content).status_code == 200
    assert count(scenario) == 0
    assert base64.b64decode(browser.hidden("packed")) == content
    packed = {"campaign": "linxia_2024", "filename": "底册.csv", "packed": browser.hidden("packed")}
    assert browser.post("/register", packed).status_code == 303

    assert count(scenario) == 2 and len(scenario.facts("RegisterImported")) == 1


def test_the_page_sends_a_large_register_to_the_command_line(scenario: Scenario, signed_in: Any) -> None:
    browser = signed_in("ducha1")
    browser.get("/register")
    assert "5000 行" in browser.page and "duban import" in browser.page

    response = sent(browser, csv_of(*(site(number) for number in range(imports.MAX_ROWS + 1))))

    assert response.status_code == 422
    assert "文件有 5001 行" in browser.page and "duban import" in browser.page
    assert count(scenario) == 0


def test_the_page_takes_as_many_rows_as_it_says(scenario: Scenario, signed_in: Any) -> None:
    browser = signed_in("ducha1")

    response = sent(browser, csv_of(*(site(number) for number in range(imports.MAX_ROWS))))

    assert response.status_code == 200 and browser.hidden("packed")


@pytest.mark.parametrize("wrong", ["not a table", "a column missing", "an unknown area", "rows twice"])
def test_the_page_names_what_is_wrong(scenario: Scenario, signed_in: Any, wrong: str) -> None:
    content, name, reason = WRONG_FILES[wrong]
    browser = signed_in("ducha1")

    response = sent(browser, content, name)

    assert response.status_code == 422 and reason in browser.page
    assert count(scenario) == 0
