"""One plan document made runnable: its phases, units, working groups, reports and rules, read from `<id>.toml`.

It holds what the plan says. Whether the plan agrees with itself is asked in `campaign_check.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from engine.domain import campaign_check, toml_table
from engine.domain.drafting import Consent
from engine.domain.duration import Duration
from engine.domain.lights import MILESTONE_COLUMNS
from engine.domain.obligation import ReportRule, read_rule
from engine.domain.toml_table import Problems, TomlTable
from engine.domain.unit import DISCIPLINE, Unit, UnitNames, plain_name
from engine.errors import Invalid, Problem


@dataclass(frozen=True)
class Document:
    """The official plan. `number` is empty when the plan carries none."""

    title: str
    number: str
    index_no: str
    written_on: date
    published_on: date


@dataclass(frozen=True)
class Office:
    """The office of the leading group: letters go out in its name, with `organ_code` before the year (代字)."""

    unit: str
    host: str
    organ_name: str
    organ_code: str
    contact: str
    phone: str
    consent: Consent | None = None  # standing: lower governments may be directed in this campaign


@dataclass(frozen=True)
class Phase:
    key: str
    name: str
    name_en: str
    starts_on: date | None
    ends_on: date
    process: str
    deliverable: str
    deliverable_due: date | None
    basis: str

    @property
    def closes_on(self) -> date:
        """The last day on which the phase still expects something: its end, or its deliverable if that comes later."""
        return max(self.ends_on, self.deliverable_due or self.ends_on)


@dataclass(frozen=True)
class Group:
    """A working group. `leads` and `cooperates` are unit ids; `cuts` is what the plan lets it cut off."""

    id: str
    name: str
    name_en: str
    leads: tuple[str, ...]
    cooperates: tuple[str, ...]
    scope: str
    industries: tuple[str, ...]
    cuts: tuple[str, ...]
    basis: str

    @property
    def units(self) -> tuple[str, ...]:
        return self.leads + self.cooperates


@dataclass(frozen=True)
class Term:
    """A word the plan defines or a value it offers: 散, 断水, 关停取缔. `text` is the plan's wording, `of` its list."""

    key: str
    name: str
    name_en: str
    text: str
    of: str


