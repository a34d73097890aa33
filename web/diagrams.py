"""Where an instance stands on its diagrams: the deployed file for the viewer, and the tokens as text beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, url_for

from engine.domain.actor import SYSTEM
from engine.errors import NotFound
from engine.queries.diagrams import Diagram, Token
from web.i18n import t
from web.permission import signed_in
from web.request import actor, diagram_file, engine

blueprint = Blueprint("diagrams", __name__)


@dataclass(frozen=True)
class Drawing:
    """One diagram of an instance, ready for `ui/diagram.html`. `is_open`: shown unfolded. `words`: where the same is
    told in words, empty when the page itself says where."""

    name: str
    version: int
    address: str
    tokens: Mapping[str, Mapping[str, Any]]
    standing: tuple[Token, ...]
    is_active: bool
    is_open: bool
    words: str = ""


@blueprint.get("/diagrams/<definition_id>/<key>.bpmn")
@signed_in
def bpmn(definition_id: str, key: str) -> Response:
    """The file byte for byte as it was deployed: a diagram holds no case."""
    content = engine().read.definition_file(definition_id, f"{key}.bpmn")
    response = diagram_file(content)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def drawings(instance_id: str | None, open_key: str = "") -> tuple[Drawing, ...]:
    """The diagrams the instance has entered, root first; empty when there is none or it may not be seen."""
    if instance_id is None:
        return ()
    try:
        found = engine().read.diagrams(actor(), instance_id)
    except NotFound:
        return ()
    words = url_for("words.instance", instance_id=instance_id)
    return tuple(replace(one, words=words) for one in drawn(found, open_key))


def standing(instance_id: str) -> tuple[Diagram, ...]:
    """Where an instance stands and has been; who keeps the system sees that of every instance. Raises NotFound."""
    reading = SYSTEM if actor().has_role("sysadmin") else actor()
    found: tuple[Diagram, ...] = engine().read.diagrams(reading, instance_id)
    return found


def drawn(found: tuple[Diagram, ...], open_key: str = "") -> tuple[Drawing, ...]:
    """Diagrams that the caller has read; without a wish the last one where something stands is unfolded."""
    wanted = open_key or next((one.process_key for one in reversed(found) if one.is_active), "")
    return tuple(_drawing(one, one.process_key == wanted) for one in found)


def _drawing(found: Diagram, is_open: bool) -> Drawing:
    tokens: dict[str, dict[str, Any]] = {
        element_id: {"state": "done", "label": t("diagram.done")} for element_id in found.passed
    }
    for token in found.tokens:
        before = tokens.get(token.element_id)
        count = int(before.get("count", 0)) if before and before["state"] != "done" else 0
        label = f"{t(f'diagram.{token.state}')} · {token.label}"
        tokens[token.element_id] = {"count": count + 1, "state": token.state, "label": label}
    address = url_for("diagrams.bpmn", definition_id=found.definition_id, key=found.process_key)
    return Drawing(found.name, found.version, address, tokens, found.tokens, found.is_active, is_open)
