"""What the editors of the studio ask in JSON: the files of a draft, autosave, comments, checks, words, deadlines.

Every answer that is not a file is JSON, errors too: `{code, title, problems, …}`, with the fields of the error.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from engine.commands.models import CommentOnModel, ResolveComment, SaveModelFiles
from engine.domain.actor import BUILDING_ROLES
from engine.domain.calendar import SHANGHAI
from engine.domain.duration import UNITS
from engine.domain.model_draft import MAX_FILE_BYTES, MAX_FOLDER_BYTES
from engine.domain.whole_number import whole_number
from engine.errors import EngineError, Invalid, NotFound, Problem
from engine.queries.model_deadlines import DrawnDeadline
from web.errors import sentence, status_of
from web.format import moment
from web.i18n import pick, t
from web.permission import needs
from web.problems import problem_json
from web.request import actor, engine
from web.studio.checking import check, problems_of_saved
from web.studio.words import words_json

blueprint = Blueprint("studio_api", __name__, url_prefix="/studio/api")
READERS = (*BUILDING_ROLES, "sysadmin")
MEDIA_TYPES: Final = {".form": "application/json"}
MAX_NOTE_CHARACTERS: Final = 2_000

Answer = Response | tuple[Response, int]


def answers(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Errors of ours as JSON, whatever the request said it accepts."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Answer:
        try:
            return view(*args, **kwargs)
        except EngineError as error:
            problems = error.problems if isinstance(error, Invalid) else ()
            body = {**error.fields, "code": error.code, "title": sentence(error)}
            return jsonify({**body, "problems": [problem_json(problem) for problem in problems]}), status_of(error)

    return answer


# -- files -------------------------------------------------------------------------------------------------------------
@blueprint.get("/drafts/<draft_id>")
@needs(*READERS)
@answers
def draft(draft_id: str) -> Answer:
    found = engine().read.model_draft(draft_id)
    return jsonify(
        draft_id=found.draft_id,
        key=found.key,
        title=found.title,
        revision=found.revision,
        state=found.state,
        base_version=found.base_version,
        newest_version=found.newest_version,
        is_outdated=found.is_outdated,
        files=sorted(found.files),
        by=found.changed_by,
        at=found.changed_at.isoformat(),
    )


@blueprint.get("/drafts/<draft_id>/files/<path:name>")
@needs(*READERS)
@answers
def file(draft_id: str, name: str) -> Answer:
    """Byte for byte as it was saved; `?revision=` for an older save, `?of=base` as it was published. The revision is
    the ETag. A file of the draft is never run as a page of ours."""
    found = engine().read.model_draft(draft_id)
    wanted = request.args.get("revision", "")
    if request.args.get("of") == "base":
        files, revision = found.base_files, 0
    elif wanted:
        revision = _revision(wanted)
        files = engine().read.model_save(draft_id, revision).files
    else:
        files, revision = found.files, found.revision
    if name not in files:
        raise NotFound("file_unknown", f"There is no file {name[:80]} in this draft.", file=name[:80])
    media_type = MEDIA_TYPES.get(name[name.rfind(".") :], "text/plain; charset=utf-8")
    response = Response(files[name], content_type=media_type)
    response.headers["ETag"] = f'"{revision}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.put("/drafts/<draft_id>/files/<path:name>")
@needs(*BUILDING_ROLES)
@answers
def save_file(draft_id: str, name: str) -> Answer:
    """The bytes as they come, upon the revision of If-Match; `?note=` says what was done. Answers `{revision, problems,
    saved}`, the last in words for the head of the page; 409 with `{revision, by, at}` when somebody saved since, and
    then nothing was kept."""
    if (request.content_length or 0) > MAX_FILE_BYTES:
        return _too_large(name)
    content = request.get_data(cache=False)
    if len(content) > MAX_FILE_BYTES:
        return _too_large(name)
    return _save(draft_id, {name: content})


@blueprint.delete("/drafts/<draft_id>/files/<path:name>")
@needs(*BUILDING_ROLES)
@answers
def remove_file(draft_id: str, name: str) -> Answer:
    """As a save; 404 for a file that the draft does not hold."""
    if name not in engine().read.model_draft(draft_id).files:
        raise NotFound("file_unknown", f"There is no file {name[:80]} in this draft.", file=name[:80])
    return _save(draft_id, {name: None})


def _save(draft_id: str, changes: Mapping[str, bytes | None]) -> Answer:
    given = request.headers.get("If-Match", "")
    if not given:
        problem = Problem("If-Match", "请求没有说明基于第几次保存。", "The request does not say which save it is upon.")
        raise Invalid("model_revision_missing", "If-Match is missing.", (problem,))
    command = SaveModelFiles(draft_id, _revision(given.removeprefix("W/").strip('"')), changes, _note())
    revision = engine().execute(command, by=actor())["revision"]
    draft = engine().read.model_draft(draft_id)
    problems = [problem_json(problem) for problem in problems_of_saved(draft)]
    saved = t("studio.saved_by", n=draft.revision, by=draft.changed_by, at=moment(draft.changed_at))
    response = jsonify(revision=revision, problems=problems, saved=saved)
    response.headers["ETag"] = f'"{revision}"'
    return response


def _note() -> str:
    return request.args.get("note", "")[:MAX_NOTE_CHARACTERS]


def _too_large(name: str) -> Answer:
    zh, en = (
        "文件超过 5 MB，没有保存。请拆成几个流程，或去掉图里嵌入的图片。",
        "The file is larger than 5 MB; nothing was saved.",
    )
    body = {"code": "model_too_large", "title": pick(zh, en), "problems": [problem_json(Problem(name[:80], zh, en))]}
    return jsonify(body), 413


def _revision(text: str) -> int:
    number = whole_number(text)
    if number is None:
        problem = Problem("revision", "保存次数应为数字。", "The revision must be a number.")
        raise Invalid("model_revision_invalid", f"{text[:20]!r} is no revision.", (problem,))
    return number


# -- comments ----------------------------------------------------------------------------------------------------------
@blueprint.get("/drafts/<draft_id>/comments")
@needs(*READERS)
@answers
def comments(draft_id: str) -> Answer:
    """Oldest first, those that are settled too."""
    found = engine().read.model_comments(draft_id)
    return jsonify(
        comments=[
            {
                "comment_id": comment.comment_id,
                "file": comment.file,
                "element": comment.element_id,
                "text": comment.text,
                "by": comment.by,
                "by_id": comment.by_id,
                "at": comment.at.isoformat(),
                "resolved_by": comment.resolved_by,
                "resolved_at": comment.resolved_at.isoformat() if comment.resolved_at else None,
            }
            for comment in found
        ]
    )


@blueprint.post("/drafts/<draft_id>/comments")
@needs(*BUILDING_ROLES)
@answers
def comment(draft_id: str) -> Answer:
    """`{text, file, element}` → `{comment_id}`."""
    sent = asked()
    command = CommentOnModel(draft_id, text_of(sent, "text"), text_of(sent, "file"), text_of(sent, "element"))
    return jsonify(comment_id=engine().execute(command, by=actor())), 201


@blueprint.post("/comments/<comment_id>/resolution")
@needs(*BUILDING_ROLES)
@answers
def resolve(comment_id: str) -> Answer:
    engine().execute(ResolveComment(comment_id), by=actor())
    return jsonify(comment_id=comment_id)


# -- checks, words, deadlines ------------------------------------------------------------------------------------------
@blueprint.post("/check")
@needs(*READERS)
@answers
def check_now() -> Answer:
    """`{key, files: {name: text}, draft}` → `{problems}`. With `draft` the files take the place of those of the same
    name in it, so that an editor sends only what is on its screen."""
    sent = asked()
    files = sent.get("files", {})
    if not isinstance(files, Mapping) or not all(isinstance(each, str) for pair in files.items() for each in pair):
        raise _bad("files", "files 应为 {文件名: 文字}。", "files must be {name: text}.")
    if sum(len(each) for each in files.values()) > MAX_FOLDER_BYTES:
        raise _bad("files", "文件合计超过 20 MB。", "The files have more than 20 MB in all.")
    key, held = text_of(sent, "key"), {}
    if wanted := text_of(sent, "draft"):
        found = engine().read.model_draft(wanted)
        key, held = found.key, dict(found.files)
    typed = {name: each.encode("utf-8", "replace") for name, each in files.items()}
    return jsonify(problems=[problem_json(problem) for problem in check(key, {**held, **typed})])


@blueprint.get("/words")
@needs(*READERS)
@answers
def words() -> Answer:
    """What a diagram may name, with names for people in the reader's language."""
    return jsonify(words_json())


