"""What is done to a letter after it went out: signed for, served on paper, replied to, reviewed, closed."""

from datetime import datetime

from flask import Response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.letter_review import AcceptReply, CloseLetter, ReturnReply
from engine.commands.letter_service import AttachToReceipt, AttachToReply, ReceiveLetter, ReplyLetter
from engine.domain.calendar import SHANGHAI
from engine.domain.evidence import EvidenceFile
from engine.domain.service import SYSTEM, Receipt
from engine.errors import Invalid, Problem
from forms.upload import BadUpload, Upload, check_upload
from web.bootstrap import compose_letter, render_letter
from web.letters.page import act
from web.pdf import show_pdf
from web.permission import CASE_ROLES, needs
from web.request import actor, download, engine, notify, page_number, text

RECEIPT_WORDS = ("place", "refusal", "witness", "witness_post", "tracking_no", "consent", "note")


# -- lists -------------------------------------------------------------------------------------------------------------
@needs(*CASE_ROLES)
def waiting() -> str:
    """Letters that wait for this person: receipt, reply, review."""
    found = engine().read.waiting_letters(actor(), page_number())
    return render_template("letters/waiting.html", page=found, title="waiting")


@needs(*CASE_ROLES)
def late() -> str:
    """Letters that were not signed for or not answered in time."""
    found = engine().read.late_letters(actor(), page_number())
    return render_template("letters/waiting.html", page=found, title="late")


# -- receipt -----------------------------------------------------------------------------------------------------------
@needs(*CASE_ROLES)
def sign(letter_id: str) -> BaseResponse | tuple[str, int]:
    """签收 in the system, by the addressee's own people; the time is now."""
    return act(
        letter_id,
        "receipt",
        lambda: ReceiveLetter(letter_id, Receipt(_said("person"), _said("post"), SYSTEM), unit_id=_said("unit")),
    )


@needs("supervisor", "leader")
def record_service(letter_id: str) -> BaseResponse | tuple[str, int]:
    """What came about on paper, entered by the office."""
    files, refused = _files()
    return act(
        letter_id,
        "service",
        lambda: ReceiveLetter(letter_id, _receipt(refused), files, _said("unit")),
        lambda: _keep(AttachToReceipt(letter_id, files, _said("unit"))),
    )


@needs(*CASE_ROLES)
def slip(letter_id: str) -> Response:
    """送达回证 as PDF; the same record gives the same bytes."""
    source = engine().read.service_receipt(actor(), letter_id, text("unit"))
    rendered = render_letter(compose_letter(source))
    return show_pdf(rendered.pdf, f"{source.number} 送达回证.pdf", save=text("save") == "1")


# -- reply -------------------------------------------------------------------------------------------------------------
@needs(*CASE_ROLES)
def reply(letter_id: str) -> BaseResponse | tuple[str, int]:
    files, refused = _files()

    def command() -> ReplyLetter:
        if refused:
            raise Invalid("upload_invalid", "A file is refused.", refused)
        return ReplyLetter(letter_id, _said("text"), files, _said("unit"))

    return act(letter_id, "reply", command, lambda: _keep(AttachToReply(letter_id, files, _said("unit"))))


@needs("supervisor", "leader")
def accept(letter_id: str) -> BaseResponse | tuple[str, int]:
    return act(letter_id, "acceptance", lambda: AcceptReply(letter_id, _said("opinion"), _said("unit")))


@needs("supervisor", "leader")
def send_back(letter_id: str) -> BaseResponse | tuple[str, int]:
    words = (_said("return_reason"), _said("opinion"), _said("term"), _said("unit"))
    return act(letter_id, "return", lambda: ReturnReply(letter_id, *words))


@needs("supervisor", "leader")
def close(letter_id: str) -> BaseResponse | tuple[str, int]:
    return act(letter_id, "closure", lambda: CloseLetter(letter_id, _said("closing_reason"), _said("unit")))


@needs(*CASE_ROLES)
def file(file_id: str) -> Response:
    """A file of a receipt or of a reply."""
    row, content = engine().read.letter_file(actor(), file_id)
    return download(content, row.filename, row.media_type)


# -- what was sent -----------------------------------------------------------------------------------------------------
def _said(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _receipt(refused: tuple[Problem, ...]) -> Receipt:
    """Raises Invalid for a time that is none and for files that cannot be kept."""
    problems = list(refused)
    signed_at = None
    if not _said("signed_at"):
        problems.append(Problem("signed_at", "请填写签收（留置）时间。", "Give the time of receipt."))
    else:
        try:
            signed_at = datetime.fromisoformat(_said("signed_at")).replace(tzinfo=SHANGHAI)
        except ValueError:
            zh, en = "签收时间写法不对，例如 2024-05-20T09:30。", "This is no time; write 2024-05-20T09:30."
            problems.append(Problem("signed_at", zh, en))
    if problems:
        raise Invalid("receipt_incomplete", "The receipt is not complete.", tuple(problems))
    words = {name: _said(name) for name in RECEIPT_WORDS}
    return Receipt(_said("person"), _said("post"), _said("manner"), signed_at, **words)


def _files() -> tuple[tuple[EvidenceFile, ...], tuple[Problem, ...]]:
    """The good files, checked and drawn anew, and what is wrong with the others."""
    good, problems = [], []
    for sent in request.files.getlist("files"):
        upload = Upload(sent.filename or "", sent.read())
        if upload.is_absent:
            continue
        try:
            checked = check_upload(upload)
        except BadUpload as bad:
            problems.append(Problem("files", bad.words.zh, bad.words.en))
            continue
        good.append(
            EvidenceFile(
                field="files",
                filename=checked.filename,
                media_type=checked.media_type,
                content=checked.content,
                taken_at=checked.taken_at,
                place=checked.place,
                device=checked.device,
                original_sha256=checked.original_sha256,
            )
        )
    return tuple(good), tuple(problems)


def _keep(command: AttachToReceipt | AttachToReply) -> None:
    """Files of a form that was refused: kept with the letter, so that nobody has to choose them again."""
    if not command.files:
        return
    try:
        kept = engine().execute(command, by=actor())
    except Invalid:  # too many of them: the page says so
        return
    if kept:
        notify("files_kept", "info", n=len(kept))
