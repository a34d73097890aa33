"""The acts that are broken at every statement, at least one for every command: all of them, and what an act is."""

from acts_accountability import ACCOUNTABILITY
from acts_audit import AUDIT
from acts_desk import DESK
from acts_drafts import DRAFTS
from acts_house import HOUSE
from acts_jobs import JOBS
from acts_models import MODELS

ACTS = (*DESK, *DRAFTS, *JOBS, *HOUSE, *AUDIT, *ACCOUNTABILITY, *MODELS)
