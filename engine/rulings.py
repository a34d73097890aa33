"""What a campaign's ladder says of a supervision item: the facts it is told, the table asked, and the row that spoke.

A ruling is kept with the item and the rung, so that the page can explain it for ever by the version that judged.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine import plans
from engine.bpmn.decision import Decision, DecisionError, DecisionResult, read_decision
from engine.bpmn.document import DocumentRefused
from engine.bpmn.table_faults import table_problems
from engine.domain import escalation, lights
from engine.domain.calendar import civil_date
from engine.domain.campaign import Campaign
from engine.domain.case import PHASES
from engine.domain.escalation import NO_TALK, NOT_YET, Ladder, Rung, ladder_of
from engine.errors import Invalid, Problem
from engine.store import accountability, cases, standing_rungs, supervision
from engine.store.transaction import Reader, Scope, Transaction

Ruling = dict[str, Any]  # definition_id, decision, rule_id, inputs, answer, calendar, at


def ladder(scope: Scope, campaign_id: str) -> Ladder:
    """The rungs of a campaign by the newest version of its table."""
    _, table = plans.table(scope, plans.campaign(scope, campaign_id).rules["ladder"])
    return ladder_in(table)


def rung_again(scope: Scope, campaign_id: str, instrument: str, ruling: Ruling | None) -> Rung | None:
    """The rung of that instrument by the newest version: by the row that would speak again, told the same as then;
    where that row leads elsewhere now, by the first row of the instrument. None when there is none."""
    _, table = plans.table(scope, plans.campaign(scope, campaign_id).rules["ladder"])
    known = ladder_in(table)
    inputs = (ruling or {}).get("inputs") or {}
    if set(inputs) >= set(escalation.INPUTS):
        before = known.of((ruling or {}).get("stood_on"))
        told = {**inputs, "last_rung": before.level if before is not None else inputs["last_rung"]}
        try:
            again = ladder_of([table.decide(told).outputs]).of(instrument)
        except DecisionError:
            again = None
        if again is not None:
            return again
    return known.of(instrument)


def ladder_in(table: Decision) -> Ladder:
    return escalation.ladder_of(table.outputs_of(rule) for rule in table.rules)


def decide(
    scope: Reader | Transaction, campaign_id: str, item_id: str | None, name: str, variables: Mapping[str, Any]
) -> DecisionResult:
    """The answer of the campaign's table for an item, with what it was told.

    `variables` are those of the supervision process. Raises DecisionError when the table has no answer, or one that
    a ladder may not give.
    """
    definition_id, table = plans.table(scope, plans.campaign(scope, campaign_id).rules[name.rpartition(".")[2]])
    item = supervision.get_item(scope.connection, item_id) if item_id else None
    inputs = inputs_of(scope, ladder_in(table), item, variables)
    functions = plans.timetable(scope, campaign_id).functions()
    return ask(table, inputs, variables, functions, definition_id)


def ask(
    table: Decision,
    inputs: Mapping[str, Any],
    variables: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    definition_id: str = "",
) -> DecisionResult:
    """The row that speaks, with its whole answer. Raises DecisionError also for what no ladder may say."""
    result = table.decide({**variables, **inputs}, functions)
    answer = escalation.answer_of(result.outputs)
    try:
        escalation.check_answer(answer, inputs["last_rung"])
    except Invalid as error:
        [first, *_] = error.problems
        where = f"{table.decision_id}:{result.rule_id}"
        raise DecisionError(where, f"{table.name}：{first.zh}", f"{table.name}: {first.en}") from error
    return DecisionResult(answer, result.rule_id, table.decision_id, dict(inputs), definition_id)


def inputs_of(
    scope: Reader | Transaction, rungs: Ladder, item: Mapping[str, Any] | None, variables: Mapping[str, Any]
) -> dict[str, Any]:
    """What a ladder is asked about. Working days count from the original due date, which never resets."""
    level = int(variables.get("last_rung", NOT_YET))
    last = supervision.last_rung(scope, item["item_id"]) if item is not None else None
    reached = NOT_YET
    if item is not None:
        reached = reached_level(scope, rungs, item["item_id"])
        if level > NOT_YET and _is_taken_back(scope, item, level):
            level = NOT_YET
    due_at = item["due_original_at"] if item is not None else scope.now
    return {
        "last_rung": escalation.position_of(
            rungs, level=level, instrument=str(variables.get("instrument") or ""), reached=reached
        ),
        "overdue_workdays": _workdays_since(scope, due_at),
        "schedule_gap": gap_of(scope, item) if item is not None else None,
        "reds": supervision.reds_in_a_row(scope, item) if item is not None else 0,
        "is_report": bool(variables.get("is_report")),
        "talk": accountability.talk_of_item(scope, item["item_id"]) if item is not None else NO_TALK,
        "rung_workdays": _workdays_since(scope, last["at"]) if last is not None else 0,
    }


def reached_level(scope: Reader | Transaction, rungs: Ladder, item_id: str) -> int:
    """Where the item stands by the last rung whose letter was not taken back, on the ladder as it is numbered now."""
    standing = standing_rungs.last_standing(scope, item_id)
    if standing is None:
        return NOT_YET
    return escalation.position_of(rungs, level=standing["level"], instrument=standing["instrument"])


def _is_taken_back(scope: Reader | Transaction, item: Mapping[str, Any], level: int) -> bool:
    """Whether the rung that the process remembers went out and was taken back: a skipped one stays skipped. While the
    table says to wait, the process remembers the rung from before it was asked."""
    ruling = item["ruling"]
    if not ruling:
        return False
    asked_at = None if ruling["answer"]["act"] == escalation.WAIT else datetime.fromisoformat(ruling["at"])
    return standing_rungs.is_taken_back(scope, item["item_id"], level=level, since=asked_at)


def _workdays_since(scope: Reader | Transaction, instant: datetime) -> int:
    return plans.calendar(scope).workdays_between(civil_date(instant), civil_date(scope.now))


def gap_of(scope: Reader | Transaction, item: Mapping[str, Any]) -> float | None:
    """By how many percentage points the case of an item lies behind its plan; None for reports and for plans that
    give their milestones no weights. Expected is the share of the case's working days that are over."""
    weights = plans.campaign(scope, item["campaign_id"]).progress
    case = cases.get(scope, item["case_id"]) if item["case_id"] else None
    reported = lights.reached_percent(weights, case) if case is not None else None
    if case is None or reported is None:
        return None
    calendar, start = plans.calendar(scope), civil_date(case["registered_at"])
    due_on, today = civil_date(case["due_original_at"] or scope.now), civil_date(scope.now)
    total = max(calendar.workdays_between(start, due_on), 0)
    over = min(max(calendar.workdays_between(start, today), 0), total)
    return lights.schedule_gap(over / total if total else 1.0, reported)


