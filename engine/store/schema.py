"""Every table. Keys are `<singular>_id`, instants are UTC and aware, states are words with a CHECK.

Constraints have names; what the database can keep true, it keeps (see `migrations/` for the triggers that make facts
and issued letters append-only). Here: settings and people; the other tables lie beside, a file for each family.
"""

import sqlalchemy as sa

from engine.store.accountability_tables import (
    circular_figures,
    circulars,
    conclusions,
    inspected_units,
    inspection_plans,
    interviews,
    objections,
    referral_outcomes,
    referrals,
)
from engine.store.audit_tables import checkpoints, fact_chain
from engine.store.case_tables import campaigns, case_units, cases
from engine.store.columns import Id, Instant, Name, key, metadata, ref
from engine.store.draft_tables import draft_letters, draft_texts, letter_addressees, letter_drafts
from engine.store.model_tables import model_comments, model_contents, model_drafts, model_saves
from engine.store.operating_tables import (
    BATCH_ITEM_STATES,
    BATCH_STATES,
    MESSAGE_STATES,
    batch_items,
    batches,
    messages,
    snapshots,
)
from engine.store.paper_tables import (
    LETTER_STATES,
    blobs,
    counters,
    evidence,
    letter_cases,
    letter_documents,
    letter_services,
    letters,
    reminders,
    reports,
    rungs,
    supervision_items,
)
from engine.store.running_tables import (
    calendars,
    definition_files,
    definitions,
    facts,
    incidents,
    instances,
    jobs,
    operations,
    task_groups,
    tasks,
    visits,
    waits,
)
from engine.store.service_tables import (
    letter_deliveries,
    letter_files,
    letter_readings,
    letter_receipts,
    letter_replies,
    letter_reviews,
)
from engine.store.signature_tables import letter_signatures
from engine.store.tally_tables import case_tallies, due_tallies
from engine.store.trial_tables import model_trials

__all__ = [
    "APPEND_ONLY",
    "BATCH_ITEM_STATES",
    "BATCH_STATES",
    "LETTER_STATES",
    "MESSAGE_STATES",
    "Instant",
    "batch_items",
    "batches",
    "blobs",
    "calendars",
    "campaigns",
    "case_tallies",
    "case_units",
    "cases",
    "checkpoints",
    "circular_figures",
    "circulars",
    "conclusions",
    "counters",
    "definition_files",
    "definitions",
    "draft_letters",
    "draft_texts",
    "due_tallies",
    "evidence",
    "fact_chain",
    "facts",
    "incidents",
    "inspected_units",
    "inspection_plans",
    "instances",
    "interviews",
    "jobs",
    "letter_addressees",
    "letter_cases",
    "letter_deliveries",
    "letter_documents",
    "letter_drafts",
    "letter_files",
    "letter_readings",
    "letter_receipts",
    "letter_replies",
    "letter_reviews",
    "letter_services",
    "letter_signatures",
    "letters",
    "memberships",
    "messages",
    "metadata",
    "model_comments",
    "model_contents",
    "model_drafts",
    "model_saves",
    "model_trials",
    "objections",
    "operations",
    "persons",
    "referral_outcomes",
    "referrals",
    "reminders",
    "reports",
    "rungs",
    "sessions",
    "settings",
    "snapshots",
    "supervision_items",
    "task_groups",
    "tasks",
    "units",
    "visits",
    "waits",
]

APPEND_ONLY = (  # by trigger: no UPDATE, no DELETE; a migration calls guards.make_append_only for each
    "facts",
    "fact_chain",
    "checkpoints",
    "letters",
    "letter_documents",
    "letter_signatures",
    "letter_cases",
    "letter_addressees",
    "draft_texts",
    "blobs",
    "definitions",
    "definition_files",
    "rungs",
    "letter_readings",
    "letter_receipts",
    "letter_replies",
    "letter_reviews",
    "letter_files",
    "referral_outcomes",
    "circular_figures",
    "conclusions",
    "model_contents",
    "model_saves",
)

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
    key("unit_id"),
    sa.Column("name", Name, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    ref("parent_id", "units.unit_id"),
    sa.Column("aliases", sa.JSON, nullable=False, default=list),
    sa.Column("position", sa.Integer, nullable=False, default=0),
)
persons = sa.Table(
    "persons",
    metadata,
    key("person_id"),
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
    ref("person_id", "persons.person_id"),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("data", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)
