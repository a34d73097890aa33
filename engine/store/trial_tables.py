"""The table of the playground: what each person has done with a draft, as a walk that can be played again."""

import sqlalchemy as sa

from engine.store.columns import Id, Instant, metadata

model_trials = sa.Table(
    "model_trials",
    metadata,
    sa.Column("draft_id", Id, sa.ForeignKey("model_drafts.draft_id"), primary_key=True),
    sa.Column("person_id", Id, primary_key=True),
    sa.Column("script", sa.Text, nullable=False),  # TOML, as in a folder's tests
    sa.Column("moves", sa.Integer, nullable=False),  # how often it was changed: two pages of one person must not mix
    sa.Column("at", Instant, nullable=False),
)
