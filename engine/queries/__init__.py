"""The second door: `Engine.read.<question>(...)`. Each question is one consistent read and answers with frozen
dataclasses."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from engine.queries import access as access_queries
from engine.queries import accountability as accountability_queries
from engine.queries import accountability_cases as accountability_case_queries
from engine.queries import accountability_inspections as inspection_queries
from engine.queries import accountability_letters as circular_letter_queries
from engine.queries import accountability_referrals as referral_queries
from engine.queries import audit as audit_queries
from engine.queries import batches as batches_queries
from engine.queries import campaigns as campaigns_queries
from engine.queries import cases as cases_queries
from engine.queries import conformance as conformance_queries
from engine.queries import desk as desk_queries
from engine.queries import diagrams as diagrams_queries
from engine.queries import draft_changes as draft_changes_queries
from engine.queries import drafts as drafts_queries
from engine.queries import element_times as element_times_queries
from engine.queries import event_log as event_log_queries
from engine.queries import explanations as explanations_queries
from engine.queries import figures as figures_queries
from engine.queries import forecast as forecast_queries
from engine.queries import inbox as inbox_queries
from engine.queries import incidents as incidents_queries
from engine.queries import instance_page as instance_page_queries
from engine.queries import instances as instances_queries
from engine.queries import items as item_queries
from engine.queries import letter_service as letter_service_queries
from engine.queries import letter_sources as letter_sources_queries
from engine.queries import letters as letters_queries
from engine.queries import messages as messages_queries
from engine.queries import metrics as metrics_queries
from engine.queries import migration as migration_queries
from engine.queries import model_deadlines as model_deadlines_queries
from engine.queries import model_words as model_words_queries
from engine.queries import models as models_queries
from engine.queries import outliers as outliers_queries
from engine.queries import reports as reports_queries
from engine.queries import service_receipt as service_receipt_queries
from engine.queries import task_page as task_page_queries
from engine.queries import trials as trials_queries
from engine.queries import usages as usages_queries
from engine.queries import verification as verification_queries
from engine.queries import verify as verify_queries
from engine.queries import versions as versions_queries
from engine.queries import waiting_letters as waiting_letters_queries
from engine.queries import work as work_queries
from engine.store.transaction import Reader


def _question(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of (reader, ...) as a method that opens the reader; the signature is the function's without it."""

    @wraps(function)
    def ask(self: "Read", *args: Any, **kwargs: Any) -> Any:
        with self._engine.database.read() as connection:
            now, plans = self._engine.standing(connection)
            return function(Reader(connection, now, self._engine.secret, plans), *args, **kwargs)

    return ask


