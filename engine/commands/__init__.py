"""Every change there is: a frozen command beside the function that carries it out. `HANDLERS` is the whole list."""

from collections.abc import Callable
from typing import Any

from engine.commands import calendars, campaigns, clock, definitions, jobs, letters, people, tasks

HANDLERS: dict[type, Callable[[Any, Any], Any]] = {
    campaigns.OpenCampaign: campaigns.open_campaign,
    campaigns.RegisterCases: campaigns.register_cases,
    calendars.PublishCalendar: calendars.publish_calendar,
    clock.StartDemo: clock.start_demo,
    clock.SetDemoClock: clock.set_demo_clock,
    definitions.Deploy: definitions.deploy,
    jobs.ClaimJobs: jobs.claim_jobs,
    jobs.RunJob: jobs.run_job,
    jobs.CompleteJob: jobs.complete_job,
    jobs.FailJob: jobs.fail_job,
    jobs.ResolveIncident: jobs.resolve_incident,
    letters.IssueLetters: letters.issue_letters,
    letters.ReceiveLetter: letters.receive_letter,
    letters.ReplyLetter: letters.reply_letter,
    letters.CloseLetter: letters.close_letter,
    letters.VoidLetter: letters.void_letter,
    people.AddPerson: people.add_person,
    people.OpenSession: people.open_session,
    people.TouchSession: people.touch_session,
    people.CloseSession: people.close_session,
    people.NoteLogin: people.note_login,
    tasks.ClaimTask: tasks.claim_task,
    tasks.ReleaseTask: tasks.release_task,
    tasks.SaveDraft: tasks.save_draft,
    tasks.AttachEvidence: tasks.attach_evidence,
    tasks.CompleteTask: tasks.complete_task,
    tasks.SendBackTask: tasks.send_back_task,
}
