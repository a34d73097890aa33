"""Sites into the ledger: a register 底册 as a file (checked first, then confirmed), or one newly found site."""

import base64
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.domain.actor import Actor
from engine.domain.campaign import Campaign
from engine.errors import Invalid, Problem
from forms.tables.columns import BY_KEY, COLUMNS
from forms.tables.template import register_xlsx
from web.errors import said
from web.i18n import pick, t
from web.permission import needs
from web.register import CheckedRegister, check_register, import_register
from web.request import actor, download, engine, notify, see

blueprint = Blueprint("imports", __name__)
MAX_FILE_BYTES: Final = 5_000_000
MAX_ROWS: Final = 5_000  # one transaction of some seconds; more go in portions, by the command line
SHOWN: Final = 100
ROW: Final = re.compile(r"第 2 行|Row 2, (?=column)")  # a form has no rows to speak of
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIELDS: Final = (
    "name",
    "area",
    "address",
    "industry",
    "group",
    "credit_code",
    "problem",
    "contact_name",
    "contact_phone",
)


@dataclass(frozen=True)
class UploadPage:
    """`packed` is the checked file, carried to the confirmation, which checks it all again."""

    campaigns: tuple[tuple[str, str], ...]
    campaign: str = ""
    filename: str = ""
    packed: str = ""
    result: CheckedRegister | None = None
    problems: Sequence[tuple[str, str]] = ()
    more_problems: int = 0
    warnings: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class SitePage:
    campaigns: tuple[tuple[str, str], ...]
    areas: tuple[tuple[str, str], ...]
    groups: tuple[tuple[str, str], ...]
    values: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[tuple[str, str]] = ()


# -- a file ------------------------------------------------------------------------------------------------------------
@blueprint.get("/register")
@needs("supervisor", "sysadmin")
def upload() -> str:
    return _show(UploadPage(_campaigns()))


@blueprint.get("/register/template.xlsx")
@needs("supervisor", "sysadmin", "officer", "head")
def template() -> Response:
    return download(register_xlsx(), f"{t('imports.template_name')}.xlsx", XLSX)


@blueprint.post("/register/check")
@needs("supervisor", "sysadmin")
def check() -> tuple[str, int]:
    """The dry run: everything is checked, nothing is written."""
    campaign = request.form.get("campaign", "")
    file = request.files.get("file")
    filename, content = (file.filename or "", file.read()) if file else ("", b"")
    if not content:
        return _refused(campaign, filename, (("file", t("imports.no_file")),))
    if len(content) > MAX_FILE_BYTES:
        return _refused(campaign, filename, (("file", t("imports.too_big")),))
    try:
        register = check_register(engine(), campaign, content, filename, by=actor())
    except Invalid as error:
        return _refused(campaign, filename, _lines(error.problems))
    if len(register.rows) > MAX_ROWS:
        return _refused(campaign, filename, (("file", t("imports.too_many", rows=len(register.rows))),))
    packed, warnings = base64.b64encode(content).decode(), _lines(register.warnings)
    return _show(UploadPage(_campaigns(), campaign, filename, packed, register, warnings=warnings)), 200


@blueprint.post("/register")
@needs("supervisor", "sysadmin")
def confirm() -> BaseResponse | tuple[str, int]:
    campaign, filename = request.form.get("campaign", ""), request.form.get("filename", "")
    try:
        content = base64.b64decode(request.form.get("packed", ""), validate=True)
    except ValueError:
        content = b""
    if len(content) > MAX_FILE_BYTES:
        return _refused(campaign, filename, (("file", t("imports.too_big")),))
    try:
        result = import_register(engine(), campaign, content, filename, by=actor())
    except Invalid as error:
        return _refused(campaign, filename, _lines(error.problems))
    notify("imported", added=len(result["added"]), known=result["known"])  # type: ignore[arg-type]
    return see(url_for("cases.ledger", campaign=campaign))


