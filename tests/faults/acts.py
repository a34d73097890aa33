"""The acts that are broken at every statement, at least one for every command: all of them, and what an act is."""

from acts_accountability import ACCOUNTABILITY
from acts_audit import AUDIT
from acts_desk import DESK
from acts_drafts import DRAFTS
from acts_house import HOUSE
from acts_jobs import JOBS
from acts_models import MODELS
from acts_studio_trials import STUDIO_TRIALS

ACTS = (*DESK, *DRAFTS, *JOBS, *HOUSE, *AUDIT, *ACCOUNTABILITY, *MODELS, *STUDIO_TRIALS)