# -- checks ------------------------------------------------------------------------------------------------------------
def check_tables(files: Mapping[str, bytes]) -> list[Problem]:
    """Everything that speaks against tables on their own: a ladder is asked for every rung and day, lights for red.

    Which of them a table is, its output columns say; what is neither is only read.
    """
    found: list[Problem] = []
    for name in sorted(files):
        if not name.endswith(".dmn"):
            continue
        try:
            table = read_decision(files[name])
        except (DecisionError, DocumentRefused) as error:
            several = [Problem(f"{name}:{each.where}".rstrip(":"), each.zh, each.en) for each in error.problems]
            found += table_problems(files[name], name) or several
            continue
        if f"{table.decision_id}.dmn" != name.rpartition("/")[2]:
            zh = f"决策编号“{table.decision_id}”与文件名不一致，请改成一样的：方案按这个名字引用它。"
            en = f'The id "{table.decision_id}" is not the name of the file; campaigns name a table by it.'
            found.append(Problem(name, zh, en))
        found += _check_table(name, table)
    return found


def _check_table(name: str, table: Decision) -> list[Problem]:
    found: list[Problem] = []
    if "light" in table.output_names:
        try:
            red = lights.early_red(lambda inputs: str(table.decide(inputs).outputs["light"]))
        except DecisionError as error:
            return [Problem(name, error.zh, error.en)]
        if red is not None:
            found.append(Problem(name, *red))
        overdue = table.decide(lights.Change(0, 0.0, True).inputs()).outputs["light"]
        if overdue != lights.RED:
            zh, en = "逾期的事项必须亮红灯。", "What is overdue must be red."
            found.append(Problem(name, zh, en))
    elif "instrument" in table.output_names:
        missing = [column for column in escalation.OUTPUTS if column not in table.output_names]
        if missing:
            listed = ", ".join(missing)
            return [Problem(name, f"阶梯表缺少输出列：{listed}。", f"The ladder lacks the output columns {listed}.")]
        rows = [table.outputs_of(rule) for rule in table.rules]
        found += escalation.check_ladder(name, rows, lambda inputs: escalation.answer_of(table.decide(inputs).outputs))
    return found


def check_rules(rules: Mapping[str, str], files: Mapping[str, Mapping[str, bytes]]) -> list[Problem]:
    """Whether the tables that a campaign names are there and are what it takes them for; `files` by folder.

    Problems stand at `rules.ladder`, `rules.lights` or `rules.disposition`.
    """
    found = []
    for role, column in (("ladder", "instrument"), ("lights", "light")):
        known = _tables_with(column, {**files.get("supervision", {}), **files.get(plans.TABLES_KEY, {})})
        if rules[role] not in known:
            listed = "、".join(sorted(known)) or "（无）"
            zh = f"没有名为“{rules[role]}”的{'督办阶梯' if role == 'ladder' else '亮灯'}规则表，可用的有：{listed}。"
            en = f'There is no {role} table "{rules[role]}". Known are: {", ".join(sorted(known)) or "none"}.'
            found.append(Problem(f"rules.{role}", zh, en))
    if not any(f"{rules['disposition']}.dmn" in files.get(phase, {}) for phase in PHASES):
        zh = f"没有名为“{rules['disposition']}”的处置规则表。"
        found.append(Problem("rules.disposition", zh, f'There is no table "{rules["disposition"]}" of dispositions.'))
    return found


def check_deployed(scope: Scope, plan: Campaign) -> list[Problem]:
    """As `check_rules`, against what is deployed."""
    files = {key: plans.newest_files(scope, key) for key in (plans.TABLES_KEY, "supervision", *PHASES)}
    return check_rules(plan.rules, files)


def _tables_with(column: str, files: Mapping[str, bytes]) -> set[str]:
    found = set()
    for name, content in files.items():
        if name.endswith(".dmn"):
            try:
                table = read_decision(content)
            except (DecisionError, DocumentRefused):
                continue
            if column in table.output_names:
                found.add(table.decision_id)
    return found
