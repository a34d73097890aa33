"""The public page behind the code on a letter, and files handed in there. Nobody is signed in."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import signing_house
import sqlalchemy as sa
import tampering
from flask import Flask
from scenario import Scenario
from web_visitor import Browser
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from engine.clock import SetClock
from engine.commands.letters import IssueLetters, VoidLetter
from engine.domain.letter import Letter
from engine.domain.verification import hashed_key, letter_key
from engine.queries.verification import IssuedLetter
from engine.store.schema import (
    blobs,
    letter_deliveries,
    letter_documents,
    letter_services,
    letter_signatures,
    letters,
)
from engine.worker import Worker
from web.bootstrap import handlers
from web.verification import ASKED, EXAMINED, MOST_BYTES

SignIn = Callable[[str], Browser]
PUBLIC_URL = "https://duban.example"


@dataclass
class House:
    """A campaign whose letters are signed, with two letters made."""

    scenario: Scenario
    first: str
    second: str

    def key(self, letter_id: str) -> str:
        return letter_key(self.scenario.engine.secret, letter_id)

    def pdf(self, letter_id: str) -> bytes:
        return bytes(self.scenario.engine.read.letter_document(self.scenario.supervisor, letter_id).content)

    def record(self, letter_id: str) -> IssuedLetter:
        found = self.scenario.engine.read.issued_letter(self.key(letter_id))
        assert found is not None
        return found


def issue(scenario: Scenario, count: int = 1) -> list[str]:
    cases = scenario.register(count)
    command = IssueLetters(scenario.campaign, "notice", tuple(cases), reason="演示")
    return list(scenario.engine.execute(command, by=scenario.supervisor))


@pytest.fixture
def house(scenario: Scenario, tmp_path: Path) -> House:
    settings = signing_house.settings(tmp_path / "seal", picture="png")
    config = replace(scenario.config, public_url=PUBLIC_URL, signing=settings)
    first, second = issue(scenario, 2)
    Worker(scenario.engine, handlers(config)).run_until_idle()
    return House(scenario, first, second)


def words(response: TestResponse) -> str:
    """What the page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)))


