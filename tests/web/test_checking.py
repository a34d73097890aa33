"""One check behind `duban check`, the upload and the studio: every file of a folder, with its rule and element."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import sources
from engine.errors import Problem
from web.bootstrap import check_files
from web.cli.main import duban
from web.problems import problem_json

PROCESSES = Path(__file__).parents[2] / "processes"
FOREIGN = Path(__file__).parents[1] / "bpmn" / "corpus" / "foreign"
FOLDERS = sources.process_folders(PROCESSES)
FIELDS = ["file", "element", "property", "severity", "rule", "zh", "en", "todo_zh", "todo_en"]


def folder(key: str, **changes: bytes | None) -> dict[str, bytes]:
    """A shipped folder with some files changed; None takes one away. `__` stands for a dot, `_in_` for a slash."""
    files = dict(next(found.files for found in FOLDERS if found.key == key))
    for name, content in changes.items():
        place = name.replace("_in_", "/").replace("__", ".")
        files.pop(place, None)
        if content is not None:
            files[place] = content
    return files


def found(key: str, files: dict[str, bytes]) -> list[tuple[str, str, str, str]]:
    problems = [problem_json(problem) for problem in check_files(key, files, FOLDERS)]
    assert all(list(problem) == FIELDS and problem["zh"] and problem["en"] for problem in problems)
    return [(problem["file"], problem["element"], problem["rule"], problem["severity"]) for problem in problems]


@pytest.mark.parametrize("key", [folder.key for folder in FOLDERS])
def test_every_shipped_folder_has_nothing_to_say_about(key: str) -> None:
    assert found(key, folder(key)) == []


def test_each_file_beside_the_diagram_is_checked_under_its_own_rule() -> None:
    form = json.dumps({"type": "default", "id": "x", "components": [{"type": "textfield", "key": "a b", "label": "x"}]})
    files = folder(
        "lookback",
        lookback_check__form=form.encode(),
        relapse_rules__dmn=b"<a/>",
        tests_in_wrong__toml=b'name = "x"\nprocess = "lookback"\nsteps = 3\n',
        tests_in_no__toml=b"\xff",
    )

    problems = found("lookback", files)

    assert {(file, rule, severity) for file, _, rule, severity in problems} >= {
        ("lookback_check.form", "form-usable", "error"),
        ("relapse_rules.dmn", "decision-readable", "error"),
        ("tests/wrong.toml", "walk-readable", "warning"),
        ("tests/no.toml", "walk-readable", "warning"),
        ("lookback.bpmn", "decision-exists", "error"),
    }
    assert "form-keys" not in {rule for _, _, rule, _ in problems}  # `forms` has said it


def test_tables_and_letters_of_their_own_are_checked_too() -> None:
    light = next(name for name in folder("ladders") if name == "lights.dmn")
    ladders = {**folder("ladders"), light: folder("ladders")[light].replace(b'"red"', b'"pink"')}
    letters = {**folder("letters"), "urge.html.j2": b"<p>{{ nobody }}</p>", "notice.html.j2": b"\xff"}

    assert {rule for _, _, rule, _ in found("ladders", ladders)} == {"campaign-table"}
    assert {(file, rule) for file, _, rule, _ in found("letters", letters)} == {
        ("urge.html.j2", "letter-template"),
        ("notice.html.j2", "letter-template"),
    }


def test_processes_that_call_each_other_in_a_circle_are_found_across_folders() -> None:
    call = b'<bpmn:callActivity id="back" name="x" calledElement="case_lifecycle"><bpmn:incoming>'
    diagram = folder("survey")["survey.bpmn"]
    turned = diagram.replace(b"</bpmn:process>", call + b"x</bpmn:incoming></bpmn:callActivity></bpmn:process>")

    rules = {(element, rule) for _, element, rule, _ in found("survey", folder("survey", survey__bpmn=turned))}

    assert ("back", "call-circle") in rules


def test_letters_and_tables_are_no_processes_that_can_be_called() -> None:
    diagram = folder("case_lifecycle")["case_lifecycle.bpmn"].replace(
        b'calledElement="survey"', b'calledElement="letters"'
    )

    rules = [rule for _, _, rule, _ in found("case_lifecycle", folder("case_lifecycle", case_lifecycle__bpmn=diagram))]

    assert rules.count("called-process-exists") == 1


def test_a_task_of_a_name_that_the_case_has_twice_must_be_named_with_its_process() -> None:
    survey = folder("survey")["survey.bpmn"].replace(b'id="review_disposition"', b'id="rectification_plan"')
    beside = [*(each for each in FOLDERS if each.key != "survey"), sources.Folder("survey", {"survey.bpmn": survey})]
    acceptance = folder("acceptance")
    named = acceptance["acceptance.bpmn"].replace(b" rectification_plan", b" cleanup:rectification_plan")

    told = check_files("acceptance", acceptance, beside)

    assert {(problem.rule, problem.severity) for problem in told} == {("separation-which", "warning")}
    assert check_files("acceptance", {**acceptance, "acceptance.bpmn": named}, beside) == []


def test_a_phase_of_no_plan_is_told_on_the_command_line(tmp_path: Path) -> None:
    diagram = folder("cleanup")["cleanup.bpmn"].replace(b'phase_end("cleanup")', b'phase_end("nophase")')
    (tmp_path / "cleanup").mkdir()
    (tmp_path / "cleanup" / "cleanup.bpmn").write_bytes(diagram)

    told = CliRunner().invoke(duban, ["check", "--json", str(tmp_path / "cleanup")])

    found = [record for record in json.loads(told.output) if record["rule"] == "phase-exists"]
    assert {record["element"] for record in found} == {"close_checks", "rectification_plan"}
    assert all(record["en"].endswith("The plans have: cleanup, improvement, survey.") for record in found)


def test_the_command_line_explains_other_tools_files_and_never_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_bytes(b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>")
    names = [str(path) for path in sorted(FOREIGN.glob("*.bpmn"))]

    told = CliRunner().invoke(duban, ["check", *names, str(broken)])
    answered = CliRunner().invoke(duban, ["check", "--json", *names, str(broken)])

    records = json.loads(answered.output)
    assert (told.exit_code, answered.exit_code) == (1, 1)
    assert all(set(record) == {"path", *FIELDS} for record in records)
    assert {Path(record["path"]).stem for record in records} == {*(Path(name).stem for name in names), "broken"}
    assert "Activity_book: (warning) “登记”的 camunda:class（org.example.BookDelegate）" in told.output
    assert "duban:candidateGroups" in told.output and "Traceback" not in told.output + answered.output
    first = next(line for line in told.output.splitlines() if line.startswith("leave_request.bpmn"))
    assert "(warning)" not in first  # errors come first


def test_a_problem_that_only_names_a_place_still_has_an_element() -> None:
    record = problem_json(Problem("a.bpmn:one", "中。", "En.", "warning"))

    assert (record["file"], record["element"], record["rule"]) == ("a.bpmn", "one", "")


def test_a_walk_that_expects_nothing_or_hands_in_what_no_form_could_is_warned_of() -> None:
    head = 'name = "x"\nprocess = "survey"\nnow = "2024-06-11T09:00:00+08:00"\n[[steps]]\ncomplete = "survey_site"\n'
    answers = 'variables = { proposed = "瞎写", kinds = "wu", is_illegal = 1, town = "x" }\n'
    returned = (
        '[[steps]]\ncomplete = "review_disposition"\nvariables = { outcome = "returned", return_reason = "重写" }\n'
        '[[steps]]\ncomplete = "sign_off"\nvariables = { outcome = "returned", list = 3 }\nexpect = { ended = false }\n'
    )
    files = folder("survey", tests_in_x__toml=(head + answers).encode(), tests_in_y__toml=(head + returned).encode())

    problems = [problem_json(problem) for problem in check_files("survey", files, FOLDERS)]

    assert [(problem["file"], problem["element"], problem["rule"]) for problem in problems] == [
        ("tests/x.toml", "", "walk-expects"),
        ("tests/x.toml", "steps.#1.variables.proposed", "walk-answers"),
        ("tests/x.toml", "steps.#1.variables.kinds", "walk-answers"),
        ("tests/x.toml", "steps.#1.variables.is_illegal", "walk-answers"),
        ("tests/x.toml", "steps.#1.variables.town", "walk-answers"),
        ("tests/y.toml", "steps.#3.variables.outcome", "walk-answers"),
        ("tests/y.toml", "steps.#3.variables.list", "walk-answers"),
    ]
    assert {problem["severity"] for problem in problems} == {"warning"}
    assert "第 1 步替“survey_site”填的内容，表单交不出来：" in problems[1]["zh"] and "“瞎写”" in problems[1]["zh"]
    assert 'hands in ["wu"], not "wu"' in problems[2]["en"] and "会交出 true，不是 1" in problems[3]["zh"]