class Read:
    """Never writes. What an actor may not see is not in any answer; asked for by id it is NotFound."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    actor = _question(access_queries.actor)
    login = _question(access_queries.login)
    session = _question(access_queries.session)
    units = _question(access_queries.units)
    persons = _question(access_queries.persons)
    now = _question(access_queries.now)
    is_demo = _question(access_queries.is_demo)

    campaigns = _question(campaigns_queries.campaigns)
    campaign = _question(campaigns_queries.campaign)
    planned_phases = _question(campaigns_queries.planned_phases)
    registered = _question(campaigns_queries.registered)
    calendar = _question(campaigns_queries.calendar)

    forecast_material = _question(forecast_queries.forecast_material)
    forecast_history = _question(forecast_queries.forecast_history)
    forecast_arrivals = _question(forecast_queries.forecast_arrivals)

    inbox = _question(inbox_queries.inbox)
    reminders = _question(inbox_queries.reminders)
    live_tasks = _question(work_queries.live_tasks)
    task = _question(task_page_queries.task)
    task_evidence = _question(task_page_queries.evidence_file)

    cases = _question(cases_queries.cases)
    case = _question(cases_queries.case)
    case_export = _question(cases_queries.export)

    definitions = _question(diagrams_queries.definitions)
    definition = _question(diagrams_queries.definition)
    definition_file = _question(diagrams_queries.definition_file)
    definition_files = _question(diagrams_queries.definition_files)
    usages = _question(usages_queries.usages)
    named_things = _question(usages_queries.named_things)
    dependencies = _question(usages_queries.dependencies)
    element_times = _question(element_times_queries.element_times)
    outliers = _question(outliers_queries.outliers)
    conformance = _question(conformance_queries.conformance)
    published_version = _question(versions_queries.published_version)
    published_versions = _question(versions_queries.published_versions)
    diagrams = _question(diagrams_queries.instance_diagrams)

    interviews = _question(accountability_queries.interviews_of)
    interview = _question(accountability_queries.interview)
    circulars = _question(accountability_queries.circulars_of)
    circular = _question(accountability_queries.circular)
    objections = _question(accountability_queries.objections_of)
    objections_to_letter = _question(accountability_queries.objections_to_letter)
    objection = _question(accountability_queries.objection)
    circular_letters = _question(circular_letter_queries.circular_letters)
    referrals = _question(referral_queries.referrals_of)
    referral = _question(referral_queries.referral)
    accountability_figures = _question(referral_queries.accountability_figures)
    responsibility = _question(accountability_case_queries.responsibility)
    inspections = _question(inspection_queries.inspections_of)
    inspection = _question(inspection_queries.inspection)
    concluded_plan = _question(inspection_queries.concluded_plan)
    inspection_overlaps = _question(inspection_queries.overlaps)

    desk = _question(desk_queries.desk)
    item = _question(item_queries.item)
    ladder = _question(item_queries.ladder)
    explain_case_light = _question(explanations_queries.explain_case_light)
    explain_task_light = _question(explanations_queries.explain_task_light)
    explain_case_due = _question(explanations_queries.explain_case_due)
    explain_item_due = _question(explanations_queries.explain_item_due)
    explain_rung = _question(explanations_queries.explain_rung)
    explain_rungs = _question(explanations_queries.explain_rungs)
    explain_next = _question(explanations_queries.explain_next)
    explain_signing = _question(explanations_queries.explain_signing)
    explain_proposed = _question(explanations_queries.explain_proposed)
    drafts = _question(drafts_queries.drafts)
    draft = _question(drafts_queries.draft)
    draft_of_instance = _question(drafts_queries.draft_of_instance)
    draft_source = _question(drafts_queries.draft_source)
    draft_changes = _question(draft_changes_queries.draft_changes)
    letter_route = _question(drafts_queries.route)
    letter_run = _question(drafts_queries.run)
    letters = _question(letters_queries.letters)
    letter = _question(letters_queries.letter)
    letter_document = _question(letters_queries.document)
    letter_source = _question(letter_sources_queries.source)
    letter_preview = _question(letter_sources_queries.preview)
    letter_by_number = _question(letters_queries.by_number)
    letter_key = _question(verification_queries.key_of)
    is_letter_made = _question(verification_queries.is_made)
    issued_letter = _question(verification_queries.issued)
    issued_file = _question(verification_queries.issued_file)
    letter_signature = _question(verification_queries.letter_signature)
    letter_service = _question(letter_service_queries.letter_service)
    letter_file = _question(letter_service_queries.letter_file)
    waiting_letters = _question(waiting_letters_queries.waiting_letters)
    late_letters = _question(waiting_letters_queries.late_letters)
    service_receipt = _question(service_receipt_queries.service_receipt)
    reports = _question(reports_queries.reports)
    report = _question(reports_queries.report)
    incidents = _question(incidents_queries.incidents)
    figures = _question(figures_queries.figures)
    breakdown = _question(figures_queries.breakdown)
    message = _question(messages_queries.message)
    work_is_due = _question(incidents_queries.work_is_due)
    work_is_to_dispatch = _question(incidents_queries.work_is_to_dispatch)
    next_due_at = _question(incidents_queries.next_due_at)
    instances = _question(instances_queries.instances_of)
    instance_ids = _question(instances_queries.instance_ids)
    resolve_instance = _question(instances_queries.resolve_instance)
    consequences = _question(instances_queries.consequences)
    instance = _question(instance_page_queries.instance)
    jobs = _question(batches_queries.jobs_of)
    job_ids = _question(batches_queries.job_ids)
    job = _question(batches_queries.job)
    batches = _question(batches_queries.batches)
    batch = _question(batches_queries.batch)
    batch_items = _question(batches_queries.all_items)
    metrics = _question(metrics_queries.metrics)
    migration_plan = _question(migration_queries.migration_plan)
    migration_subjects = _question(migration_queries.migration_subjects)
    succession = _question(migration_queries.succession_of)
    undoable_instances = _question(migration_queries.undoable_instances)
    unfinished_batch = _question(migration_queries.unfinished_batch)
    move_plan = _question(migration_queries.move_plan)
    violations = _question(verify_queries.violations)
    trial_ground = _question(trials_queries.trial_ground)
    model_trial = _question(trials_queries.model_trial)

    models = _question(models_queries.models)
    running_versions = _question(models_queries.running_versions)
    model_drafts = _question(models_queries.model_drafts_under_way)
    closed_model_drafts = _question(models_queries.closed_model_drafts)
    model_draft = _question(models_queries.model_draft)
    model_saves = _question(models_queries.model_saves_of)
    model_save = _question(models_queries.model_save)
    model_comments = _question(models_queries.model_comments_of)
    model_merges = _question(models_queries.model_merges)
    model_words = _question(model_words_queries.model_words)
    model_deadline = _question(model_deadlines_queries.model_deadline)

    event_log_head = _question(event_log_queries.event_log_head)
    event_log = _question(event_log_queries.event_log)

    record = _question(audit_queries.record)
    record_export = _question(audit_queries.record_export)
    record_day = _question(audit_queries.record_day)
    record_days = _question(audit_queries.record_days)
    last_checkpoint = _question(audit_queries.last_checkpoint)
    checkpoints_after = _question(audit_queries.checkpoints_after)
    sealed_facts = _question(audit_queries.sealed_facts)
    unsealed_facts = _question(audit_queries.unsealed_facts)
    proof = _question(audit_queries.proof)
