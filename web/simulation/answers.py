"""How an invented officer fills in a form: any form, with a few opinions on those of the campaign."""

import io
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from PIL import Image, ImageDraw

from forms.component import Component, Form
from forms.condition import hidden_keys
from forms.context import BEIJING, FormContext
from forms.schema import answers_so_far
from forms.upload import Upload

SENTENCE = "已按方案要求逐项落实，现场核对无误，情况属实（演示）。"
Weighted = Mapping[str, float]
# (form, key) -> how often each answer is given
OPINIONS: dict[tuple[str, str], Weighted] = {
    ("survey_site", "proposed"): {"close": 0.42, "rectify": 0.33, "exclude": 0.18, "relocate": 0.07},
    ("survey_site", "lookback_finding"): {
        "none": 0.3,
        "closure_incomplete": 0.3,
        "suspension_irregular": 0.2,
        "relocation_late": 0.2,
    },
    ("review_disposition", "outcome"): {"confirmed": 1.0},
    ("site_check", "site_check_result"): {"pass": 0.86, "fail": 0.14},
    ("second_check", "second_check_result"): {"pass": 0.95, "fail": 0.05},
    ("lookback_check", "lookback_result"): {"ok": 0.93, "relapsed": 0.07},
    ("approve_rung", "rung_decision"): {"issue": 1.0},
    ("review_extension", "extension_decision"): {"approve": 0.6, "decline": 0.4},
    ("close_checks", "cut_basis"): {"voluntary": 0.5, "safety_law_70": 0.3, "not_applicable": 0.2},
    ("close_checks", "premises"): {"business": 0.9, "mixed": 0.1},
}
TICKS: dict[tuple[str, str], float] = {
    ("report_standard", "extension_asked"): 0.06,
    ("close_by_law_decision", "late_extension"): 0.3,
    ("report", "nil_return"): 0.15,
}
# (form, key) -> the variable whose day is answered: the last possible one is asked for, and granted
NAMED: dict[tuple[str, str], str] = {
    ("report_standard", "extension_wanted"): "extension_latest",
    ("review_extension", "extended_due"): "extension_wanted",
}
# key -> what is written of a talk, and so printed in its notice and minutes
OF_A_TALK: dict[str, str] = {
    "interview_place": "领导小组办公室会议室（演示）",
    "interview_persons": "主要负责人、分管负责人",
    "interview_materials": "整改台账和佐证材料（演示）",
    "interview_host": "领导小组办公室副主任（演示）",
    "interview_recorder": "领导小组办公室督查员（演示）",
    "interview_present": "被约谈单位主要负责人（演示）\n领导小组办公室主任（演示）",
    "interview_problems": "督办事项逾期未办结，整改措施没有落实到位（演示）。",
    "commitment_1": "逐项落实整改措施，按期办结（演示）。",
    "commitment_1_who": "分管负责人（演示）",
    "interview_report": "承诺事项已逐项落实，佐证材料附后（演示）。",
    "interview_report_signer": "主要负责人（演示）",
}


def fill_in(
    form: Form, name: str, context: FormContext, chance: random.Random
) -> tuple[dict[str, list[str]], dict[str, list[Upload]]]:
    """What the officer types and attaches: the fields and files a browser would send. `name` is the form key."""
    values: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    for component in form.answered():
        hidden = hidden_keys(form, context.variables, answers_so_far(form, values, context), context.evaluate)
        if component.key in hidden or component.is_readonly:
            continue
        if component.kind == "evidence":
            files[component.key] = [_photo(component.label.zh, at) for at in range(max(1, component.rule.min_files))]
        elif component.kind == "checkrows":
            _fill_rows(component, context, values, files)
        else:
            answer = _answer(component, name, context, chance)
            if answer:
                values[component.key] = answer
    if name == "survey_site":
        _settle_findings(form, context, values, chance)
    return values, files


