"""Letters before they are issued: drafts and what was said of them; what a letter corrects and who signed it."""

import sqlalchemy as sa
from alembic import op

from engine.store.checks import change_words
from engine.store.guards import make_append_only

revision = "0005"
down_revision = "0004"

STATES = ("DRAFT", "REVIEWING", "COUNTERSIGNING", "SIGNING", "SIGNED", "RETURNED", "WITHDRAWN")
KINDS = ("case", "supervision", "report", "accountability", "letter")


def upgrade() -> None:
    _drafts()
    _letters()
    _addressees()
    change_words(op.get_bind(), "instances", "kind", KINDS)
    make_append_only(op.get_bind(), "draft_texts", "letter_addressees")


def _drafts() -> None:
    listed = ", ".join(f"'{state}'" for state in STATES)
    op.create_table(
        "letter_drafts",
        sa.Column("draft_id", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("instance_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("layout", sa.String(length=16), nullable=True),
        sa.Column("reply_term", sa.String(length=16), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("countersigners", sa.JSON(), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=True),
        sa.Column("corrects_id", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by_id", sa.String(length=64), nullable=False),
        sa.Column("written_by", sa.String(length=200), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN ({listed})", name=op.f("ck_letter_drafts_state")),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_letter_drafts_{column}"))
            for column, target in (
                ("campaign_id", "campaigns.campaign_id"),
                ("instance_id", "instances.instance_id"),
                ("corrects_id", "letters.letter_id"),
            )
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_letter_drafts")),
    )
    op.create_index("ix_letter_drafts_state", "letter_drafts", ["state", "written_at"])
    op.create_index("ix_letter_drafts_instance_id", "letter_drafts", ["instance_id"])
    op.create_table(
        "draft_letters",
        sa.Column("draft_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit_ids", sa.JSON(), nullable=False),
        sa.Column("case_ids", sa.JSON(), nullable=False),
        sa.Column("letter_id", sa.String(length=64), nullable=True),
        sa.Column("definition_id", sa.String(length=64), nullable=True),
        sa.Column("variables", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["letter_drafts.draft_id"], name=op.f("fk_draft_letters_draft_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definitions.definition_id"], name=op.f("fk_draft_letters_definition_id")
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.letter_id"], name=op.f("fk_draft_letters_letter_id")),
        sa.PrimaryKeyConstraint("draft_id", "position", name=op.f("pk_draft_letters")),
    )
    op.create_table(
        "draft_texts",
        sa.Column("draft_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by_id", sa.String(length=64), nullable=False),
        sa.Column("written_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id", "position"],
            ["draft_letters.draft_id", "draft_letters.position"],
            name=op.f("fk_draft_texts_draft_id_position"),
        ),
        sa.PrimaryKeyConstraint("draft_id", "position", "version", name=op.f("pk_draft_texts")),
    )


def _letters() -> None:
    """Both databases take a reference with the column; for SQLite Alembic would make the whole table anew."""
    op.execute(
        "ALTER TABLE letters ADD COLUMN corrects_id VARCHAR(64) "
        "CONSTRAINT fk_letters_corrects_id REFERENCES letters(letter_id)"
    )
    op.add_column("letters", sa.Column("draft_id", sa.String(length=64), nullable=True))
    op.add_column("letters", sa.Column("run_id", sa.String(length=64), nullable=True))
    op.add_column("letters", sa.Column("signed_by", sa.String(length=200), nullable=True))
    op.add_column("letters", sa.Column("opinion", sa.Text(), nullable=True))
    op.add_column("letters", sa.Column("wording", sa.JSON(), nullable=True))
    op.add_column("letters", sa.Column("consent", sa.JSON(), nullable=True))
    op.create_index("ix_letters_corrects_id", "letters", ["corrects_id"])
    op.create_index("ix_letters_run_id", "letters", ["run_id", "serial"])
    op.create_index("ix_letters_draft_id", "letters", ["draft_id"])


def _addressees() -> None:
    op.create_table(
        "letter_addressees",
        sa.Column("letter_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.letter_id"], name=op.f("fk_letter_addressees_letter_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.unit_id"], name=op.f("fk_letter_addressees_unit_id")),
        sa.PrimaryKeyConstraint("letter_id", "position", name=op.f("pk_letter_addressees")),
    )
    op.create_index("ix_letter_addressees_unit_id", "letter_addressees", ["unit_id", "letter_id"])