@dataclass(frozen=True)
class Note:
    """A quirk of the document that a reader should know, Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True)
class Campaign:
    """A checked campaign. `processes` maps phase keys and other roles (case, supervision) to process definition keys.

    `rules` maps ladder, lights, disposition to decision keys; `progress` the milestones of a case to the per cent that
    is done when they are reached; `receipt_term` is how long a unit has to sign for a
    letter, from its issue ("1wd"); `warnings` are oddities that do not stop it.
    """

    id: str
    title: str
    title_en: str
    region: str
    region_en: str
    document: Document
    office: Office
    phases: tuple[Phase, ...]
    units: tuple[Unit, ...]
    collectives: Mapping[str, str]
    members: tuple[str, ...]
    groups: tuple[Group, ...]
    reports: tuple[ReportRule, ...]
    definitions: tuple[Term, ...]
    closure_checks: tuple[Term, ...]
    lists: tuple[Term, ...]
    dispositions: tuple[Term, ...]
    processes: Mapping[str, str]
    rules: Mapping[str, str]
    receipt_term: str
    progress: Mapping[str, int]
    notes: tuple[Note, ...]
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    @property
    def windows(self) -> dict[str, tuple[date | None, date]]:
        """First and last day by phase key, as `Timetable` takes them."""
        return {phase.key: (phase.starts_on, phase.ends_on) for phase in self.phases}

    @property
    def first_day(self) -> date:
        """Nothing of the campaign lies before it. A phase of which the plan says only the end may have begun with its
        year."""
        begun = (phase.starts_on or phase.ends_on.replace(month=1, day=1) for phase in self.phases)
        return min(self.document.written_on, *begun)

    @property
    def areas(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.kind == "area")

    @property
    def root(self) -> Unit:
        return next(unit for unit in self.units if unit.kind == "root")

    @property
    def discipline_body(self) -> Unit | None:
        """Who takes referrals; None in plans of before there was such a unit."""
        return next((unit for unit in self.units if unit.kind == DISCIPLINE), None)

    @property
    def leads(self) -> tuple[Unit, ...]:
        """Every unit that leads a working group, once, in the order of the groups."""
        return tuple(
            self.unit(unit_id) for unit_id in dict.fromkeys(lead for group in self.groups for lead in group.leads)
        )

    def unit(self, unit_id: str) -> Unit:
        return self._units_by_id[unit_id]

    def group(self, group_id: str) -> Group:
        return next(group for group in self.groups if group.id == group_id)

    def phase(self, key: str) -> Phase:
        return next(phase for phase in self.phases if phase.key == key)

    def phase_on(self, day: date) -> Phase | None:
        """The phase whose window holds `day`; None between phases and after the last."""
        return next((p for p in self.phases if (p.starts_on or date.min) <= day <= p.ends_on), None)

    def unit_by_name(self, name: str) -> Unit | None:
        """The unit of a name or alias as people write it; None when unknown or when the name means several units."""
        return self._units_by_name.get(plain_name(name))

    def units_by_name(self, name: str) -> tuple[Unit, ...]:
        """As `unit_by_name`; a collective name gives all it stands for (各镇街道: eleven units). Empty if unknown."""
        unit = self.unit_by_name(name)
        if unit:
            return (unit,)
        by = self.collectives.get(plain_name(name))
        return self.owers(by) if by else ()

    def owers(self, by: str) -> tuple[Unit, ...]:
        """The units behind `areas`, `leads`, `areas+leads` or `members`, each once."""
        if by == "members":
            return tuple(self.unit(unit_id) for unit_id in self.members)
        areas = self.areas if "areas" in by else ()
        return tuple(dict.fromkeys(areas + (self.leads if "leads" in by else ())))

    @cached_property
    def _units_by_id(self) -> dict[str, Unit]:
        return {unit.id: unit for unit in self.units}

    @cached_property
    def _units_by_name(self) -> dict[str, Unit]:
        return {plain_name(name): unit for unit in self.units for name in (unit.name, *unit.aliases)}


def load(toml_bytes: bytes) -> Campaign:
    """One `processes/campaigns/<id>.toml`, read and checked. Raises Invalid with every problem, each with its place."""
    slips, faults = Problems(), Problems()  # of the writing, of the meaning
    campaign = _read(TomlTable(toml_table.read(toml_bytes, what="campaign"), "", slips), faults)
    if not slips.errors:
        campaign_check.check(campaign, faults)
    errors = slips.errors + faults.errors
    if errors:
        raise Invalid("campaign.invalid", "The campaign cannot be used", errors, campaign=campaign.id)
    object.__setattr__(campaign, "warnings", slips.warnings + faults.warnings)
    return campaign


def _read(top: TomlTable, faults: Problems) -> Campaign:
    units = tuple(_read_unit(row) for row in top.tables("units", named_by="id"))
    phases = tuple(_read_phase(row) for row in top.tables("phases", named_by="key"))
    collectives = _read_collectives(top)
    resolve = UnitNames(units, collectives, faults)
    leading = top.table("leading_group")
    windows = {phase.key: (phase.starts_on, phase.ends_on) for phase in phases}
    processes = top.table("processes")
    rules = top.table("rules")
    campaign = Campaign(
        id=top.text("id"),
        title=top.text("title"),
        title_en=top.text("title_en"),
        region=top.text("region"),
        region_en=top.text("region_en"),
        document=_read_document(top.table("document")),
        office=_read_office(top.table("office"), resolve),
        phases=phases,
        units=units,
        collectives=collectives,
        members=resolve.ids(leading, "members"),
        groups=tuple(_read_group(row, resolve) for row in top.tables("groups", named_by="id")),
        reports=tuple(read_rule(row, windows) for row in top.tables("reports", named_by="key")),
        definitions=_read_terms(top, "definitions"),
        closure_checks=_read_terms(top, "closure_checks"),
        lists=_read_terms(top, "lists"),
        dispositions=_read_terms(top, "dispositions"),
        processes={phase.key: phase.process for phase in phases} | processes.strings(),
        rules={key: rules.text(key) for key in ("ladder", "lights", "disposition")},
        receipt_term=_read_receipt_term(rules, faults),
        progress=_read_progress(rules.table("progress", required=False)),
        notes=tuple(_read_note(row) for row in top.tables("notes", named_by="key")),
    )
    for table in (top, leading, rules):
        table.refuse_unknown()
    return campaign


def _read_receipt_term(rules: TomlTable, faults: Problems) -> str:
    term = rules.text("receipt", "1wd")
    try:
        Duration.parse(term)
    except Invalid as error:
        for problem in error.problems:
            faults.error(rules.place("receipt"), problem.zh, problem.en)
    return term


def _read_progress(table: TomlTable) -> dict[str, int]:
    """`[rules.progress]`: which share of the work is done at which milestone, in per cent, never falling."""
    weights = {name: table.number(name) for name in MILESTONE_COLUMNS if table.has(name)}
    table.refuse_unknown()
    values = list(weights.values())
    if any(not 0 <= value <= 100 for value in values) or values != sorted(values):
        zh = f"里程碑权重应在0至100之间，且按 {'、'.join(MILESTONE_COLUMNS)} 的顺序不减。"
        en = f"The weights are 0 to 100 and never fall in the order {', '.join(MILESTONE_COLUMNS)}."
        table.problems.error(table.where, zh, en)
    return weights


def _read_document(table: TomlTable) -> Document:
    document = Document(
        title=table.text("title"),
        number=table.text("number", ""),
        index_no=table.text("index_no", ""),
        written_on=table.need_day("written_on"),
        published_on=table.need_day("published_on"),
    )
    table.refuse_unknown()
    return document


def _read_office(table: TomlTable, resolve: UnitNames) -> Office:
    office = Office(
        unit=resolve.one(table, "unit"),
        host=resolve.one(table, "host"),
        organ_name=table.text("organ_name"),
        organ_code=table.text("organ_code"),
        contact=table.text("contact"),
        phone=table.text("phone"),
        consent=_read_consent(table.table("consent", required=False)) if table.has("consent") else None,
    )
    table.refuse_unknown()
    return office


def _read_consent(table: TomlTable) -> Consent:
    consent = Consent(by=table.text("by"), number=table.text("number"), on=table.need_day("on").isoformat())
    table.refuse_unknown()
    return consent


def _read_phase(row: TomlTable) -> Phase:
    phase = Phase(
        key=row.text("key"),
        name=row.text("name"),
        name_en=row.text("name_en"),
        starts_on=row.day("starts_on"),
        ends_on=row.need_day("ends_on"),
        process=row.text("process"),
        deliverable=row.text("deliverable", ""),
        deliverable_due=row.day("deliverable_due"),
        basis=row.text("basis", ""),
    )
    row.refuse_unknown()
    return phase


def _read_unit(row: TomlTable) -> Unit:
    unit = Unit(
        id=row.text("id"),
        name=row.text("name"),
        name_en=row.text("name_en", ""),
        kind=row.text("kind"),
        parent=row.text("parent", "") or None,
        aliases=row.texts("aliases"),
        supplies=row.texts("supplies"),
    )
    row.refuse_unknown()
    return unit


def _read_group(row: TomlTable, resolve: UnitNames) -> Group:
    group = Group(
        id=row.text("id"),
        name=row.text("name"),
        name_en=row.text("name_en", ""),
        leads=resolve.ids(row, "leads"),
        cooperates=resolve.ids(row, "cooperates"),
        scope=row.text("scope"),
        industries=row.texts("industries"),
        cuts=row.texts("cuts"),
        basis=row.text("basis", ""),
    )
    row.refuse_unknown()
    return group


def _read_collectives(top: TomlTable) -> dict[str, str]:
    collectives: dict[str, str] = {}
    for row in top.tables("collectives", named_by="name"):
        of = row.text("of")
        if of != "areas":
            row.problems.error(
                row.place("of"), "统称只能指 areas（各镇街道）。", "A collective name can only mean areas."
            )
        collectives |= {plain_name(name): of for name in (row.text("name"), *row.texts("aliases"))}
        row.refuse_unknown()
    return collectives


def _read_terms(top: TomlTable, key: str) -> tuple[Term, ...]:
    terms = []
    for row in top.tables(key, named_by="key"):
        names = row.text("key"), row.text("name"), row.text("name_en", "")
        terms.append(Term(*names, text=row.text("text", ""), of=row.text("list", "")))
        row.refuse_unknown()
    return tuple(terms)


def _read_note(row: TomlTable) -> Note:
    note = Note(row.text("zh"), row.text("en"))
    row.refuse_unknown()
    return note
