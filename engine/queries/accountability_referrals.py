"""Referrals for whom they concern, with their chain of evidence, and the figures of accountability by form."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine.domain.accountability import OUTCOME_FORMS
from engine.domain.actor import Actor
from engine.domain.instance import InstanceKind
from engine.domain.share import percent
from engine.errors import NotFound
from engine.queries.accountability import MatterTask, steps_of
from engine.queries.accountability_letters import circular_counts
from engine.queries.task_page import EvidenceRow, evidence_rows
from engine.store import accountability as store
from engine.store.access import known_referrals, may_see_referral
from engine.store.schema import (
    evidence,
    facts,
    instances,
    interviews,
    letter_documents,
    letters,
    referral_outcomes,
    referrals,
    supervision_items,
    units,
)
from engine.store.schema import rungs as rung_rows
from engine.store.supervision import paper_of_rung
from engine.store.transaction import Reader


@dataclass(frozen=True)
class ReferralRow:
    referral_id: str
    campaign_id: str
    case_id: str | None
    unit_id: str
    unit: str
    subject: str
    state: str
    opened_at: datetime
    decided_at: datetime | None
    concluded_at: datetime | None
    letter_id: str | None
    number: str | None
    grounds: tuple[str, ...]


@dataclass(frozen=True)
class OutcomeRow:
    position: int
    subject: str
    post: str
    form: str
    grade: str
    organ: str
    number: str
    decided_on: date
    note: str
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True)
class ChainLink:
    """One letter of the chain: its rung, when it went out and was received, and the digest of its document."""

    letter_id: str
    number: str
    kind: str
    issued_at: datetime
    received_at: datetime | None
    state: str
    instrument: str | None
    sha256: str | None


@dataclass(frozen=True)
class Look:
    at: datetime
    person: str


@dataclass(frozen=True)
class ReferralPage:
    row: ReferralRow
    prepared_by: str
    approved_by: str
    chain: tuple[ChainLink, ...]
    evidence: tuple[EvidenceRow, ...]
    outcomes: tuple[OutcomeRow, ...]
    steps: tuple[MatterTask, ...]
    looks: tuple[Look, ...]


@dataclass(frozen=True)
class FormCount:
    """`units` and `persons` were dealt with in this form; `share` of all that were dealt with."""

    form: str
    weight: str
    units: int
    persons: int
    share: str


@dataclass(frozen=True)
class AccountabilityFigures:
    """`by_form` adds up to `dealt_with`; `circulars` are all that went out and stand, `ladder_circulars` those of them
    that the ladder came to. Talks and circulars of criticism are measures of supervision and stand apart, beside what
    discipline followed (Luohe task 9: too many talks and circulars, too few sanctions)."""

    by_form: tuple[FormCount, ...]
    dealt_with: int
    not_pursued: int
    units: int
    persons: int
    talks: int
    circulars: int
    ladder_circulars: int
    by_state: Mapping[str, int]

    @property
    def referrals(self) -> int:
        return sum(self.by_state.values())

    @property
    def disciplined(self) -> int:
        return sum(count.units + count.persons for count in self.by_form if count.weight in ("discipline", "judicial"))

    @property
    def is_soft(self) -> bool:
        """More talks and circulars than anybody held to account by discipline, where there were any."""
        return self.talks + self.circulars > 0 and self.disciplined < self.talks + self.circulars


def referrals_of(reader: Reader, actor: Actor, campaign_id: str) -> tuple[ReferralRow, ...]:
    """Newest first; none that does not concern the actor."""
    if not actor.sees_accountability:
        return ()
    found = reader.execute(
        _referrals()
        .where(referrals.c.campaign_id == campaign_id, known_referrals(actor))
        .order_by(referrals.c.opened_at.desc(), referrals.c.referral_id)
        .limit(200)
    )
    return tuple(_referral(row) for row in found.mappings())


def referral(reader: Reader, actor: Actor, referral_id: str) -> ReferralPage:
    """Raises NotFound for whom it does not concern. Record the look first (`SeeReferral`)."""
    row = reader.execute(_referrals().where(referrals.c.referral_id == referral_id)).mappings().first()
    if row is None or not may_see_referral(reader.connection, actor, referral_id):
        raise NotFound("referral_unknown", f"There is no referral {referral_id}.", referral=referral_id)
    instance_id = row["instance_id"]
    outcomes = reader.execute(
        sa.select(referral_outcomes)
        .where(referral_outcomes.c.referral_id == referral_id)
        .order_by(referral_outcomes.c.position)
    ).mappings()
    looked = reader.execute(
        sa.select(facts.c.at, facts.c.person)
        .where(facts.c.instance_id == instance_id, facts.c.kind == "ReferralSeen")
        .order_by(facts.c.fact_id.desc())
        .limit(200)
    )
    return ReferralPage(
        row=_referral(row),
        prepared_by=store.person_name(reader, row["prepared_by_id"]),
        approved_by=store.person_name(reader, row["approved_by_id"]),
        chain=_chain(reader, row),
        evidence=evidence_rows(reader, evidence.c.instance_id == instance_id),
        outcomes=tuple(
            OutcomeRow(**{name: each[name] for name in OutcomeRow.__dataclass_fields__}) for each in outcomes
        ),
        steps=steps_of(reader, actor, InstanceKind.ACCOUNTABILITY, referral_id),
        looks=tuple(Look(each.at, each.person) for each in looked),
    )


def accountability_figures(reader: Reader, campaign_id: str) -> AccountabilityFigures:
    """Numbers only, no names: for everybody who reads the leader's page. The parts add up to the whole."""
    units_of: Counter[str] = Counter()
    persons_of: Counter[str] = Counter()
    for row in reader.execute(
        sa.select(referral_outcomes.c.form, referral_outcomes.c.subject, sa.func.count())
        .join(referrals, referrals.c.referral_id == referral_outcomes.c.referral_id)
        .where(referrals.c.campaign_id == campaign_id)
        .group_by(referral_outcomes.c.form, referral_outcomes.c.subject)
    ):
        (units_of if row.subject == "unit" else persons_of)[row.form] += row[2]
    pursued = [form for form in OUTCOME_FORMS.values() if form.weight != "none"]
    circulars, of_ladder = circular_counts(reader, campaign_id)
    dealt_with = sum(units_of[form.key] + persons_of[form.key] for form in pursued)
    by_state = reader.execute(
        sa.select(referrals.c.state, sa.func.count())
        .where(referrals.c.campaign_id == campaign_id)
        .group_by(referrals.c.state)
    )
    return AccountabilityFigures(
        by_form=tuple(
            FormCount(
                form.key,
                form.weight,
                units_of[form.key],
                persons_of[form.key],
                percent(units_of[form.key] + persons_of[form.key], dealt_with),
            )
            for form in pursued
        ),
        dealt_with=dealt_with,
        not_pursued=units_of["none"] + persons_of["none"],
        units=sum(units_of[form.key] for form in pursued),
        persons=sum(persons_of[form.key] for form in pursued),
        talks=_count(reader, interviews, campaign_id, interviews.c.held_at.is_not(None)),
        circulars=circulars,
        ladder_circulars=of_ladder,
        by_state={state: number for state, number in by_state},
    )


