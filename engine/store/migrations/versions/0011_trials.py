"""The playground: what each person has tried with a draft."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "model_trials",
        sa.Column("draft_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["model_drafts.draft_id"], name=op.f("fk_model_trials_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "person_id", name=op.f("pk_model_trials")),
    )
