"""Tables of what a campaign drives to zero: campaigns, their cases, and who may see them beside area and lead."""

import sqlalchemy as sa

from engine.domain.case import CaseState
from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

campaigns = sa.Table(
    "campaigns",
    metadata,
    key("campaign_id"),
    sa.Column("title", Name, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("last_serial", sa.Integer, nullable=False, default=0),
)
cases = sa.Table(
    "cases",
    metadata,
    key("case_id"),  # the case number, which is also the business key of its process instance
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("credit_code", sa.String(18)),
    ref("area_id", "units.unit_id", nullable=False),
    ref("lead_id", "units.unit_id", nullable=False),
    sa.Column("group_id", sa.String(64), nullable=False),
    sa.Column("address", Name, nullable=False),
    sa.Column("industry", Name, nullable=False, default=""),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("problem", sa.Text, nullable=False, default=""),
    sa.Column("contact_name", Name, nullable=False, default=""),
    sa.Column("contact_phone", sa.String(40), nullable=False, default=""),
    sa.Column("longitude", sa.Float),
    sa.Column("latitude", sa.Float),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False, default=list),
    sa.Column("is_illegal", sa.Boolean),
    sa.Column("proposed", sa.String(16)),
    sa.Column("disposition", sa.String(16)),
    sa.Column("list_name", Name),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("phase", sa.String(16)),
    sa.Column("return_count", sa.Integer, nullable=False, default=0),
    sa.Column("registered_at", Instant, nullable=False),
    sa.Column("surveyed_at", Instant),
    sa.Column("excluded_at", Instant),
    sa.Column("disposed_at", Instant),
    sa.Column("closed_by_law_at", Instant),
    sa.Column("applied_at", Instant),
    sa.Column("done_at", Instant),
    sa.Column("struck_off_at", Instant),
    sa.Column("lookback_at", Instant),
    sa.Column("relapsed_at", Instant),
    sa.Column("due_at", Instant),
    sa.Column("due_original_at", Instant),
    sa.Column("yellow_at", Instant),
    sa.Column("lights_id", Id),  # which version of the lights said so
    sa.Column("deadline", sa.JSON),
    # Where the ledger lists it: 0 open, 1 open without a due date, 2 finished, 3 finished and never had one.
    sa.Column("ledger_rank", sa.SmallInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("campaign_id", "fingerprint"),
    sa.Index("ix_cases_credit_code", "campaign_id", "credit_code"),
    sa.Index("ix_cases_ledger", "ledger_rank", "due_at", "case_id"),
    sa.Index("ix_cases_area_id", "area_id", "ledger_rank", "due_at", "case_id"),
    sa.Index("ix_cases_lead_id", "lead_id", "ledger_rank", "due_at", "case_id"),
    one_of("state", list(CaseState)),
)
case_units = sa.Table(  # who may see a case beside its area and lead: the cooperating units of its group
    "case_units",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.case_id"), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
    sa.Index("ix_case_units_unit_id", "unit_id"),
)
