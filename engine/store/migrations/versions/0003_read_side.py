"""What lists and figures stand on: counters of cases, a place in the ledger, what a group's inbox is sorted by."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NEVER = {"sqlite": "'9999-01-01 00:00:00.000000'", "postgresql": "TIMESTAMPTZ '9999-01-01 00:00:00+00'"}


def upgrade() -> None:
    never = NEVER[op.get_bind().dialect.name]
    _tallies(never)
    _ledger()
    _task_lists(never)
    _figures()


def _tallies(never: str) -> None:
    _cube(
        "case_tallies",
        {
            "state": (sa.String(length=16), "state"),
            "phase": (sa.String(length=16), "coalesce(phase, 'survey')"),
            "disposition": (sa.String(length=16), "coalesce(disposition, '')"),
            "is_surveyed": (sa.Boolean(), "surveyed_at IS NOT NULL"),
            "is_done": (sa.Boolean(), "done_at IS NOT NULL"),
            "is_looked_back": (sa.Boolean(), "lookback_at IS NOT NULL"),
            "is_relapsed": (sa.Boolean(), "relapsed_at IS NOT NULL"),
            "is_returned": (sa.Boolean(), "return_count > 0"),
        },
        "true",
    )
    _cube(
        "due_tallies",
        {
            "due_at": (sa.DateTime(timezone=True), f"coalesce(due_at, {never})"),
            "yellow_at": (sa.DateTime(timezone=True), f"coalesce(yellow_at, {never})"),
        },
        "state = 'ACTIVE' AND done_at IS NULL",
    )


def _cube(name: str, columns: dict[str, tuple[Any, str]], where: str) -> None:
    """A table of counters with what the cases there are count to."""
    places = {place: (sa.String(length=64), place) for place in ("campaign_id", "area_id", "lead_id")}
    keys = places | columns
    op.create_table(
        name,
        sa.Column("tally_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        *(sa.Column(key, kind, nullable=False) for key, (kind, _) in keys.items()),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tally_id", name=op.f(f"pk_{name}")),
    )
    op.create_index(f"ix_{name}_campaign_id", name, ["campaign_id"])
    numbers = ", ".join(str(number) for number in range(1, len(keys) + 1))
    op.execute(
        f"INSERT INTO {name} ({', '.join(keys)}, n) "
        f"SELECT {', '.join(value for _, value in keys.values())}, count(*) FROM cases WHERE {where} GROUP BY {numbers}"
    )


def _ledger() -> None:
    op.add_column("cases", sa.Column("ledger_rank", sa.SmallInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE cases SET ledger_rank = CASE WHEN state = 'ACTIVE' AND done_at IS NULL THEN 0 ELSE 2 END "
        "+ CASE WHEN due_at IS NULL THEN 1 ELSE 0 END"
    )
    op.drop_index("ix_cases_area_id", table_name="cases")
    op.drop_index("ix_cases_lead_id", table_name="cases")
    op.create_index("ix_cases_ledger", "cases", ["ledger_rank", "due_at", "case_id"])
    op.create_index("ix_cases_area_id", "cases", ["area_id", "ledger_rank", "due_at", "case_id"])
    op.create_index("ix_cases_lead_id", "cases", ["lead_id", "ledger_rank", "due_at", "case_id"])


def _task_lists(never: str) -> None:
    op.drop_index("ix_tasks_assignee_id", table_name="tasks")
    op.create_index("ix_tasks_assignee_id", "tasks", ["assignee_id", "state", "due_at", "task_id", "yellow_at"])
    op.create_index(
        "ix_tasks_completed_by_id",
        "tasks",
        ["completed_by_id", "state", "completed_at", "task_id"],
        sqlite_where=sa.text("completed_by_id IS NOT NULL"),
        postgresql_where=sa.text("completed_by_id IS NOT NULL"),
    )
    op.create_index(
        "ix_tasks_open_original",
        "tasks",
        ["due_original_at", "task_id"],
        sqlite_where=sa.text("state IN ('OPEN','CLAIMED')"),
        postgresql_where=sa.text("state IN ('OPEN','CLAIMED')"),
    )
    op.add_column("task_groups", sa.Column("state", sa.String(length=16)))
    op.add_column("task_groups", sa.Column("due_sort", sa.DateTime(timezone=True)))
    op.add_column("task_groups", sa.Column("yellow_sort", sa.DateTime(timezone=True)))
    op.add_column("task_groups", sa.Column("facet", sa.String(length=260)))
    op.execute(
        "UPDATE task_groups SET "
        "state = CASE WHEN tasks.state IN ('OPEN','CLAIMED') THEN tasks.state END, "
        f"due_sort = coalesce(tasks.due_at, {never}), yellow_sort = coalesce(tasks.yellow_at, {never}), "
        "facet = tasks.campaign_id || '|' || tasks.process_key || '|' || tasks.element_id || '|' "
        "|| coalesce(tasks.area_id, '') "
        "FROM tasks WHERE tasks.task_id = task_groups.task_id"
    )
    with op.batch_alter_table("task_groups") as table:  # SQLite makes the table anew
        for name in ("due_sort", "yellow_sort", "facet"):
            table.alter_column(name, nullable=False)
    op.drop_index("ix_task_groups_unit_id", table_name="task_groups")
    op.create_index(
        "ix_task_groups_turn", "task_groups", ["unit_id", "role", "state", "due_sort", "task_id", "yellow_sort"]
    )
    op.create_index(
        "ix_task_groups_facet",
        "task_groups",
        ["unit_id", "role", "state", "facet", "due_sort", "task_id", "yellow_sort"],
        sqlite_where=sa.text("state IS NOT NULL"),
        postgresql_where=sa.text("state IS NOT NULL"),
    )


def _figures() -> None:
    for table, columns in (
        ("letters", ["campaign_id", "kind", "issued_at"]),
        ("supervision_items", ["campaign_id", "state", "opened_at", "closed_at", "item_id"]),
    ):
        op.drop_index(f"ix_{table}_campaign_id", table_name=table)
        op.create_index(f"ix_{table}_campaign_id", table, columns)
    op.create_index("ix_rungs_item_id", "rungs", ["item_id", "instrument", "at"])
