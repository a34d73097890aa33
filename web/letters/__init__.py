"""Letters: the register, the way of a letter before its number, and what happens to it after it went out."""

from flask import Blueprint

from web.letters import drafting, page, printing, register, service

blueprint = Blueprint("letters", __name__)
blueprint.add_url_rule("/letters", "letters", register.letters)
blueprint.add_url_rule("/letters/<letter_id>", "letter", page.letter)
blueprint.add_url_rule("/letters/<letter_id>.pdf", "document", page.document)
blueprint.add_url_rule("/letters/<letter_id>/voiding", "void", page.void, methods=["POST"])
# -- service and replies
blueprint.add_url_rule("/letters/waiting", "waiting", service.waiting)
blueprint.add_url_rule("/letters/late", "late", service.late)
blueprint.add_url_rule("/letters/files/<file_id>", "file", service.file)
blueprint.add_url_rule("/letters/<letter_id>/receipt", "receive", service.sign, methods=["POST"])
blueprint.add_url_rule("/letters/<letter_id>/service", "record_service", service.record_service, methods=["POST"])
blueprint.add_url_rule("/letters/<letter_id>/service-receipt.pdf", "slip", service.slip)
blueprint.add_url_rule("/letters/<letter_id>/reply", "reply", service.reply, methods=["POST"])
blueprint.add_url_rule("/letters/<letter_id>/acceptance", "accept", service.accept, methods=["POST"])
blueprint.add_url_rule("/letters/<letter_id>/return", "send_back", service.send_back, methods=["POST"])
blueprint.add_url_rule("/letters/<letter_id>/closure", "close", service.close, methods=["POST"])
# -- before the number
blueprint.add_url_rule("/letters/print", "print_all", printing.print_all)
blueprint.add_url_rule("/letters/drafts", "drafts", drafting.drafts)
blueprint.add_url_rule("/letters/drafts/new", "new_draft", drafting.new)
blueprint.add_url_rule("/letters/drafts", "create_draft", drafting.create, methods=["POST"])
blueprint.add_url_rule("/letters/drafts/<draft_id>", "draft", drafting.draft)
blueprint.add_url_rule("/letters/drafts/<draft_id>/preview.pdf", "draft_preview", drafting.preview)
blueprint.add_url_rule("/letters/drafts/<draft_id>/text", "revise", drafting.revise, methods=["POST"])
blueprint.add_url_rule("/letters/drafts/<draft_id>/arrangement", "arrange", drafting.arrange, methods=["POST"])
blueprint.add_url_rule("/letters/drafts/<draft_id>/submission", "submit", drafting.submit, methods=["POST"])
blueprint.add_url_rule("/letters/drafts/<draft_id>/withdrawal", "withdraw", drafting.withdraw, methods=["POST"])
blueprint.add_url_rule("/letters/<letter_id>/correction", "correct", drafting.correct, methods=["POST"])
