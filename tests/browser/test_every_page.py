"""Every page in both languages: nothing for axe to find, nothing wider than a phone, no raw word of the program."""

import re
from collections.abc import Iterator
from functools import cache

import pytest
from browser_person import DESK, PHONE, Person
from browser_site import FRESH, LATE, ROOT, Site
from playwright.sync_api import Browser
from scenario import CAMPAIGN

from engine.commands.batches import StartBatch, WorkBatch
from engine.commands.models import OpenModelDraft
from engine.domain.actor import SYSTEM, Actor
from engine.queries.desk import DeskFilter
from engine.queries.instances import InstanceFilter
from engine.queries.letters import LetterFilter
from engine.queries.reports import ReportFilter

AXE = ROOT / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
ISSUE = f"/desk/letters/new?kind=notice&case={LATE[0]}&case={LATE[1]}"
PAGES = {
    "": "/login",
    "chengjiao1": f"/inbox /inbox?box=done /inbox?text=无此事项 /cases /cases/{LATE[0]} /cases/new /reports",
    "gxj1": "/inbox /letters LETTER",
    "ducha1": f"/desk /desk?level=0 {ISSUE} /letters LETTER ITEM /reports?view=list /reports REPORT /register /leader "
    f"/cases?light=red /cases/{FRESH[0]}",
    "sheji": "/definitions /definitions/supervision /definitions/letters /definitions/cleanup/1/words "
    "/definitions/survey/1/conformance /definitions/survey/1/outliers /studio /studio/usages /studio/dependencies "
    "/studio/forecasts /studio/forecasts/new DRAFT",
    "xitong": "/incidents /incidents?resolved=1 /calendars /demo-clock /instances /instances?trouble=1 INSTANCE MOVE "
    "OPERATIONS /jobs /batches BATCH /definitions/survey/migration",
    "shenji": "/audit/facts /audit/facts?kind=NoSuchFact /audit/days /audit/days/2024-06-12 /audit/days/2024-06-13",
    "anquan": "/people /desk",
    "lingdao": "/leader /no-such-page TASKS",
}
TABS = ("diagram", "tables", "forms", "letters", "tests", "playground", "compare", "history", "publish")
VISITS = [(login, address) for login, pages in PAGES.items() for address in pages.split()]
RAW = re.compile(
    r"\b(?:survey_site|review_disposition|case_lifecycle|report_obligation|survey|cleanup|improvement|acceptance|lookback|"
    r"OPEN|CLAIMED|COMPLETED|CANCELLED|ISSUED|RECEIVED|REPLIED|CLOSED|VOID|officer|supervisor|notice|urge|circular|None|"
    r"null|undefined|True|False|[a-z_]+\.[a-z_]+)\b",
    re.ASCII,
)
SPOKEN_BY_DESIGNERS = (
    "/definitions",
    "/studio",
    "/incidents",
    "/instances",
    "/jobs",
    "/operations",
    "/batches",
)  # these show the files' own words


@pytest.fixture(scope="module")
def people(chromium: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Person]]:
    """Everybody who visits pages here, signed in once."""
    found = {}
    for login in PAGES:
        found[login] = Person(chromium, site.url, tmp_path_factory.mktemp("person"))
        if login:
            found[login].sign_in(login)
    yield found
    complaints = [complaint for person in found.values() for complaint in person.complaints]
    for person in found.values():
        person.close()
    assert complaints == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("login", "address"), VISITS)
def test_a_page_reads_well(people: dict[str, Person], site: Site, login: str, address: str, lang: str) -> None:
    person = people[login]
    for path in addresses(site, login, address):
        person.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        person.go(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        settle(person)

        if lang == "zh":  # what axe looks at is the same in both; words are not
            assert violations(person) == [], path
        assert person.overhang <= 0, path
        person.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert person.overhang <= 0, path
        if lang == "zh" and not path.startswith(SPOKEN_BY_DESIGNERS):
            assert RAW.findall(person.said) == [], path


def addresses(site: Site, login: str, address: str) -> list[str]:
    """An address in capitals stands for whatever of the kind this database holds."""
    actor = site.read.actor(site.read.login(login)["person_id"]) if login else SYSTEM
    match address:
        case "TASKS":
            tasks = {task.element_id: task.task_id for task in site.read.live_tasks(CAMPAIGN)}
            assert {"survey_site", "close_checks", "submit_report", "approve_by_supervisor"} <= tasks.keys()
            return [f"/tasks/{task_id}" for task_id in tasks.values()]
        case "LETTER":
            return [f"/letters/{site.read.letters(actor, LetterFilter()).rows[0].letter_id}"]
        case "ITEM":
            rows = site.read.desk(actor, DeskFilter()).rows
            return [f"/desk/items/{next(row.item_id for row in rows if row.item_id)}"]
        case "REPORT":
            return [f"/reports/{site.read.reports(actor, ReportFilter()).rows[0].report_id}"]
        case "DRAFT":
            return [f"/studio/drafts/{drafted(site, actor)}/{tab}" for tab in TABS]
        case "INSTANCE" | "MOVE" | "OPERATIONS" | "BATCH":
            return operating(site, actor, address)
    return [address]


def drafted(site: Site, actor: Actor) -> str:
    """A draft of supervision, which has a table, forms and walks; opened once."""
    found = [row.draft_id for row in site.read.model_drafts() if row.key == "supervision"]
    command = OpenModelDraft("supervision", "督办（演示）")
    return found[0] if found else str(site.engine.execute(command, by=actor)["draft_id"])


def operating(site: Site, actor: Actor, address: str) -> list[str]:
    """Of a late case, of an instance with an incident, of a batch in which not everything could be done."""
    late, other = (site.read.resolve_instance(actor, case_id) for case_id in LATE[:2])
    if address == "INSTANCE":
        wanted = InstanceFilter(trouble="1")
        return [f"/instances/{late}", f"/instances/{site.read.instances(actor, wanted).rows[0].instance_id}"]
    if address == "MOVE":
        return [f"/instances/{late}/move"]
    if address == "OPERATIONS":
        kinds = ("suspend", "cancel", "set_variable")
        return [f"/operations/{kind}?subject={late}&subject={other}" for kind in kinds]
    batch_id = site.engine.execute(StartBatch("resume", (late, "nothing"), {}, "演示"), by=actor)
    while site.engine.execute(WorkBatch(batch_id), by=actor):
        pass
    return [f"/batches/{batch_id}", f"/batches/{batch_id}?state=FAILED"]


def settle(person: Person) -> None:
    """Diagrams are drawn by a script after the page."""
    for box in person.main.locator("[data-diagram]").all():
        if box.is_visible():
            box.and_(person.page.locator("[data-diagram-ready]")).wait_for()


def violations(person: Person) -> list[str]:
    if not person.page.evaluate("'axe' in window"):
        person.page.evaluate(axe())
    found = person.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


@cache
def axe() -> str:
    return AXE.read_text("utf-8")
