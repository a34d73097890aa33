"""The tables of a letter before its number: drafts, the letters each would make, and every version of their words."""

import sqlalchemy as sa

from engine.domain.drafting import DraftState
from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

letter_drafts = sa.Table(  # one decision about one or many letters of a kind
    "letter_drafts",
    metadata,
    key("draft_id"),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("instance_id", "instances.instance_id"),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("layout", sa.String(16)),  # None: the kind's own
    sa.Column("reply_term", sa.String(16)),  # None: the kind's own
    sa.Column("subject", Name, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("countersigners", sa.JSON, nullable=False),  # unit ids
    sa.Column("consent", sa.JSON),  # by, number, on: who agreed that a government is addressed
    sa.Column("marks", sa.JSON),  # copy_number of the first letter, secrecy, urgency
    ref("corrects_id", "letters.letter_id"),
    sa.Column("note", sa.Text, nullable=False),  # why a letter is corrected, or a draft was withdrawn
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("written_by_id", Id, nullable=False),
    sa.Column("written_by", Name, nullable=False),
    sa.Column("closed_at", Instant),
    one_of("state", list(DraftState)),
    sa.Index("ix_letter_drafts_state", "state", "written_at"),
    sa.Index("ix_letter_drafts_instance_id", "instance_id"),
)
draft_letters = sa.Table(
    "draft_letters",
    metadata,
    sa.Column("draft_id", Id, sa.ForeignKey("letter_drafts.draft_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),  # from 1, in the order of the numbers
    sa.Column("unit_ids", sa.JSON, nullable=False),
    sa.Column("case_ids", sa.JSON, nullable=False),
    ref("letter_id", "letters.letter_id"),
    ref("definition_id", "definitions.definition_id"),  # the templates' version when it left the writer
    sa.Column("variables", sa.JSON),  # what it said then
)
draft_texts = sa.Table(  # what the writer made of the words; never updated
    "draft_texts",
    metadata,
    sa.Column("draft_id", Id, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("lines", sa.JSON, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("written_by_id", Id, nullable=False),
    sa.Column("written_by", Name, nullable=False),
    sa.ForeignKeyConstraint(["draft_id", "position"], ["draft_letters.draft_id", "draft_letters.position"]),
)
letter_addressees = sa.Table(  # every 主送机关 of a letter that has more than one, in the order it lists them
    "letter_addressees",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letters.letter_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    ref("unit_id", "units.unit_id", nullable=False),
    sa.Index("ix_letter_addressees_unit_id", "unit_id", "letter_id"),
)
