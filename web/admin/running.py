"""How one version of a process is really run: whether its cases follow the diagram, and which stay far too long."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, render_template, url_for

from engine.bpmn.elements import Element
from engine.domain.instance import InstanceKind
from engine.errors import NotFound
from engine.queries.conformance import LOOKED_AT, SHOWN, Conformance, Finding, Found
from engine.queries.diagrams import DefinitionPage
from engine.queries.outliers import LEAST, ElementOutliers, Outlier
from web.admin.definitions import READERS
from web.admin.heat import share, span
from web.admin.instances import KEEPERS
from web.element_words import kind_of
from web.format import word
from web.i18n import t
from web.permission import CASE_ROLES, needs
from web.request import actor, engine

blueprint = Blueprint("running", __name__)
PAGES: Final = ("conformance", "outliers")


@dataclass(frozen=True)
class Page:
    """What both pages say of the version they are about."""

    found: DefinitionPage
    current: str

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def diagram(self) -> str:
        return f"{self.found.key}.bpmn"

    @property
    def back(self) -> list[tuple[str, str]]:
        here = url_for("definitions.definition", key=self.found.key, version=self.found.version)
        return [(t("definitions.title"), url_for("definitions.definitions")), (self.found.name, here)]

    @property
    def tabs(self) -> list[tuple[str, str, None, bool]]:
        return [
            (self._address(each, self.found.version), t(f"{each}.tab"), None, each == self.current) for each in PAGES
        ]

    @property
    def versions(self) -> list[tuple[str, str, None, bool]]:
        """For `ui/tabs.html`: the same page of the other versions, the newest first."""
        own = self.found.version
        return [
            (self._address(self.current, each.version), t("definitions.version_n", version=each.version), None,
             each.version == own)
            for each in self.found.versions
        ]  # fmt: skip

    def _address(self, page: str, version: int) -> str:
        return url_for(f"running.{page}", key=self.found.key, version=version)

    def element(self, element_id: str) -> str:
        """Its name, or its id where the diagram gives it none or does not have it."""
        return next(
            (each.name for each in self.found.elements if each.element_id == element_id and each.name), element_id
        )

    def kind(self, element: Element) -> str:
        return word("element", kind_of(element))


@dataclass(frozen=True)
class ConformancePage(Page):
    judged: Conformance

    @property
    def limit(self) -> int:
        return LOOKED_AT

    @property
    def shown(self) -> int:
        return SHOWN

    @property
    def following_share(self) -> str:
        """Of those that can be judged; empty when there are none."""
        judged = self.judged.following + self.judged.deviating
        return share(self.judged.following / judged) if judged else ""

    @property
    def deviations(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.judged.findings if not each.is_by_hand)

    @property
    def by_hand(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.judged.findings if each.is_by_hand)

    @property
    def badges(self) -> Mapping[str, Mapping[str, Any]]:
        """How many cases passed an element; red with how many strayed there. What nobody passed has no badge."""
        found: dict[str, dict[str, Any]] = {
            element_id: {"state": "done", "count": count, "label": t("conformance.passed_n", n=count)}
            for element_id, count in self.judged.passed.items()
        }
        strayed: dict[str, int] = {}
        for each in self.deviations:
            strayed[each.element_id] = strayed.get(each.element_id, 0) + each.count
        for element_id, count in strayed.items():
            found[element_id] = {"state": "late", "count": count, "label": t("conformance.strayed_n", n=count)}
        return found


@dataclass(frozen=True)
class OutliersPage(Page):
    elements: tuple[ElementOutliers, ...]

    @property
    def least(self) -> int:
        return LEAST

    @property
    def badges(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            each.element_id: {"state": "late", "count": each.count, "label": t("outliers.beyond_n", n=each.count)}
            for each in self.elements
        }


@blueprint.get("/definitions/<key>/<int:version>/conformance")
@needs(*READERS)
def conformance(key: str, version: int) -> str:
    found = _version(key, version)
    judged = engine().read.conformance(actor(), found.definition_id)
    return _render("admin/conformance.html", ConformancePage(found, "conformance", judged))


@blueprint.get("/definitions/<key>/<int:version>/outliers")
@needs(*READERS)
def outliers(key: str, version: int) -> str:
    found = _version(key, version)
    return _render(
        "admin/outliers.html", OutliersPage(found, "outliers", engine().read.outliers(actor(), found.definition_id))
    )


def _version(key: str, version: int) -> DefinitionPage:
    """Raises NotFound, for a folder without a diagram too: nothing runs in it."""
    found: DefinitionPage = engine().read.definition(key, version)
    if not found.elements:
        raise NotFound("file_unknown", f"{key} has no diagram.", file=f"{key}.bpmn")
    return found


def _render(template: str, page: Page) -> str:
    return render_template(template, page=page, span=span, number_of=_number, address_of=_address)


def _number(found: Found | Outlier) -> str:
    """What an instance is called: a case by its number, another by what it is and the end of its key."""
    if found.kind == InstanceKind.CASE:
        return found.business_key
    return f"{word('instance_kind', found.kind)} {found.business_key[-8:]}"


def _address(found: Found | Outlier) -> str:
    """Where this person may read on; empty for who sees neither cases nor instances."""
    if found.case_id and found.kind == InstanceKind.CASE and actor().has_role(*CASE_ROLES):
        return url_for("cases.case", case_id=found.case_id)
    return url_for("instances.instance", instance_id=found.instance_id) if actor().has_role(*KEEPERS) else ""
