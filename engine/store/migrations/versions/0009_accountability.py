"""Talks, circulars, referrals and their outcomes, objections, plans and conclusions of inspections."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.store.checks import change_words
from engine.store.guards import make_append_only

revision = "0009"
down_revision = "0008"

KINDS = (
    "case", "supervision", "report", "accountability", "letter", "interview", "circular", "objection",
)  # fmt: skip


def upgrade() -> None:
    change_words(op.get_bind(), "instances", "kind", KINDS)
    _interviews()
    _referrals()
    _circulars()
    _inspections()
    _objections()
    make_append_only(op.get_bind(), "referral_outcomes", "circular_figures", "conclusions")


def _id(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _name(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=200), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _at(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _word(name: str, length: int = 16) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _plain(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _keys(table: str, key: str, **targets: str) -> list[Any]:
    constraints: list[Any] = [sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{table}"))]
    for column, target in targets.items():
        constraints.append(sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}")))
    return constraints


def _states(table: str, *states: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{state}'" for state in states)
    return sa.CheckConstraint(f"state IN ({listed})", name=op.f(f"ck_{table}_state"))


def _interviews() -> None:
    op.create_table(
        "interviews",
        _id("interview_id", nullable=False),
        _id("campaign_id", nullable=False),
        _id("item_id"),
        _id("case_id"),
        _id("unit_id", nullable=False),
        _name("subject"),
        _word("state"),
        _at("opened_at", nullable=False),
        _name("opened_by"),
        _at("held_at"),
        _at("reported_at"),
        _at("settled_at"),
        _plain("rounds", sa.Integer()),
        _id("summons_id"),
        _id("minutes_id"),
        _states("interviews", "ARRANGING", "SUMMONED", "HELD", "REPORTED", "SETTLED", "DROPPED"),
        *_keys(
            "interviews",
            "interview_id",
            campaign_id="campaigns.campaign_id",
            item_id="supervision_items.item_id",
            case_id="cases.case_id",
            unit_id="units.unit_id",
            summons_id="letters.letter_id",
            minutes_id="letters.letter_id",
        ),
    )
    op.create_index("ix_interviews_campaign_id", "interviews", ["campaign_id", "state", "opened_at"])
    op.create_index("ix_interviews_case_id", "interviews", ["case_id"])


def _referrals() -> None:
    op.create_table(
        "referrals",
        _id("referral_id", nullable=False),
        _id("campaign_id", nullable=False),
        _id("item_id"),
        _id("case_id"),
        _id("unit_id", nullable=False),
        _name("subject"),
        _word("state"),
        _at("opened_at", nullable=False),
        _id("prepared_by_id"),
        _id("approved_by_id"),
        _at("decided_at"),
        _plain("grounds", sa.JSON()),
        _id("letter_id"),
        _at("concluded_at"),
        _states("referrals", "PREPARING", "REFERRED", "DECLINED", "CONCLUDED", "DROPPED"),
        *_keys(
            "referrals",
            "referral_id",
            campaign_id="campaigns.campaign_id",
            item_id="supervision_items.item_id",
            case_id="cases.case_id",
            unit_id="units.unit_id",
            prepared_by_id="persons.person_id",
            approved_by_id="persons.person_id",
            letter_id="letters.letter_id",
        ),
    )
    op.create_index("ix_referrals_campaign_id", "referrals", ["campaign_id", "state"])
    op.create_index("ix_referrals_case_id", "referrals", ["case_id"])
    op.create_table(
        "referral_outcomes",
        _id("referral_id", nullable=False),
        _plain("position", sa.Integer()),
        _word("subject"),
        _name("post"),
        _word("form", 24),
        _word("grade", 24),
        _name("organ"),
        _name("number"),
        _plain("decided_on", sa.Date()),
        _text("note"),
        _at("recorded_at", nullable=False),
        _name("recorded_by"),
        sa.CheckConstraint("subject IN ('unit', 'person')", name=op.f("ck_referral_outcomes_subject")),
        *_keys("referral_outcomes", "referral_id position", referral_id="referrals.referral_id"),
    )


def _circulars() -> None:
    op.create_table(
        "circulars",
        _id("circular_id", nullable=False),
        _id("campaign_id", nullable=False),
        _plain("from_on", sa.Date()),
        _plain("to_on", sa.Date()),
        _word("state"),
        _plain("version", sa.Integer()),
        _text("problems"),
        _text("demands"),
        _at("opened_at", nullable=False),
        _name("opened_by"),
        _at("approved_at"),
        _name("approved_by", nullable=True),
        _at("published_at"),
        _id("letter_id"),
        _states("circulars", "DRAFTING", "APPROVED", "PUBLISHED", "DROPPED"),
        *_keys("circulars", "circular_id", campaign_id="campaigns.campaign_id", letter_id="letters.letter_id"),
    )
    op.create_index("ix_circulars_campaign_id", "circulars", ["campaign_id", "opened_at"])
    op.create_table(
        "circular_figures",
        _id("circular_id", nullable=False),
        _plain("version", sa.Integer()),
        _at("as_of", nullable=False),
        _plain("figures", sa.JSON()),
        _word("sha256", 64),
        *_keys("circular_figures", "circular_id version", circular_id="circulars.circular_id"),
    )


def _inspections() -> None:
    op.create_table(
        "inspection_plans",
        _id("plan_id", nullable=False),
        _id("campaign_id", nullable=False),
        _name("title"),
        _text("basis"),
        _word("kind", 24),
        _plain("methods", sa.JSON()),
        _text("scope"),
        _plain("items", sa.JSON()),
        _plain("starts_on", sa.Date()),
        _plain("ends_on", sa.Date()),
        _text("overlap_reason"),
        _word("state"),
        _at("drafted_at", nullable=False),
        _id("drafted_by_id", nullable=False),
        _id("approved_by_id"),
        _at("approved_at"),
        _states("inspection_plans", "DRAFT", "APPROVED", "CONCLUDED"),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_inspection_plans_period")),
        *_keys(
            "inspection_plans",
            "plan_id",
            campaign_id="campaigns.campaign_id",
            drafted_by_id="persons.person_id",
            approved_by_id="persons.person_id",
        ),
    )
    op.create_index("ix_inspection_plans_campaign_id", "inspection_plans", ["campaign_id", "starts_on"])
    op.create_table(
        "inspected_units",
        _id("plan_id", nullable=False),
        _id("unit_id", nullable=False),
        *_keys("inspected_units", "plan_id unit_id", plan_id="inspection_plans.plan_id", unit_id="units.unit_id"),
    )
    op.create_index("ix_inspected_units_unit_id", "inspected_units", ["unit_id"])
    op.create_table(
        "conclusions",
        _id("conclusion_id", nullable=False),
        _id("plan_id", nullable=False),
        _id("unit_id", nullable=False),
        _text("findings"),
        _text("evidence"),
        _text("opinion"),
        _text("demands"),
        _at("fed_back_at", nullable=False),
        _plain("objection_deadline", sa.JSON()),
        _id("concluded_by_id", nullable=False),
        sa.UniqueConstraint("plan_id", "unit_id", name=op.f("uq_conclusions_plan_id_unit_id")),
        *_keys(
            "conclusions",
            "conclusion_id",
            plan_id="inspection_plans.plan_id",
            unit_id="units.unit_id",
            concluded_by_id="persons.person_id",
        ),
    )


def _objections() -> None:
    op.create_table(
        "objections",
        _id("objection_id", nullable=False),
        _id("campaign_id", nullable=False),
        _id("unit_id", nullable=False),
        _id("letter_id"),
        _id("conclusion_id"),
        _name("subject"),
        _text("reason"),
        _at("served_at", nullable=False),
        _plain("filing_deadline", sa.JSON()),
        _at("filed_at", nullable=False),
        _id("filed_by_id", nullable=False),
        _word("state"),
        _text("findings"),
        _text("changed_to"),
        _at("decided_at"),
        _name("decided_by", nullable=True),
        _states("objections", "OPEN", "UPHELD", "CHANGED", "WITHDRAWN", "DROPPED"),
        sa.CheckConstraint("(letter_id IS NULL) <> (conclusion_id IS NULL)", name=op.f("ck_objections_one_subject")),
        *_keys(
            "objections",
            "objection_id",
            campaign_id="campaigns.campaign_id",
            unit_id="units.unit_id",
            letter_id="letters.letter_id",
            conclusion_id="conclusions.conclusion_id",
            filed_by_id="persons.person_id",
        ),
    )
    op.create_index("ix_objections_campaign_id", "objections", ["campaign_id", "filed_at"])
    op.create_index("ix_objections_letter_id", "objections", ["letter_id"])
    op.create_index("ix_objections_conclusion_id", "objections", ["conclusion_id"])
