"""Accountability: talks, circulars, referrals, objections, inspections, and who held a case when."""

from flask import Blueprint

from web.accountability import circulars, inspections, interviews, objections, overview, referrals, tracing

blueprint = Blueprint("accountability", __name__, url_prefix="/accountability")
blueprint.add_url_rule("", "overview", overview.overview)
blueprint.add_url_rule("/figures", "figures", referrals.figures)
blueprint.add_url_rule("/referrals/new", "new_referral", referrals.new)
blueprint.add_url_rule("/referrals", "propose_referral", referrals.propose, methods=["POST"])
blueprint.add_url_rule("/referrals/<referral_id>", "referral", referrals.referral)
blueprint.add_url_rule("/interviews/new", "new_interview", interviews.new)
blueprint.add_url_rule("/interviews", "arrange", interviews.arrange, methods=["POST"])
blueprint.add_url_rule("/interviews/<interview_id>", "interview", interviews.interview)
blueprint.add_url_rule("/circulars/new", "new_circular", circulars.new)
blueprint.add_url_rule("/circulars", "begin_circular", circulars.begin, methods=["POST"])
blueprint.add_url_rule("/circulars/<circular_id>", "circular", circulars.circular)
blueprint.add_url_rule("/objections/new", "new_objection", objections.new)
blueprint.add_url_rule("/objections", "file_objection", objections.file, methods=["POST"])
blueprint.add_url_rule("/objections/<objection_id>", "objection", objections.objection)
blueprint.add_url_rule("/inspections/new", "new_inspection", inspections.new)
blueprint.add_url_rule("/inspections", "draft_inspection", inspections.draft, methods=["POST"])
blueprint.add_url_rule("/inspections/<plan_id>", "inspection", inspections.inspection)
blueprint.add_url_rule("/inspections/<plan_id>/approval", "approve_inspection", inspections.approve, methods=["POST"])
blueprint.add_url_rule("/inspections/<plan_id>/conclusions", "conclude", inspections.conclude, methods=["POST"])
blueprint.add_url_rule("/cases/<case_id>", "responsibility", tracing.responsibility)
blueprint.add_url_rule("/cases/<case_id>/responsibility.csv", "responsibility_csv", tracing.responsibility_csv)
