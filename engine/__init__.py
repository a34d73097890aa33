"""The system without HTTP, HTML or PDF. Three doors, and no fourth:

- `Engine.execute(command, by=actor)` changes something: one command, one transaction, one commit (`engine/commands`).
- `Engine.read.<question>(actor, ...)` answers a page with frozen dataclasses and never writes (`engine/queries`).
- a job handler `(job, read) -> JobResult` does outside work for the worker, with no transaction open
(`engine/worker.py`).
"""