def _count(reader: Reader, table: Any, campaign_id: str, condition: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(table.c.campaign_id == campaign_id, condition)
    return int(reader.execute(query).scalar_one())


def _referrals() -> sa.Select[Any]:
    return (
        sa.select(referrals, units.c.name.label("unit"), letters.c.number, instances.c.instance_id)
        .join(units, units.c.unit_id == referrals.c.unit_id)
        .join(
            instances,
            sa.and_(
                instances.c.kind == InstanceKind.ACCOUNTABILITY, instances.c.business_key == referrals.c.referral_id
            ),
        )
        .outerjoin(letters, letters.c.letter_id == referrals.c.letter_id)
    )


def _referral(row: Mapping[str, Any]) -> ReferralRow:
    values = {name: row[name] for name in ReferralRow.__dataclass_fields__}
    return ReferralRow(**values | {"grounds": tuple(row["grounds"])})


def _chain(reader: Reader, referral: Mapping[str, Any]) -> tuple[ChainLink, ...]:
    """Every letter that went before, with the rung it stands for."""
    found = store.letters_before(reader, referral)
    listed = [row["letter_id"] for row in found]
    climbed = reader.execute(
        sa.select(paper_of_rung().label("paper"), rung_rows.c.instrument).where(_is_climbed(referral))
    )
    rung_of = {row.paper: row.instrument for row in climbed}
    digests = reader.execute(
        sa.select(letter_documents.c.letter_id, letter_documents.c.sha256).where(
            letter_documents.c.letter_id.in_(listed)
        )
    )
    digest_of = {row.letter_id: row.sha256 for row in digests}
    return tuple(
        ChainLink(
            row["letter_id"],
            row["number"],
            row["kind"],
            row["issued_at"],
            row["received_at"],
            row["state"],
            rung_of.get(row["letter_id"]),
            digest_of.get(row["letter_id"]),
        )
        for row in found
    )


def _is_climbed(referral: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """A condition on `rungs`: of the referral's item, or of the items of its case; what has neither has no chain."""
    if referral["item_id"] is not None:
        return rung_rows.c.item_id == referral["item_id"]
    of_case = sa.select(supervision_items.c.item_id).where(supervision_items.c.case_id == referral["case_id"])
    return rung_rows.c.item_id.in_(of_case)
