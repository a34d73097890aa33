"""States as each released codec wrote them, kept with the diagrams they were made of: how they are made and read.

`python tests/bpmn/golden_states.py` writes those of the version that the engine writes now, once; older ones are never
written again, since only the code of their time can make them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.bpmn.definition import Definition, Model, load_model
from engine.bpmn.execution import Execution
from engine.bpmn.step import Moment, Step

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2024, 5, 16, 1, 0, tzinfo=UTC)
CASE = ("case_lifecycle", "survey", "cleanup", "improvement", "acceptance", "lookback")
SITE = {
    "case": "LX2024-0001",
    "name": "演示石材加工点（演示）",
    "campaign": "linxia_2024",
    "area": "town_demo",
    "lead": "gxj",
    "office": "office",
    "group": "industry",
    "is_lookback": False,
}
SURVEYED = {"kinds": ["wu"], "is_illegal": False, "proposed": "rectify", "proposed_reason": "现场核实（演示）"}
ITEM = {
    "item": "item-demo",
    "item_name": "落实两断三清（演示）",
    "unit": "gxj",
    "original_due": "2024-06-13T18:00:00+08:00",
    "last_rung": -1,
    "is_report": False,
    "reason": "overdue",
    **SITE,
}
UNITS = {"area": "town_demo", "units": ["u1", "u2", "u3"], "rows": [{"id": 1, "x": [1, True, 1.0, None]}], "gone": 1}


@dataclass(frozen=True)
class Act:
    """`complete`, `complete_job` or `fire` an element, or `deliver` a message, with what it brings."""

    name: str
    element_id: str
    variables: Mapping[str, Any]
    which: int = 0


def done(element_id: str, which: int = 0, **variables: Any) -> Act:
    return Act("complete", element_id, variables, which)


def job(element_id: str, **variables: Any) -> Act:
    return Act("complete_job", element_id, variables)


def fired(element_id: str) -> Act:
    return Act("fire", element_id, {})


def came(message: str, **variables: Any) -> Act:
    return Act("deliver", message, variables)


@dataclass(frozen=True)
class Story:
    """How an instance came where it stands, and the act that a test performs on it."""

    processes: tuple[str, ...]
    variables: Mapping[str, Any]
    acts: tuple[Act, ...]
    then: Act


SURVEYING = (
    done("survey_site", **SURVEYED),
    done("review_disposition", outcome="confirmed"),
    job("send_notice", letter_id="letter-demo"),
)
IMPROVING = (
    *SURVEYING,
    done("rectification_plan", planned_finish="2024-07-30"),
    done("guide_rectification", guided_on="2024-05-20"),
)
ACCEPTING = (
    *IMPROVING,
    done("report_standard", extension_asked=False, emission_result="met"),
    done("apply_acceptance", application_statement="已全部完成（演示）"),
    done("site_check", site_check_result="pass"),
    done("second_check", second_check_result="pass"),
)
BACK = (done("survey_site", **SURVEYED), done("review_disposition", outcome="returned", return_reason="材料不全"))
STORIES = {
    "in_survey": Story(CASE, SITE, (), done("survey_site", **SURVEYED)),
    "after_two_send_backs": Story(
        CASE,
        SITE,
        (*BACK, *BACK, done("survey_site", **SURVEYED)),
        done("review_disposition", outcome="confirmed"),
    ),
    "late_in_survey": Story(
        CASE,
        SITE,
        (
            fired("survey_site_reminder"),
            job("survey_site_remind"),
            fired("survey_site_overdue"),
            job("survey_site_supervise", supervision_item="item-demo"),
        ),
        done("survey_site", **SURVEYED),
    ),
    "in_cleanup_with_timers": Story(
        CASE,
        SITE,
        (*SURVEYING, fired("rectification_plan_reminder")),
        done("rectification_plan", planned_finish="2024-07-30"),
    ),
    "in_an_embedded_process_of_a_called_one": Story(
        CASE, SITE, IMPROVING, done("report_standard", extension_asked=False, emission_result="met")
    ),
    "before_the_signature": Story(
        CASE, SITE, ACCEPTING, done("sign_off", outcome="returned", return_reason="噪声扰民（演示）")
    ),
    "climbing_the_ladder": Story(("supervision",), ITEM, (), came("item_resolved")),
    "in_parallel_acceptance": Story(
        ("joint",),
        UNITS,
        (done("left_a", state="left"), done("left_b", rows=[{"id": 2}]), fired("soon"), job("remind", letter_no=7)),
        done("right", seen=True),
    ),
    "several_at_once": Story(
        ("joint",),
        UNITS,
        (done("left_a"), done("right", seen=True), done("left_b"), done("sign", which=1, opinion="乙")),
        done("sign", opinion="甲"),
    ),
    "at_an_event_gateway": Story(
        ("joint",),
        UNITS,
        (
            *(done("left_a"), fired("soon"), done("right"), done("left_b"), job("remind", letter_no=7)),
            *(done("sign", opinion=opinion) for opinion in "甲乙丙"),
            done("judge", outcome="returned"),
            *(done("left_a"), done("right"), done("left_b", state="second")),
            *(done("sign", opinion=opinion) for opinion in "丁戊己"),
            done("judge", outcome="approved"),
        ),
        came("answer", answer="同意"),
    ),
}


def moment() -> Moment:
    """Deadline functions that count plain days, so that no calendar and no campaign can change what is expected."""

    def days(text: str) -> timedelta:
        return timedelta(days=int(text.removesuffix("wd").removesuffix("d")))

    def instant(value: Any) -> datetime:
        value = datetime.fromisoformat(value) if isinstance(value, str) else value
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    functions: dict[str, Callable[..., Any]] = {
        "after": lambda text, start=None: instant(start or NOW) + days(text),
        "before": lambda due, text: instant(due) - days(text),
        "at": lambda day, clock: instant(f"{day}T{clock}"),
        "now": lambda: NOW,
        "latest": lambda *dues: max(map(instant, dues)),
        "earliest": lambda *dues: min(map(instant, dues)),
        "phase_end": lambda key: datetime(2024, 8, 31, 10, tzinfo=UTC),
        "workdays_between": lambda start, end: (instant(end) - instant(start)).days,
    }
    return Moment(NOW, functions)


def model(processes: tuple[str, ...]) -> Model:
    """Made of the files that lie beside the states, whatever the shipped processes look like by now."""
    return load_model([_definition(key) for key in processes])


def _definition(key: str) -> Definition:
    files = {path.name: path.read_bytes() for path in sorted((GOLDEN / "definitions" / key).iterdir())}
    return Definition(f"golden-{key}", key, 1, files)


def perform(execution: Execution, act: Act) -> Step:
    if act.name == "deliver":
        return execution.deliver(act.element_id, act.variables, moment())
    token = [token.token for token in execution.tokens() if token.element_id == act.element_id][act.which]
    if act.name == "fire":
        return execution.fire(token, moment())
    method: Callable[..., Step] = getattr(execution, act.name)
    return method(token, act.variables, moment())


def standing(execution: Execution) -> dict[str, Any]:
    """Where an instance stands, without ids."""
    return {
        "tokens": [[token.process_key, token.element_id, token.kind] for token in execution.tokens()],
        "active": [list(place) for place in execution.active_elements()],
        "variables": execution.variables(),
        "ended": execution.is_ended,
    }


def told(step: Step) -> dict[str, Any]:
    """What a step did, without ids."""
    return {
        "tasks": [[t.element.element_id, t.variables, str(t.due), t.deadline_names] for t in step.opened_tasks],
        "closed": len(step.closed_tokens),
        "timers": [[t.element.element_id, str(t.due), t.expression, t.names] for t in step.opened_timers],
        "jobs": [[j.element.element_id, j.kind, j.inputs] for j in step.opened_jobs],
        "waits": [[w.element.element_id, w.message] for w in step.opened_waits],
        "milestones": [[m.name, m.variables, str(m.due)] for m in step.milestones],
        "passed": [list(place) for place in step.passed],
        "decisions": [[d.decision_id, d.rule_id, d.outputs] for d in step.decisions],
        "ended": step.ended,
    }


def played(story: Story) -> Execution:
    execution, _ = Execution.start(model(story.processes), story.variables, moment())
    for act in story.acts:
        perform(execution, act)
        execution = Execution.load(execution.model, execution.dump(), moment())
    return execution


def write() -> None:
    """What stands in the present version's folder already stays as it is."""
    for name, story in STORIES.items():
        execution = played(story)
        blob = execution.dump()
        folder = GOLDEN / f"version_{blob[0]}"
        folder.mkdir(exist_ok=True)
        if (folder / f"{name}.state").exists():
            continue
        expected = {
            "processes": story.processes,
            "definition_ids": execution.model.definition_ids,
            "before": standing(execution),
            "act": vars(story.then),
            "step": told(perform(execution, story.then)),
            "after": standing(execution),
        }
        (folder / f"{name}.state").write_bytes(blob)
        text = json.dumps(expected, ensure_ascii=False, indent=1)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