@blueprint.post("/deadline")
@needs(*READERS)
@answers
def deadline() -> Answer:
    """`{text, unit, basis, from, campaign}`: an expression, or a number with its unit (wd, d, wh, h). `from` is an ISO
    instant or day, now when it is empty; `campaign` the first that is open."""
    sent = asked()
    expression = _expression(text_of(sent, "text").strip(), text_of(sent, "unit").strip())
    campaigns = [row.campaign_id for row in engine().read.campaigns()]
    wanted = text_of(sent, "campaign") or next(iter(campaigns), "")
    drawn = engine().read.model_deadline(expression, campaign_id=wanted, start_at=_instant(text_of(sent, "from")))
    return jsonify(expression=expression, basis=text_of(sent, "basis"), **_drawn_json(drawn))


def _expression(text: str, unit: str) -> str:
    if not (text.isascii() and text.isdigit()):
        return text
    if unit not in UNITS:
        listed = "、".join(f"{code}（{zh}）" for code, (zh, _) in UNITS.items())
        raise _bad("unit", f"请写明单位：{listed}。", f"Name the unit: {', '.join(UNITS)}.")
    return f'after("{text}{unit}")'


def _instant(text: str) -> datetime | None:
    """A bare day begins at nine, when offices open."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad(
            "from", "起算时间写作 2024-06-05 或 2024-06-05T10:00。", "Write 2024-06-05 or 2024-06-05T10:00."
        ) from error
    if len(text) == 10:
        found = found.replace(hour=9)
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _drawn_json(drawn: DrawnDeadline) -> dict[str, Any]:
    found = drawn.deadline
    return {
        "due_at": found.due_at.isoformat(),
        "due_on": found.due_on.isoformat(),
        "start_at": found.start_at.isoformat(),
        "rule": found.rule,
        "calendar": found.calendar_version,
        "provisional": found.provisional,
        "derivation": [{"zh": zh, "en": en} for zh, en in found.derivation],
        "days": [{"date": day.on.isoformat(), "is_workday": day.is_workday, "name": day.name} for day in drawn.days],
    }


# -- requests ----------------------------------------------------------------------------------------------------------
def asked() -> Mapping[str, Any]:
    """The JSON object of the request. Raises Invalid."""
    try:
        sent = request.get_json(force=True, silent=True)
    except RecursionError:
        sent = None  # brackets in brackets without end
    if not isinstance(sent, Mapping):
        raise _bad("", "请求应为一个 JSON 对象。", "The request must be one JSON object.")
    return sent


def text_of(sent: Mapping[str, Any], name: str) -> str:
    """A text of the request, empty when it is not there. Raises Invalid for anything else."""
    value = sent.get(name) or ""
    if not isinstance(value, str) or (not value.isascii() and not _is_whole(value)):
        raise _bad(name, f"请求里的 {name} 应为文字。", f"{name} must be a text.")
    return value


def _is_whole(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad(where: str, zh: str, en: str) -> Invalid:
    return Invalid("bad_request", en, (Problem(where, zh, en),))