def hand_in(browser: Browser, address: str, content: bytes, name: str = "公文.pdf") -> TestResponse:
    """The form sent as a browser would, from memory: Werkzeug's client leaves the file of a large one open."""
    browser.get(address)
    sent = {"csrf_token": browser.token, "file": FileStorage(io.BytesIO(content), name)}
    boundary, body = encode_multipart(sent)
    return browser.client.post(address, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def title_of(response: TestResponse) -> str:
    found = re.search(r'id="verdict".*?verdict__title">([^<]+)<', response.get_data(as_text=True), re.DOTALL)
    return found[1] if found else ""


# -- the page of a letter ----------------------------------------------------------------------------------------------
def test_the_code_on_a_letter_leads_to_its_page(house: House, app: Flask) -> None:
    said = app.test_client().get(f"/v/{house.key(house.first)}")
    record = house.record(house.first)

    page = words(said)
    assert said.status_code == 200
    assert "真实有效" in page and record.number in page and "督办通知" in page and "2024年5月20日" in page
    assert record.organ in page and signing_house.SIGNER in page and "PAdES B-B" in page
    assert record.sha256 in page and record.sm3 in page
    assert said.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert said.headers["Cache-Control"] == "no-store"


def test_the_page_tells_nothing_of_case_addressee_title_or_firm(house: House, app: Flask) -> None:
    row = house.scenario.engine.read.letter(house.scenario.supervisor, house.first)
    secret = [row.row.title, row.row.unit, row.row.unit_id, house.first, *row.case_ids, row.row.issued_by]
    secret += ["演示石材加工点", "城郊镇", "演示路"]

    for lang in ("zh", "en"):
        page = app.test_client().get(f"/v/{house.key(house.first)}?lang={lang}").get_data(as_text=True)
        assert [text for text in secret if text in page] == []
    handed_in = hand_in(Browser(app.test_client()), "/v", house.pdf(house.first)).get_data(as_text=True)
    assert [text for text in secret if text in handed_in] == []


def test_a_key_may_be_typed_as_people_type(house: House, app: Flask) -> None:
    key = house.key(house.first)
    typed = "-".join(key[at : at + 4] for at in range(0, 16, 4)).lower().replace("0", "o").replace("1", "l")

    for code in (typed, f" {key} ", f"{PUBLIC_URL}/v/{key}", f"{PUBLIC_URL}/v/{key}/"):
        response = app.test_client().get("/v", query_string={"code": code})
        assert (response.status_code, response.headers["Location"]) == (303, f"/v/{key}")


@pytest.mark.parametrize("key", ["0000000000000000", "x", "%00", "<script>", "1' OR 1=1", "A" * 3000, "〔2024〕1号"])
def test_every_other_key_gets_one_and_the_same_answer(house: House, app: Flask, key: str) -> None:
    client = app.test_client()
    unknown, other = client.get("/v/ZZZZZZZZZZZZZZZZ"), client.get(f"/v/{key}")

    assert unknown.status_code == other.status_code == 404
    asked = re.compile(r'<input class="input" id="code"[^>]*>|href="[^"]*lang=en"|name="csrf_token" value="[^"]*"')
    assert asked.sub("", other.get_data(as_text=True)) == asked.sub("", unknown.get_data(as_text=True))
    assert "查无此件" in words(other) and "<script>" not in other.get_data(as_text=True)


def test_a_letter_is_not_found_by_number_or_id(house: House, app: Flask) -> None:
    record = house.record(house.first)
    client = app.test_client()

    for guess in (record.number, house.first, record.sha256, hashed_key(house.key(house.first))):
        assert client.get(f"/v/{guess}").status_code == 404


def test_keys_are_unguessable_and_no_copy_of_the_database_opens_pages(house: House) -> None:
    keys = {house.key(letter_id) for letter_id in (house.first, house.second)}
    kept = house.scenario.rows(sa.select(letter_signatures.c.key_hash))

    assert len(keys) == 2 and all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{16}", key) for key in keys)
    assert {row["key_hash"] for row in kept} == {hashed_key(key) for key in keys}
    assert letter_key(b"another secret", house.first) not in keys


def test_a_void_letter_says_so_with_its_day(house: House, app: Flask) -> None:
    house.scenario.engine.execute(VoidLetter(house.first, "主送有误（演示）"), by=house.scenario.supervisor)

    said = words(app.test_client().get(f"/v/{house.key(house.first)}"))
    file = hand_in(Browser(app.test_client()), f"/v/{house.key(house.first)}", house.pdf(house.first))

    assert "已经作废" in said and "作废日期：2024年5月20日" in said and "真实有效" not in said
    assert "主送有误" not in said
    assert title_of(file) == "文件与发出的一致" and "已经作废" in words(file)


def test_a_corrected_letter_names_the_number_that_replaces_it(house: House, app: Flask) -> None:
    """The row is written as `letter_rows.issue(corrects_id=...)` writes it."""
    with house.scenario.raw() as connection:
        row = dict(connection.execute(sa.select(letters).where(letters.c.letter_id == house.second)).mappings().one())
        row |= {"letter_id": "the-correction", "number": "临散乱污办督〔2024〕99号", "serial": 99}
        connection.execute(letters.insert().values({**row, "corrects_id": house.first}))
        stands = letter_services.c.letter_id == house.second
        service = dict(connection.execute(sa.select(letter_services).where(stands)).mappings().one())
        connection.execute(letter_services.insert().values({**service, "letter_id": "the-correction"}))
        delivery = letter_deliveries.c.letter_id == house.second
        sent = dict(connection.execute(sa.select(letter_deliveries).where(delivery)).mappings().one())
        connection.execute(letter_deliveries.insert().values({**sent, "letter_id": "the-correction"}))

    said = words(app.test_client().get(f"/v/{house.key(house.first)}"))

    assert "已被更正" in said and "更正公文字号：临散乱污办督〔2024〕99号" in said and "真实有效" not in said

    house.scenario.engine.execute(VoidLetter("the-correction", "更正有误（演示）"), by=house.scenario.supervisor)
    again = words(app.test_client().get(f"/v/{house.key(house.first)}"))

    assert "真实有效" in again and "已被更正" not in again and "99号" not in again


def test_a_sample_says_that_it_has_no_force(scenario: Scenario, app: Flask) -> None:
    [letter_id] = issue(scenario)
    scenario.work()

    said = words(app.test_client().get(f"/v/{letter_key(scenario.engine.secret, letter_id)}"))

    assert "演示样张" in said and "不具有公文效力" in said and "真实有效" not in said


def test_the_page_speaks_english(house: House, app: Flask) -> None:
    said = words(app.test_client().get(f"/v/{house.key(house.first)}?lang=en"))

    assert "Genuine" in said and "Signed by" in said and "Supervision notice" in said


# -- files -------------------------------------------------------------------------------------------------------------
def test_the_issued_file_is_confirmed_with_and_without_its_code(house: House, app: Flask) -> None:
    pdf = house.pdf(house.first)

    with_code = hand_in(Browser(app.test_client()), f"/v/{house.key(house.first)}", pdf)
    without = hand_in(Browser(app.test_client()), "/v", pdf)

    for said in (with_code, without):
        assert (said.status_code, title_of(said)) == (200, "文件与发出的一致")
        assert "真实有效" in words(said) and said.get_data(as_text=True).count("checks__line--yes") == 7


def test_a_tampered_letter_is_refused_in_plain_words(house: House, app: Flask) -> None:
    pdf, address = house.pdf(house.first), f"/v/{house.key(house.first)}"
    other = signing_house.seal_identity("另一个单位（演示）", 300)
    files = {
        "文件被改动过": tampering.flipped(pdf),
        "文件在签发后被追加了内容": tampering.with_second_signature(pdf, other),
        "文件没有电子签名": tampering.stripped(pdf),
        "这是另一份公文的文件": house.pdf(house.second),
        "文件被加密": tampering.encrypted(pdf),
        "文件已损坏": tampering.with_broken_table(pdf),
        "这不是 PDF 文件": b"PK\x03\x04 a Word file",
    }

    browser = Browser(app.test_client())
    found = {wanted: hand_in(browser, address, content) for wanted, content in files.items()}

    assert {wanted: title_of(said) for wanted, said in found.items()} == {wanted: wanted for wanted in files}
    assert all("verdict--error" in said.get_data(as_text=True) for said in found.values())
    assert all("文件与发出的一致" not in words(said) and "真实有效" not in words(said) for said in found.values())


def test_a_file_that_is_not_on_record_shows_no_letter(house: House, app: Flask) -> None:
    said = hand_in(Browser(app.test_client()), "/v", tampering.flipped(house.pdf(house.first)))

    assert title_of(said) == "没有登记过这个文件"
    assert house.record(house.first).number not in said.get_data(as_text=True)


def test_a_file_under_an_unknown_code_is_still_looked_up_by_itself(house: House, app: Flask) -> None:
    said = hand_in(Browser(app.test_client()), "/v/ZZZZZZZZZZZZZZZZ", house.pdf(house.first))

    assert title_of(said) == "文件与发出的一致"


@pytest.mark.parametrize(
    ("content", "wanted"), [(b"", "请选择要核验的 PDF 文件"), (b"%PDF-" + b"0" * MOST_BYTES, "文件超过 10 MB")]
)
def test_a_form_without_a_fitting_file_comes_back(house: House, app: Flask, content: bytes, wanted: str) -> None:
    said = hand_in(Browser(app.test_client()), f"/v/{house.key(house.first)}", content)

    assert said.status_code == 422 and wanted in words(said) and "真实有效" in words(said)


def test_a_code_that_was_not_written_is_asked_for(browser: Browser) -> None:
    said = browser.get("/v?code=+-+")

    assert said.status_code == 422 and "请填写核验码" in words(said)


def test_fifty_megabytes_are_refused_before_they_are_read(browser: Browser) -> None:
    said = hand_in(browser, "/v", b"%PDF-" + b"0" * 50_000_000)

    assert said.status_code == 413 and "20 MB" in words(said)


def test_a_form_of_another_site_is_refused(app: Flask) -> None:
    client = app.test_client()

    assert client.post("/v", data={"file": (io.BytesIO(b"%PDF-"), "x.pdf")}).status_code == 403
    assert client.post("/v", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_files_and_codes_are_let_in_so_often_and_again_later(
    scenario: Scenario, app: Flask, wall_clock: SetClock
) -> None:
    browser = Browser(app.test_client())

    files = [hand_in(browser, "/v", b"no pdf").status_code for _ in range(EXAMINED + 1)]
    codes = [browser.get("/v/ZZZZZZZZZZZZZZZZ").status_code for _ in range(ASKED + 1)]
    wall_clock.set(wall_clock.now() + timedelta(minutes=5, seconds=1))

    assert files == [200] * EXAMINED + [429]
    assert codes == [404] * ASKED + [429]
    assert hand_in(browser, "/v", b"no pdf").status_code == 200


def test_the_public_page_opens_for_somebody_who_is_signed_in_too(
    house: House, signed_in: Callable[[str], Browser]
) -> None:
    browser = signed_in("chengjiao1")

    assert browser.get(f"/v/{house.key(house.second)}").status_code == 200
    assert title_of(hand_in(browser, "/v", house.pdf(house.second))) == "文件与发出的一致"


# -- what the letter job does ------------------------------------------------------------------------------------------
def test_without_a_public_address_letters_bear_no_code(scenario: Scenario) -> None:
    assert [url for url in _urls(scenario, "")] == [""]
    [url] = _urls(scenario, PUBLIC_URL)
    assert re.fullmatch(rf"{PUBLIC_URL}/v/[0-9A-Z]{{16}}", url) and len(url) <= 62


def _urls(scenario: Scenario, public_url: str) -> list[str]:
    from web.bootstrap import compose_letter, verify_address

    read = scenario.engine.read
    made: list[Letter] = []
    for letter_id in issue(scenario):
        address = verify_address(public_url, read.letter_key(letter_id))
        made.append(compose_letter(read.letter_source(letter_id), verify_url=address))
    return [letter.verify_url for letter in made]


# -- the letter's own page ---------------------------------------------------------------------------------------------
def test_the_letters_own_page_says_who_signed_and_examines_what_is_kept(house: House, signed_in: SignIn) -> None:
    link, record = f"/letters/{house.first}", house.record(house.first)

    plain = signed_in("gxj1").get(link)
    asked = signed_in("gxj1").get(f"{link}?examine=1")

    for page in (plain, asked):
        assert all(str(said) in words(page) for said in (record.signer, record.fingerprint, record.level, record.sm3))
        assert f'href="/v/{house.key(house.first)}"' in page.get_data(as_text=True)
    assert "文件与发出的一致" in words(asked) and "文件与发出的一致" not in words(plain)
    assert words(asked).count("✓") == 7 and "✗" not in words(asked)


def test_a_kept_document_that_was_exchanged_is_told_on_its_page(house: House, signed_in: SignIn) -> None:
    """Past the triggers, as only the owner of the database could."""
    [row] = house.scenario.rows(sa.select(letter_documents).where(letter_documents.c.letter_id == house.first))
    other = house.pdf(house.second)
    with house.scenario.engine.database.engine.begin() as connection:
        for name in (
            connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
        connection.execute(blobs.update().where(blobs.c.sha256 == row["sha256"]).values(content=other))

    page = signed_in("ducha1").get(f"/letters/{house.first}?examine=1")

    assert "文件与发出的一致" not in words(page) and "✗" in words(page)


def test_a_sample_says_that_nobody_signed_it(scenario: Scenario, signed_in: SignIn) -> None:
    [letter_id] = issue(scenario)
    before = words(signed_in("ducha1").get(f"/letters/{letter_id}"))
    scenario.work()

    after = words(signed_in("ducha1").get(f"/letters/{letter_id}"))

    assert "核验留存的文件" not in before
    assert "无（演示样张）" in after and "核验留存的文件" in after