def _answer(component: Component, name: str, context: FormContext, chance: random.Random) -> list[str]:
    key = (name, component.key)
    held = context.variables.get(component.key)
    match component.kind:
        case "radio" | "select":
            return [_choose(OPINIONS.get(key) or {component.options[0].value: 1.0}, chance)]
        case "checklist":
            if key == ("survey_site", "kinds"):
                return list(held or [chance.choice(("san", "luan", "wu"))])
            return [component.options[0].value]
        case "checkbox":
            wanted = component.rule.required or chance.random() < TICKS.get(key, 0.0)
            return ["true"] if wanted and not _is_too_late(component, context) else []
        case "datetime":
            return [_named_day(NAMED.get(key, ""), context) or _moment(component, context)]
        case "number":
            return [str(held)] if held is not None else [component.rule.low or "1"] if component.rule.required else []
        case "person":
            return list(context.persons_of(component.place))[:1]
        case "unit":
            return list(context.units)[:1]
    if isinstance(held, str) and held:
        return [held]
    if component.key in OF_A_TALK and component.rule.required:
        return [OF_A_TALK[component.key]]
    return [SENTENCE if component.kind == "textarea" else "演示"] if component.rule.required else []


def _settle_findings(form: Form, context: FormContext, values: dict[str, list[str]], chance: random.Random) -> None:
    """Who proposes to exclude a site has found nothing; who proposes to close it has found an illegal act."""
    proposed = values.get("proposed", [""])[0]
    if proposed == "exclude":
        values["kinds"] = []
        for key in ("finding_san", "finding_luan", "finding_wu", "is_illegal", "illegal_fact"):
            values.pop(key, None)
    else:
        for kind in values.get("kinds", []):
            values.setdefault(f"finding_{kind}", [SENTENCE])
        if proposed == "close":
            values["is_illegal"], values["illegal_fact"] = ["true"], [SENTENCE]
    values.pop("lookback_finding", None) if not context.variables.get("is_lookback") else None


def _fill_rows(
    component: Component, context: FormContext, values: dict[str, list[str]], files: dict[str, list[Upload]]
) -> None:
    for row in component.rows:
        name = f"{component.key}.{row.key}"
        values[f"{name}.state"] = ["done"]
        values[f"{name}.on"] = [context.today.isoformat()]
        values[f"{name}.by"] = list(context.persons_of(component.place))[:1]
        files[f"{name}.files"] = [_photo(row.label.zh, 0)]


def _is_too_late(component: Component, context: FormContext) -> bool:
    """Who reads on the form until when an extension can be asked for does not ask later."""
    ask_by = context.variables.get("extension_ask_by")
    return component.key == "extension_asked" and (ask_by is None or context.now > datetime.fromisoformat(ask_by))


def _named_day(variable: str, context: FormContext) -> str:
    """The day in Beijing of a date or an instant that the process knows; empty when it does not."""
    held = str(context.variables.get(variable) or "")
    return held if len(held) <= 10 else datetime.fromisoformat(held).astimezone(BEIJING).date().isoformat()


def _moment(component: Component, context: FormContext) -> str:
    day = context.now.astimezone(BEIJING)
    if component.rule.low in ("today", "=today"):
        day += timedelta(days=20)
    if component.key == "interview_held_at":  # a talk is entered on the spot
        return day.strftime("%Y-%m-%dT%H:%M")
    if component.subtype == "datetime":
        return (day - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    return day.date().isoformat()


def _choose(weights: Weighted, chance: random.Random) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


@lru_cache(maxsize=256)
def _photo(what: str, number: int) -> Upload:
    """A plain picture that says it is one."""
    picture = Image.new("RGB", (640, 480), (226 - number * 12, 232, 236))
    drawing = ImageDraw.Draw(picture)
    drawing.rectangle((60, 200, 580, 420), fill=(150, 158, 166))
    drawing.polygon(((40, 200), (320, 90), (600, 200)), fill=(112, 122, 132))
    drawing.text((20, 20), f"DEMO {abs(hash_of(what)) % 10000:04d}-{number + 1}", fill=(40, 40, 40))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=70)
    return Upload(f"{what or '照片'}{number + 1}（演示）.jpg", content.getvalue())


def hash_of(text: str) -> int:
    """The same number for the same text in every process, unlike hash()."""
    total = 0
    for char in text:
        total = (total * 131 + ord(char)) % 1_000_003
    return total
