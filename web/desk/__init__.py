"""The supervisor's desk: what is late and on which rung, and the letters that go out about it."""

from flask import Blueprint

from web.desk import issue, overview, report_letters

blueprint = Blueprint("desk", __name__)
blueprint.add_url_rule("/desk", "desk", overview.desk)
blueprint.add_url_rule("/desk/items/<item_id>", "item", overview.item)
blueprint.add_url_rule("/desk/letters/new", "new_letters", issue.new)
blueprint.add_url_rule("/desk/letters/preview.pdf", "preview", issue.preview)
blueprint.add_url_rule("/desk/reports/letters/new", "new_report_letters", report_letters.new)
blueprint.add_url_rule("/desk/reports/letters", "issue_report_letters", report_letters.issue, methods=["POST"])
blueprint.add_url_rule("/desk/letters", "issue", issue.issue, methods=["POST"])
