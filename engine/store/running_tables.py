"""The tables of what runs: definitions, instances with their tasks, jobs and waits, and the record of what happened."""

import sqlalchemy as sa

from engine.domain.instance import InstanceKind, InstanceState
from engine.domain.job import JobState
from engine.domain.task import TaskState
from engine.store.columns import Id, Instant, Name, key, metadata, one_of, ref

definitions = sa.Table(
    "definitions",
    metadata,
    key("definition_id"),
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
instances = sa.Table(
    "instances",
    metadata,
    key("instance_id"),
    sa.Column("kind", sa.String(16), nullable=False),
    ref("definition_id", "definitions.definition_id", nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("definition_ids", sa.JSON, nullable=False),
    sa.Column("business_key", sa.String(64), nullable=False),
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("case_id", "cases.case_id"),
    ref("started_by_id", "instances.instance_id"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("blob", sa.LargeBinary, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("suspended_at", Instant),
    sa.UniqueConstraint("kind", "business_key"),
    sa.Index("ix_instances_case_id", "case_id"),
    sa.Index("ix_instances_definition_id", "definition_id", "state"),
    sa.Index(
        "ix_instances_suspended_at",
        "suspended_at",
        sqlite_where=sa.text("suspended_at IS NOT NULL"),
        postgresql_where=sa.text("suspended_at IS NOT NULL"),
    ),
    one_of("state", list(InstanceState)),
    one_of("kind", list(InstanceKind)),
)
tasks = sa.Table(
    "tasks",
    metadata,
    key("task_id"),
    ref("instance_id", "instances.instance_id", nullable=False),
    ref("definition_id", "definitions.definition_id", nullable=False),  # whose diagram holds the element
    ref("campaign_id", "campaigns.campaign_id", nullable=False),
    ref("case_id", "cases.case_id"),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("process_key", sa.String(64), nullable=False),
    sa.Column("element_id", sa.String(64), nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("subject", Name, nullable=False),  # what the task is about, for the inbox and its search
    ref("area_id", "units.unit_id"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, default=1),
    sa.Column("separate_from", sa.JSON, nullable=False, default=list),
    ref("assignee_id", "persons.person_id"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("claimed_at", Instant),
    sa.Column("completed_at", Instant),
    ref("completed_by_id", "persons.person_id"),
    sa.Column("variables", sa.JSON),  # what was handed in
    sa.Column("draft", sa.JSON),
    sa.Column("due_at", Instant),
    sa.Column("due_original_at", Instant),
    sa.Column("yellow_at", Instant),
    sa.Column("lights_id", Id),  # which version of the lights said so
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
    sa.Index(
        "ix_tasks_open_original",
        "due_original_at",
        "task_id",
        sqlite_where=sa.text("state IN ('OPEN','CLAIMED')"),
        postgresql_where=sa.text("state IN ('OPEN','CLAIMED')"),
    ),
    sa.Index("ix_tasks_assignee_id", "assignee_id", "state", "due_at", "task_id", "yellow_at"),
    sa.Index(
        "ix_tasks_completed_by_id",
        "completed_by_id",
        "state",
        "completed_at",
        "task_id",
        sqlite_where=sa.text("completed_by_id IS NOT NULL"),
        postgresql_where=sa.text("completed_by_id IS NOT NULL"),
    ),
    sa.Index("ix_tasks_instance_id", "instance_id", "element_id", "completed_by_id"),
    sa.Index("ix_tasks_case_id", "case_id"),
    sa.Index(  # holds all that is asked of how long tasks of a version took
        "ix_tasks_definition_id",
        "definition_id",
        "completed_at",
        "element_id",
        "opened_at",
        "due_at",
        "state",
        sqlite_where=sa.text("completed_at IS NOT NULL"),
        postgresql_where=sa.text("completed_at IS NOT NULL"),
    ),
    one_of("state", list(TaskState)),
)
task_groups = sa.Table(  # to whom a task is offered, with a copy of what lists are sorted and narrowed by
    "task_groups",
    metadata,
    sa.Column("task_id", Id, sa.ForeignKey("tasks.task_id"), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("unit_id", Id, sa.ForeignKey("units.unit_id"), primary_key=True),
    sa.Column("state", sa.String(16)),  # OPEN or CLAIMED; None once the task is over
    sa.Column("due_sort", Instant, nullable=False),  # NEVER without a due date
    sa.Column("yellow_sort", Instant, nullable=False),
    sa.Column("facet", sa.String(260), nullable=False),  # campaign|process|element|area
    sa.Index("ix_task_groups_turn", "unit_id", "role", "state", "due_sort", "task_id", "yellow_sort"),
    sa.Index(
        "ix_task_groups_facet",
        "unit_id",
        "role",
        "state",
        "facet",
        "due_sort",
        "task_id",
        "yellow_sort",
        sqlite_where=sa.text("state IS NOT NULL"),
        postgresql_where=sa.text("state IS NOT NULL"),
    ),
)
jobs = sa.Table(
    "jobs",
    metadata,
    key("job_id"),
    sa.Column("kind", sa.String(32), nullable=False),
    ref("instance_id", "instances.instance_id"),
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
    sa.Column("held_at", Instant),  # its instance is suspended: nobody claims it
    sa.Column("dispatched_until", Instant),  # handed to a broker; once this is over it is handed out again
    sa.Index(
        "ix_jobs_due",
        "due_at",
        "job_id",
        sqlite_where=sa.text("state = 'OPEN' AND held_at IS NULL"),
        postgresql_where=sa.text("state = 'OPEN' AND held_at IS NULL"),
    ),
    sa.Index(
        "ix_jobs_lease",
        "lease_until",
        sqlite_where=sa.text("state = 'LEASED'"),
        postgresql_where=sa.text("state = 'LEASED'"),
    ),
    sa.Index(
        "ix_jobs_failed",
        "kind",
        sqlite_where=sa.text("state = 'FAILED'"),
        postgresql_where=sa.text("state = 'FAILED'"),
    ),
    sa.Index("ix_jobs_instance_id", "instance_id", "token"),
    one_of("state", list(JobState)),
)
waits = sa.Table(  # instances that wait for a message
    "waits",
    metadata,
    sa.Column("instance_id", Id, sa.ForeignKey("instances.instance_id"), primary_key=True),
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("message", sa.String(64), nullable=False),
    sa.Column("correlation_key", sa.String(200)),
    sa.Index("ix_waits_message", "message", "correlation_key"),
)
incidents = sa.Table(
    "incidents",
    metadata,
    key("incident_id"),
    ref("job_id", "jobs.job_id"),
    ref("instance_id", "instances.instance_id"),
    ref("campaign_id", "campaigns.campaign_id"),
    ref("case_id", "cases.case_id"),
    sa.Column("element_id", sa.String(64)),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("resolved_at", Instant),
    sa.Column("resolved_by", Name),
    sa.Column("resolution", sa.String(32)),
    sa.Index(
        "ix_incidents_open",
        "kind",
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    ),
)
visits = sa.Table(  # which elements an instance has passed, for its diagram and its history
    "visits",
    metadata,
    sa.Column("visit_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    ref("instance_id", "instances.instance_id", nullable=False),
    sa.Column("process_key", sa.String(64), nullable=False),
    sa.Column("element_id", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),
    # A path in its order without a look at the table: 35,000 cases in 2 s instead of 23.
    sa.Index("ix_visits_instance_id", "instance_id", "visit_id", "process_key", "element_id"),
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
    sa.Index("ix_facts_at", "at", "kind"),
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
