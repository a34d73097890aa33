"""The tables of accountability: talks, referrals with their outcomes, circulars with their figures, objections, and
what the Regulation on government inspection asks for: plans and conclusions."""

import sqlalchemy as sa

from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

INTERVIEW_STATES = ("ARRANGING", "SUMMONED", "HELD", "REPORTED", "SETTLED", "DROPPED")
REFERRAL_STATES = ("PREPARING", "REFERRED", "DECLINED", "CONCLUDED", "DROPPED")
CIRCULAR_STATES = ("DRAFTING", "APPROVED", "PUBLISHED", "DROPPED")
OBJECTION_STATES = ("OPEN", "UPHELD", "CHANGED", "WITHDRAWN", "DROPPED")
PLAN_STATES = ("DRAFT", "APPROVED", "CONCLUDED")

interviews = sa.Table(
    "interviews",
    metadata,
    key("interview_id"),  # the business key of its process instance
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("item_id", "supervision_items.item_id"),  # None: arranged by hand
    ref("case_id", "cases.case_id"),
    ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("subject", Name, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("opened_by", Name, nullable=False),
    sa.Column("held_at", Instant),
    sa.Column("reported_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("rounds", sa.Integer, nullable=False, default=0),  # how often the unit has reported
    ref("summons_id", "letters.letter_id"),
    ref("minutes_id", "letters.letter_id"),
    one_of("state", INTERVIEW_STATES),
    sa.Index("ix_interviews_campaign_id", "campaign_id", "state", "opened_at"),
    sa.Index("ix_interviews_case_id", "case_id"),
)
referrals = sa.Table(
    "referrals",
    metadata,
    key("referral_id"),  # the business key of its process instance; from the ladder that of the item
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("item_id", "supervision_items.item_id"),  # None: proposed by hand
    ref("case_id", "cases.case_id"),
    ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("subject", Name, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    ref("prepared_by_id", "persons.person_id"),
    ref("approved_by_id", "persons.person_id"),
    sa.Column("decided_at", Instant),
    sa.Column("grounds", sa.JSON, nullable=False, default=list),
    ref("letter_id", "letters.letter_id"),
    sa.Column("concluded_at", Instant),
    one_of("state", REFERRAL_STATES),
    sa.Index("ix_referrals_campaign_id", "campaign_id", "state"),
    sa.Index("ix_referrals_case_id", "case_id"),
)
referral_outcomes = sa.Table(  # what others decided, as it was recorded
    "referral_outcomes",
    metadata,
    sa.Column("referral_id", Id, sa.ForeignKey("referrals.referral_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("subject", sa.String(16), nullable=False),
    sa.Column("post", Name, nullable=False, default=""),
    sa.Column("form", sa.String(24), nullable=False),
    sa.Column("grade", sa.String(24), nullable=False, default=""),
    sa.Column("organ", Name, nullable=False),
    sa.Column("number", Name, nullable=False, default=""),
    sa.Column("decided_on", sa.Date, nullable=False),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("recorded_by", Name, nullable=False),
    one_of("subject", ("unit", "person")),
)
circulars = sa.Table(
    "circulars",
    metadata,
    key("circular_id"),  # the business key of its process instance
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("from_on", sa.Date, nullable=False),
    sa.Column("to_on", sa.Date, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # of the figures that stand, or that were approved
    sa.Column("problems", sa.Text, nullable=False, default=""),
    sa.Column("demands", sa.Text, nullable=False, default=""),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("opened_by", Name, nullable=False),
    sa.Column("approved_at", Instant),
    sa.Column("approved_by", Name),
    sa.Column("published_at", Instant),
    ref("letter_id", "letters.letter_id"),
    one_of("state", CIRCULAR_STATES),
    sa.Index("ix_circulars_campaign_id", "campaign_id", "opened_at"),
)
circular_figures = sa.Table(  # never changed: to count again makes another version
    "circular_figures",
    metadata,
    sa.Column("circular_id", Id, sa.ForeignKey("circulars.circular_id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("figures", sa.JSON, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)

# -- inspections (政府督查工作条例) -----------------------------------------------------------------------------------
inspection_plans = sa.Table(
    "inspection_plans",
    metadata,
    key("plan_id"),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("title", Name, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("methods", sa.JSON, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("items", sa.JSON, nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("overlap_reason", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("drafted_at", Instant, nullable=False),
    ref("drafted_by_id", "persons.person_id", nullable=False),
    ref("approved_by_id", "persons.person_id"),
    sa.Column("approved_at", Instant),
    one_of("state", PLAN_STATES),
    sa.CheckConstraint("starts_on <= ends_on", name="period"),
    sa.Index("ix_inspection_plans_campaign_id", "campaign_id", "starts_on"),
)
inspected_units = sa.Table(  # whom a plan inspects, and the conclusion that was fed back
    "inspected_units",
    metadata,
    sa.Column("plan_id", Id, sa.ForeignKey("inspection_plans.plan_id"), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
    sa.Index("ix_inspected_units_unit_id", "unit_id"),
)
conclusions = sa.Table(  # 督查结论, never changed: a review decision stands beside it
    "conclusions",
    metadata,
    key("conclusion_id"),
    ref("plan_id", "inspection_plans.plan_id", nullable=False),
    ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("opinion", sa.Text, nullable=False),
    sa.Column("demands", sa.Text, nullable=False, default=""),
    sa.Column("fed_back_at", Instant, nullable=False),
    sa.Column("objection_deadline", sa.JSON, nullable=False),
    ref("concluded_by_id", "persons.person_id", nullable=False),
    sa.UniqueConstraint("plan_id", "unit_id"),
)
objections = sa.Table(
    "objections",
    metadata,
    key("objection_id"),  # the business key of its process instance
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("unit_id", "units.unit_id", nullable=False),
    ref("letter_id", "letters.letter_id"),
    ref("conclusion_id", "conclusions.conclusion_id"),
    sa.Column("subject", Name, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("served_at", Instant, nullable=False),
    sa.Column("filing_deadline", sa.JSON, nullable=False),
    sa.Column("filed_at", Instant, nullable=False),
    ref("filed_by_id", "persons.person_id", nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("findings", sa.Text, nullable=False, default=""),
    sa.Column("changed_to", sa.Text, nullable=False, default=""),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", Name),
    one_of("state", OBJECTION_STATES),
    sa.CheckConstraint("(letter_id IS NULL) <> (conclusion_id IS NULL)", name="one_subject"),
    sa.Index("ix_objections_campaign_id", "campaign_id", "filed_at"),
    sa.Index("ix_objections_letter_id", "letter_id"),
    sa.Index("ix_objections_conclusion_id", "conclusion_id"),
)
