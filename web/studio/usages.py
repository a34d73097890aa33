"""Where things are used, and what every process folder stands on: read before one changes or removes something."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template

from engine.bpmn.references import KINDS
from engine.domain.actor import BUILDING_ROLES
from engine.queries.usages import Named, Usage
from web.format import word
from web.permission import needs
from web.request import engine, text
from web.studio.dependency_page import dependencies_page
from web.studio.thing_words import called

blueprint = Blueprint("studio_usages", __name__)
READERS: Final = (*BUILDING_ROLES, "sysadmin")


@dataclass(frozen=True)
class UsagesPage:
    """Of one thing its `places`; without a name everything of a kind with the number of its places."""

    kind: str
    name: str
    things: tuple[Named, ...]
    places: tuple[Usage, ...]

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind, word("usage_kind", kind)) for kind in KINDS]

    @property
    def thing(self) -> Named | None:
        return next((each for each in self.things if (each.kind, each.name) == (self.kind, self.name)), None)

    def called(self, thing: Named) -> str:
        return called(thing)

    @property
    def shown(self) -> tuple[Named, ...]:
        """What is listed: everything, one kind, or what bears a part of the name."""
        return tuple(
            each
            for each in self.things
            if self.kind in ("", each.kind) and (self.name in each.name or self.name in called(each))
        )


@blueprint.get("/studio/usages")
@needs(*READERS)
def usages() -> str:
    """`?kind=form&name=close_checks`; either may be missing."""
    kind, name = text("kind"), text("name")[:200]
    read = engine().read
    places = read.usages(kind, name) if kind and name else ()
    if kind and not name:
        read.usages(kind, "-")  # an unknown kind is refused here too
    return render_template("studio/usages.html", page=UsagesPage(kind, name, read.named_things(), places))


@blueprint.get("/studio/dependencies")
@needs(*READERS)
def dependencies() -> str:
    read = engine().read
    page = dependencies_page(read.dependencies(), read.named_things())
    return render_template("studio/dependencies.html", page=page)
