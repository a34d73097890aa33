"""The tables of paper and supervision: evidence, letters and their numbers, items and rungs, reports, reminders."""

import sqlalchemy as sa

from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

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
    key("evidence_id"),
    ref("case_id", "cases.case_id"),
    ref("instance_id", "instances.instance_id", nullable=False),
    ref("task_id", "tasks.task_id"),
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
    ref("uploaded_by_id", "persons.person_id", nullable=False),
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
    key("letter_id"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("layout", sa.String(16), nullable=False),
    sa.Column("organ_code", sa.String(40), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("number", sa.String(80), nullable=False, unique=True),
    sa.Column("title", sa.String(300), nullable=False),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("unit_id", "units.unit_id", nullable=False),
    ref("item_id", "supervision_items.item_id"),
    ref("definition_id", "definitions.definition_id", nullable=False),  # the templates' version
    sa.Column("variables", sa.JSON, nullable=False),
    sa.Column("reply_term", sa.String(16)),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("issued_by", Name, nullable=False),
    sa.Column("draft_id", Id),  # of letter_drafts, which points at letters
    ref("corrects_id", "letters.letter_id"),
    sa.Column("run_id", Id),  # what was issued in one action, with one run of numbers
    sa.Column("signed_by", Name),  # post and name
    sa.Column("opinion", sa.Text),
    sa.Column("wording", sa.JSON),  # the writer's words, where they are not the template's
    sa.Column("consent", sa.JSON),
    sa.Column("marks", sa.JSON),  # copy_number, secrecy, urgency as printed
    sa.UniqueConstraint("organ_code", "year", "serial"),
    sa.Index("ix_letters_corrects_id", "corrects_id"),  # not unique: a void correction may be followed by another
    sa.Index("ix_letters_run_id", "run_id", "serial"),
    sa.Index("ix_letters_draft_id", "draft_id"),
    sa.Index("ix_letters_campaign_id", "campaign_id", "kind", "issued_at"),
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
LETTER_STATES = ("ISSUED", "SERVED", "RECEIVED", "REPLIED", "RETURNED", "CLOSED", "VOID")
letter_services = sa.Table(  # where a letter stands with all its addressees; with each of them: service_tables
    "letter_services",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reply_due_at", Instant),  # None before receipt: the time to reply runs from there
    sa.Column("received_at", Instant),
    sa.Column("received_by", Name),
    sa.Column("replied_at", Instant),
    sa.Column("replied_by", Name),
    sa.Column("reply", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", Name),
    sa.Column("closing_reason", sa.Text),
    sa.Column("void_reason", sa.Text),
    one_of("state", LETTER_STATES),
)

# -- supervision and reports ------------------------------------------------------------------------------------------
supervision_items = sa.Table(
    "supervision_items",
    metadata,
    key("item_id"),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("case_id", "cases.case_id"),
    ref("report_id", "reports.report_id"),
    ref("task_id", "tasks.task_id", nullable=False),
    ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("due_original_at", Instant, nullable=False),
    sa.Column("level", sa.Integer, nullable=False, default=-1),
    sa.Column("level_at", Instant),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("ruling", sa.JSON),  # what the ladder said last: which version, which row, of which inputs
    one_of("state", ("OPEN", "RESOLVED", "REFERRED")),
    sa.Index(
        "uq_supervision_items_open",
        "task_id",
        unique=True,
        sqlite_where=sa.text("state = 'OPEN'"),
        postgresql_where=sa.text("state = 'OPEN'"),
    ),
    sa.Index("ix_supervision_items_campaign_id", "campaign_id", "state", "opened_at", "closed_at", "item_id"),
    sa.Index("ix_supervision_items_task_id", "task_id", "state"),
    sa.Index("ix_supervision_items_case_id", "case_id", "state"),
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
    sa.Column("ruling", sa.JSON),
    sa.Index("ix_rungs_item_id", "item_id", "instrument", "at"),
)
reports = sa.Table(
    "reports",
    metadata,
    key("report_id"),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("rule_key", sa.String(64), nullable=False),
    sa.Column("name", Name, nullable=False),
    ref("unit_id", "units.unit_id", nullable=False),
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
    one_of("state", ("HISTORY", "OPEN", "SUBMITTED")),
)
reminders = sa.Table(
    "reminders",
    metadata,
    key("reminder_id"),
    ref("task_id", "tasks.task_id"),
    ref("case_id", "cases.case_id"),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    ref("unit_id", "units.unit_id", nullable=False),
    sa.Column("message", Name, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_reminders_unit_id", "unit_id", "role", "at"),
)
