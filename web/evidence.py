"""Evidence on its way out: always through the permission of its case, never as a page of ours."""

import io
from functools import lru_cache

from flask import Blueprint, Response
from PIL import Image

from engine.errors import NotFound
from web.permission import CASE_ROLES, needs
from web.request import actor, download, engine

blueprint = Blueprint("evidence", __name__)
PICTURES = ("image/jpeg", "image/png", "image/webp")
THUMBNAIL = (360, 280)


@blueprint.get("/evidence/<evidence_id>")
@needs(*CASE_ROLES)
def file(evidence_id: str) -> Response:
    blob = engine().read.task_evidence(actor(), evidence_id)
    return download(blob.content, blob.filename, blob.media_type)


@blueprint.get("/evidence/<evidence_id>/thumbnail")
@needs(*CASE_ROLES)
def thumbnail(evidence_id: str) -> Response:
    """A small picture of a picture. Raises NotFound for other files."""
    blob = engine().read.task_evidence(actor(), evidence_id)
    if blob.media_type not in PICTURES:
        raise NotFound("evidence_unknown", f"{evidence_id} is not a picture.", evidence=evidence_id)
    response = download(_small(blob.content), "thumbnail.jpg", "image/jpeg", inline=True)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@lru_cache(maxsize=200)
def _small(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        picture.thumbnail(THUMBNAIL)
        drawn = io.BytesIO()
        picture.convert("RGB").save(drawn, "JPEG", quality=80)
    return drawn.getvalue()