def _refused(campaign: str, filename: str, problems: Sequence[tuple[str, str]]) -> tuple[str, int]:
    page = UploadPage(
        _campaigns(), campaign, filename, problems=problems[:SHOWN], more_problems=max(0, len(problems) - SHOWN)
    )
    return _show(page), 422


def _lines(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    return [(problem.where, said(problem)) for problem in problems]


def _show(page: UploadPage) -> str:
    return render_template("cases/upload.html", page=page)


# -- one site ----------------------------------------------------------------------------------------------------------
@blueprint.get("/cases/new")
@needs("officer", "head", "supervisor")
def new() -> str:
    return render_template("cases/new.html", page=_site_page())


@blueprint.post("/cases")
@needs("officer", "head", "supervisor")
def register() -> BaseResponse | tuple[str, int]:
    """One site is a register of one row: the same checks, and a fingerprint by which it is never added twice."""
    values = {key: request.form.get(key, "").strip() for key in FIELDS}
    kinds = tuple(kind for kind in ("san", "luan", "wu") if kind in request.form.getlist("kinds"))
    campaign = request.form.get("campaign") or _campaigns()[0][0]
    errors = _missing(values, actor())
    if not errors:
        try:
            result = import_register(engine(), campaign, _one_row(values, kinds), "new-site.csv", by=actor())
        except Invalid as error:
            errors = _by_field(error.problems)
        else:
            return _registered(result)
    page = _site_page(values, kinds, errors)
    return render_template("cases/new.html", page=page), 422


def _registered(result: Mapping[str, Any]) -> BaseResponse:
    if not result["added"]:
        notify("site_known", "info")
        return see(url_for("cases.ledger"))
    notify("site_registered", number=result["added"][0])
    return see(url_for("cases.case", case_id=result["added"][0]))


def _missing(values: Mapping[str, str], by: Actor) -> dict[str, str]:
    errors = {key: t("form.missing") for key in ("name", "area", "address", "industry") if not values[key]}
    offered = {name for name, _ in _areas(_plan(), by)}
    if values["area"] and values["area"] not in offered:
        errors["area"] = t("site.foreign_area")
    return errors


def _by_field(problems: Sequence[Problem]) -> dict[str, str]:
    """A row's problem names its column; here the column is a field."""
    errors: dict[str, str] = {}
    for problem in problems:
        key = next((key for key in FIELDS if BY_KEY[key].zh in problem.where), "")
        words = ROW.sub("", said(problem))
        errors[key] = f"{errors.get(key, '')} {words[:1].upper()}{words[1:]}".strip()
    return errors


def _one_row(values: Mapping[str, str], kinds: Sequence[str]) -> bytes:
    said_of = {**values, **{kind: "是" for kind in kinds}}
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow([column.zh for column in COLUMNS])
    writer.writerow([said_of.get(column.key, "") for column in COLUMNS])
    return table.getvalue().encode("utf-8-sig")


def _site_page(
    values: Mapping[str, str] | None = None, kinds: tuple[str, ...] = (), errors: Mapping[str, str] | None = None
) -> SitePage:
    plan = _plan()
    found = errors or {}
    areas = _areas(plan, actor())
    default = {"area": areas[0][0]} if len(areas) == 1 else {}
    groups = tuple((group.name, pick(group.name, group.name_en)) for group in plan.groups)
    problems = [(key, f"{t(f'site.{key}')}：{words}" if key else words) for key, words in found.items()]
    return SitePage(_campaigns(), areas, groups, values or default, kinds, found, problems)


def _areas(plan: Campaign, by: Actor) -> tuple[tuple[str, str], ...]:
    """Where this person may register: an area's people in their own, a department's anywhere."""
    offered = [unit for unit in plan.areas if unit.id in by.areas] or list(plan.areas)
    return tuple((unit.name, pick(unit.name, unit.name_en)) for unit in offered)


def _plan() -> Campaign:
    wanted = request.values.get("campaign") or _campaigns()[0][0]
    plan: Campaign = engine().read.campaign(wanted)
    return plan


def _campaigns() -> tuple[tuple[str, str], ...]:
    return tuple((row.campaign_id, row.title) for row in engine().read.campaigns())
