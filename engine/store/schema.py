"""Every table. Keys are `<singular>_id`, instants are UTC and aware, states are words with a CHECK.

Constraints have names; what the database can keep true, it keeps (see `migrations/` for the triggers that make facts
and issued letters append-only).
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from engine.domain.case import CaseState
from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.job import JobState
from engine.domain.task import TaskState


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps it as naive UTC text that sorts."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.String(64)
Name = sa.String(200)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, Id, primary_key=True)


def _ref(name: str, target: str, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, Id, sa.ForeignKey(target), nullable=nullable)


def _one_of(column: str, words: Any) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# -- people -----------------------------------------------------------------------------------------------------------
units = sa.Table(
    "units",
    metadata,
    _key("unit_id"),
    sa.Column("name", Name, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    _ref("parent_id", "units.unit_id"),
    sa.Column("aliases", sa.JSON, nullable=False, default=list),
    sa.Column("position", sa.Integer, nullable=False, default=0),
)
persons = sa.Table(
    "persons",
    metadata,
    _key("person_id"),
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("name", Name, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False, default=True),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("locked_until", Instant),
    sa.Column("created_at", Instant, nullable=False),
)
memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("person_id", Id, sa.ForeignKey("persons.person_id"), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_hash", sa.String(64), primary_key=True),
    _ref("person_id", "persons.person_id"),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("data", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

# -- what runs --------------------------------------------------------------------------------------------------------
definitions = sa.Table(
    "definitions",
    metadata,
    _key("definition_id"),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("deployed_at", Instant, nullable=False),
    sa.Column("deployed_by", Name, nullable=False),
    sa.UniqueConstraint("key", "version"),
    sa.UniqueConstraint("key", "sha256"),
)
definition_files = sa.Table(
    "definition_files",
    metadata,
    sa.Column("definition_id", Id, sa.ForeignKey("definitions.definition_id"), primary_key=True),
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
calendars = sa.Table(
    "calendars",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("loaded_at", Instant, nullable=False),
)
campaigns = sa.Table(
    "campaigns",
    metadata,
    _key("campaign_id"),
    sa.Column("title", Name, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("last_serial", sa.Integer, nullable=False, default=0),
)
cases = sa.Table(
    "cases",
    metadata,
    _key("case_id"),  # the case number, which is also the business key of its process instance
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("credit_code", sa.String(18)),
    _ref("area_id", "units.unit_id", nullable=False),
    _ref("lead_id", "units.unit_id", nullable=False),
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
    sa.Column("deadline", sa.JSON),
    sa.UniqueConstraint("campaign_id", "fingerprint"),
    sa.Index("ix_cases_credit_code", "campaign_id", "credit_code"),
    sa.Index("ix_cases_area_id", "campaign_id", "area_id", "state"),
    sa.Index("ix_cases_lead_id", "campaign_id", "lead_id", "state"),
    _one_of("state", list(CaseState)),
)
case_units = sa.Table(  # who may see a case beside its area and lead: the cooperating units of its group
    "case_units",
    metadata,
    sa.Column("case_id", Id, sa.ForeignKey("cases.case_id"), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
    sa.Index("ix_case_units_unit_id", "unit_id"),
)
instances = sa.Table(
    "instances",
    metadata,
    _key("instance_id"),
    sa.Column("kind", sa.String(16), nullable=False),
    _ref("definition_id", "definitions.definition_id", nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("definition_ids", sa.JSON, nullable=False),
    sa.Column("business_key", sa.String(64), nullable=False),
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    _ref("case_id", "cases.case_id"),
    _ref("started_by_id", "instances.instance_id"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("blob", sa.LargeBinary, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("kind", "business_key"),
    sa.Index("ix_instances_case_id", "case_id"),
    sa.Index("ix_instances_definition_id", "definition_id", "state"),
    _one_of("state", list(InstanceState)),
    _one_of("kind", list(InstanceKind)),
)
tasks = sa.Table(
    "tasks",
    metadata,
    _key("task_id"),
    _ref("instance_id", "instances.instance_id", nullable=False),
    _ref("definition_id", "definitions.definition_id", nullable=False),  # whose diagram holds the element
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    _ref("case_id", "cases.case_id"),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("process_key", sa.String(64), nullable=False),
    sa.Column("element_id", sa.String(64), nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("subject", Name, nullable=False),  # what the task is about, for the inbox and its search
    _ref("area_id", "units.unit_id"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, default=1),
    sa.Column("separate_from", sa.JSON, nullable=False, default=list),
    _ref("assignee_id", "persons.person_id"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("claimed_at", Instant),
    sa.Column("completed_at", Instant),
    _ref("completed_by_id", "persons.person_id"),
    sa.Column("variables", sa.JSON),  # what was handed in
    sa.Column("draft", sa.JSON),
    sa.Column("due_at", Instant),
    sa.Column("due_original_at", Instant),
    sa.Column("yellow_at", Instant),
    sa.Column("is_provisional", sa.Boolean, nullable=False, default=False),
    sa.Column("deadline", sa.JSON),
    sa.UniqueConstraint("instance_id", "token"),
    sa.Index(
        "ix_tasks_open_due",
        "due_at",
        "task_id",
        sqlite_where=sa.text("state IN ('OPEN','CLAIMED')"),
        postgresql_where=sa.text("state IN ('OPEN','CLAIMED')"),
    ),
    sa.Index("ix_tasks_assignee_id", "assignee_id", "state"),
    sa.Index("ix_tasks_instance_id", "instance_id"),
    sa.Index("ix_tasks_case_id", "case_id"),
    _one_of("state", list(TaskState)),
)
task_groups = sa.Table(
    "task_groups",
    metadata,
    sa.Column("task_id", Id, sa.ForeignKey("tasks.task_id"), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
    sa.Index("ix_task_groups_unit_id", "unit_id", "role"),
)
jobs = sa.Table(
    "jobs",
    metadata,
    _key("job_id"),
    sa.Column("kind", sa.String(32), nullable=False),
    _ref("instance_id", "instances.instance_id"),
    sa.Column("token", sa.String(64)),
    sa.Column("process_key", sa.String(64)),
    sa.Column("element_id", sa.String(64)),
    sa.Column("name", Name, nullable=False, default=""),
    sa.Column("payload", sa.JSON, nullable=False, default=dict),
    sa.Column("deadline", sa.JSON),  # of a timer: how its instant came about
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("attempts_left", sa.Integer, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Column("fence", sa.Integer, nullable=False, default=0),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("done_at", Instant),
    sa.Index(
        "ix_jobs_due",
        "due_at",
        "job_id",
        sqlite_where=sa.text("state = 'OPEN'"),
        postgresql_where=sa.text("state = 'OPEN'"),
    ),
    sa.Index(
        "ix_jobs_lease",
        "lease_until",
        sqlite_where=sa.text("state = 'LEASED'"),
        postgresql_where=sa.text("state = 'LEASED'"),
    ),
    sa.Index("ix_jobs_instance_id", "instance_id", "token"),
    _one_of("state", list(JobState)),
)
waits = sa.Table(  # instances that wait for a message
    "waits",
    metadata,
    sa.Column("instance_id", Id, sa.ForeignKey("instances.instance_id"), primary_key=True),
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("message", sa.String(64), nullable=False),
)
incidents = sa.Table(
    "incidents",
    metadata,
    _key("incident_id"),
    _ref("job_id", "jobs.job_id"),
    _ref("instance_id", "instances.instance_id"),
    _ref("campaign_id", "campaigns.campaign_id"),
    _ref("case_id", "cases.case_id"),
    sa.Column("element_id", sa.String(64)),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("resolved_at", Instant),
    sa.Column("resolved_by", Name),
    sa.Column("resolution", sa.String(32)),
)
visits = sa.Table(  # which elements an instance has passed, for its diagram and its history
    "visits",
    metadata,
    sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    _ref("instance_id", "instances.instance_id", nullable=False),
    sa.Column("process_key", sa.String(64), nullable=False),
    sa.Column("element_id", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_visits_instance_id", "instance_id"),
)
facts = sa.Table(
    "facts",
    metadata,
    sa.Column("fact_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("person_id", Id, nullable=False),
    sa.Column("person", Name, nullable=False),
    sa.Column("campaign_id", Id),
    sa.Column("case_id", Id),
    sa.Column("instance_id", Id),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("ix_facts_case_id", "case_id", "fact_id"),
    sa.Index("ix_facts_instance_id", "instance_id", "fact_id"),
)
operations = sa.Table(  # an operation key and what it answered, kept for ever
    "operations",
    metadata,
    sa.Column("operation_key", sa.String(100), primary_key=True),
    sa.Column("person_id", Id, nullable=False),
    sa.Column("command", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("result", sa.JSON),
    sa.Column("at", Instant, nullable=False),
)

# -- paper ------------------------------------------------------------------------------------------------------------
blobs = sa.Table(  # bytes by their hash: evidence and PDFs
    "blobs",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
)
evidence = sa.Table(
    "evidence",
    metadata,
    _key("evidence_id"),
    _ref("case_id", "cases.case_id"),
    _ref("instance_id", "instances.instance_id", nullable=False),
    _ref("task_id", "tasks.task_id"),
    sa.Column("field", sa.String(80), nullable=False),
    sa.Column("proves", Name, nullable=False, default=""),
    sa.Column("filename", Name, nullable=False),
    sa.Column("media_type", sa.String(80), nullable=False),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("taken_at", Instant),
    sa.Column("place", Name, nullable=False, default=""),
    sa.Column("note", Name, nullable=False, default=""),
    sa.Column("device", Name, nullable=False, default=""),
    sa.Column("original_sha256", sa.String(64), nullable=False, default=""),  # of what was sent; pictures are redrawn
    sa.Column("uploaded_at", Instant, nullable=False),
    _ref("uploaded_by_id", "persons.person_id", nullable=False),
    sa.Index("ix_evidence_case_id", "case_id"),
    sa.Index("ix_evidence_task_id", "task_id"),
)
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("organ_code", sa.String(40), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last_serial", sa.Integer, nullable=False),
)
letters = sa.Table(  # never updated once written: a trigger sees to it
    "letters",
    metadata,
    _key("letter_id"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("layout", sa.String(16), nullable=False),
    sa.Column("organ_code", sa.String(40), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("number", sa.String(80), nullable=False, unique=True),
    sa.Column("title", sa.String(300), nullable=False),
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    _ref("unit_id", "units.unit_id", nullable=False),
    _ref("item_id", "supervision_items.item_id"),
    _ref("definition_id", "definitions.definition_id", nullable=False),  # the templates' version
    sa.Column("variables", sa.JSON, nullable=False),
    sa.Column("reply_term", sa.String(16)),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("issued_by", Name, nullable=False),
    _ref("replaces_id", "letters.letter_id"),
    sa.UniqueConstraint("organ_code", "year", "serial"),
    sa.Index("ix_letters_campaign_id", "campaign_id", "kind"),
)
letter_cases = sa.Table(
    "letter_cases",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("case_id", Id, sa.ForeignKey("cases.case_id"), primary_key=True),
    sa.Index("ix_letter_cases_case_id", "case_id"),
)
letter_documents = sa.Table(  # written once, when the PDF is made
    "letter_documents",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("rendered_at", Instant, nullable=False),
)
LETTER_STATES = ("ISSUED", "RECEIVED", "REPLIED", "CLOSED", "VOID")
letter_services = sa.Table(  # what happened to a letter after it went out
    "letter_services",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reply_due_at", Instant),
    sa.Column("received_at", Instant),
    sa.Column("received_by", Name),
    sa.Column("replied_at", Instant),
    sa.Column("replied_by", Name),
    sa.Column("reply", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", Name),
    sa.Column("void_reason", sa.Text),
    _one_of("state", LETTER_STATES),
)

# -- supervision and reports ------------------------------------------------------------------------------------------
supervision_items = sa.Table(
    "supervision_items",
    metadata,
    _key("item_id"),
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    _ref("case_id", "cases.case_id"),
    _ref("report_id", "reports.report_id"),
    _ref("task_id", "tasks.task_id", nullable=False),
    _ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("due_original_at", Instant, nullable=False),
    sa.Column("level", sa.Integer, nullable=False, default=-1),
    sa.Column("level_at", Instant),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    _one_of("state", ("OPEN", "RESOLVED", "REFERRED")),
    sa.Index(
        "uq_supervision_items_open",
        "task_id",
        unique=True,
        sqlite_where=sa.text("state = 'OPEN'"),
        postgresql_where=sa.text("state = 'OPEN'"),
    ),
    sa.Index("ix_supervision_items_campaign_id", "campaign_id", "state"),
)
rungs = sa.Table(  # each rung an item has reached, with what judged it
    "rungs",
    metadata,
    sa.Column("item_id", Id, sa.ForeignKey("supervision_items.item_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("instrument", sa.String(32), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("rule", Name, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("letter_id", Id),
)
reports = sa.Table(
    "reports",
    metadata,
    _key("report_id"),
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("rule_key", sa.String(64), nullable=False),
    sa.Column("name", Name, nullable=False),
    _ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("deadline", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("is_sealed", sa.Boolean, nullable=False, default=False),
    sa.Column("submitted_at", Instant),
    sa.Column("submitted_by", Name),
    sa.Column("figures", sa.JSON),
    sa.Column("variables", sa.JSON),
    sa.UniqueConstraint("campaign_id", "rule_key", "unit_id", "due_at"),
    sa.Index("ix_reports_due_at", "campaign_id", "due_at"),
    _one_of("state", ("HISTORY", "OPEN", "SUBMITTED")),
)
reminders = sa.Table(
    "reminders",
    metadata,
    _key("reminder_id"),
    _ref("task_id", "tasks.task_id"),
    _ref("case_id", "cases.case_id"),
    _ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    _ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("message", Name, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_reminders_unit_id", "unit_id", "role", "at"),
)
