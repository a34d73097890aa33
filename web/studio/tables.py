"""The tab of decision tables: the editor's page, and one try of the table as it stands on the screen."""

import json
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from engine.bpmn.decision import Decision, literal, read_decisions
from engine.bpmn.table_faults import table_problems
from engine.domain.actor import BUILDING_ROLES
from engine.errors import Invalid, Problem
from web.permission import needs
from web.studio.api import READERS, Answer, answers, asked, text_of
from web.studio.editing import add_file, editor_page, with_policy

blueprint = Blueprint("studio_tables", __name__)
MAX_TYPED: Final = 2000
ANSWERS: Final = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}
# The style attributes that dmn-js writes as markup, and no others: those of the bpmn.io mark with what a click on it
# opens, which its licence wants unaltered, and of the invisible picture under a dragged row.
STYLES: Final = (
    "style-src 'self' 'unsafe-hashes' "
    "'sha256-r3vOsuepBDg6tz/cOusiNJ9Y4Lp9hGQTT7pzDks1Xxc=' 'sha256-CA/eh4+2R0J7cEQ14gBMtx834RIOjzMUqCM+evtrkp4=' "
    "'sha256-JpvvTIK7ulxf/3oA+AUuVbO9Labs8npGWGm9X9nGIWw=' 'sha256-9OIpRRx0bq4t4s2zyqbocMNwedniLDaxLB+FlLIjNgM=' "
    "'sha256-GAdrtwahSjGXI0UQQnfyEVtPn+wfgQxvyrjyQuByfuU=' 'sha256-ZG9bHUWWXDZyu7zfItuLwGK+cah/hweM0RfXpZpxZVM=' "
    "'sha256-T+dPSjRVHalDc/mwQm0/E2bredKPUxLfYOuU3MOV1BE='"
)


@blueprint.get("/studio/drafts/<draft_id>/tables")
@needs(*READERS)
def tables(draft_id: str) -> Response:
    html = render_template("studio/tables.html", page=editor_page(draft_id, "tables"))
    return with_policy(html, STYLES)


@blueprint.post("/studio/drafts/<draft_id>/tables")
@needs(*BUILDING_ROLES)
def add(draft_id: str) -> BaseResponse | tuple[Response, int]:
    """A new table."""
    done = add_file(draft_id, "tables", "studio_tables.tables")
    if not isinstance(done, str):
        return done
    page = editor_page(draft_id, "tables", typed=request.form.get("name", "")[:200], problem=done)
    return with_policy(render_template("studio/tables.html", page=page), STYLES), 422


@blueprint.post("/studio/api/try-table")
@needs(*BUILDING_ROLES)
@answers
def try_table() -> Answer:
    """{text, decision, inputs: [what was typed for each input column]} → {outputs: [{name, label, value}], row, rule}.

    422 with problems when the table cannot be read, no row fits, or two do.
    """
    sent = asked()
    content = text_of(sent, "text").encode()
    if problems := table_problems(content, "table"):
        raise Invalid("table_invalid", "The table cannot be tried.", tuple(problems))
    table = _table(read_decisions(content), sent.get("decision"))
    result = table.answer(_values(table, sent.get("inputs")))
    number, _ = table.rule(result.rule_id) or (0, None)
    labels = dict(zip(table.output_names, table.output_labels, strict=True))
    outputs = [{"name": name, "label": labels[name], "value": value} for name, value in result.outputs.items()]
    return jsonify({"outputs": outputs, "row": number, "rule": result.rule_id, "decision": table.decision_id})


def _table(found: dict[str, Decision], wanted: Any) -> Decision:
    if isinstance(wanted, str) and wanted in found:
        return found[wanted]
    if wanted in (None, "") and len(found) == 1:
        return next(iter(found.values()))
    listed = "、".join(found)
    problem = Problem("decision", f"没有这张决策表，文件里有：{listed}。", f"No such table; the file holds {listed}.")
    raise Invalid("table_unknown", "The file holds no such table.", (problem,))


def _values(table: Decision, typed: Any) -> list[Any]:
    """One value a column. A column may also be a list of texts, as a form's checklist gives it."""
    if (
        not isinstance(typed, list)
        or len(typed) != len(table.inputs)
        or not all(isinstance(one, str) and len(one) <= MAX_TYPED for one in typed)
    ):
        zh = f"请为每个输入列填一个值，共 {len(table.inputs)} 列，每个最长 {MAX_TYPED} 字。"
        en = f"Give one value for each of the {len(table.inputs)} input columns, at most {MAX_TYPED} characters each."
        raise Invalid("table_inputs", "There must be one value a column.", (Problem("inputs", zh, en),))
    problems: list[Problem] = []
    values = [_of_column(table, number, text, problems) for number, text in enumerate(typed)]
    if problems:
        raise Invalid("table_inputs", "A value does not fit its column.", tuple(problems))
    return values


def _of_column(table: Decision, number: int, typed: str, problems: list[Problem]) -> Any:
    """A column of yes and no takes the words for them; of another value no row would say that it does not fit."""
    value, label = _value(typed), table.labels[number]
    if table.types[number] != "boolean" or value is None or isinstance(value, bool):
        return value
    if (known := ANSWERS.get(typed.strip().lower())) is not None:
        return known
    zh, en = f"“{label}”这一列填 是 或 否（true、false）。", f'Column "{label}" takes yes or no (true, false).'
    problems.append(Problem("inputs", zh, en))
    return None


def _value(typed: str) -> Any:
    """As in a cell: "text", 5, true, null; a JSON list; anything else is text as it stands, and nothing is null."""
    words = typed.strip()
    if not words:
        return None
    try:
        return literal(words)
    except ValueError:
        pass
    if words.startswith("["):
        try:
            listed = json.loads(words)
        except (ValueError, RecursionError):
            return words
        if isinstance(listed, list) and all(isinstance(one, str | int | float | bool) for one in listed):
            return listed
    return words
