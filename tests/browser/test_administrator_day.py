"""What an administrator repairs, and what is hidden from those who have no business with it."""

import time

import pytest
from browser_person import NewPerson
from browser_site import LATE, Site

from engine.domain.actor import SYSTEM

CLOSED = (
    ("chengjiao1", "/desk"),
    ("chengjiao1", "/incidents"),
    ("chengjiao1", "/people"),
    ("chengjiao1", "/definitions"),
    ("chengjiao1", "/leader"),
    ("sheji", "/inbox"),
    ("sheji", "/people"),
    ("xitong", "/cases"),
    ("xitong", "/desk"),
    ("anquan", "/incidents"),
    ("shenji", "/desk"),
)


def test_a_letter_that_could_not_be_made_is_tried_again(new_person: NewPerson, site: Site) -> None:
    administrator = new_person("xitong")

    administrator.go("/incidents")
    assert "没有纸了" in administrator.said
    administrator.press("重试")

    give_up = time.monotonic() + 60
    while site.read.incidents(SYSTEM) and time.monotonic() < give_up:
        administrator.page.wait_for_timeout(300)
    administrator.go("/incidents")
    assert "没有纸了" not in administrator.said


@pytest.mark.parametrize(("login", "address"), CLOSED)
def test_a_page_without_permission_says_so(new_person: NewPerson, login: str, address: str) -> None:
    person = new_person(login)

    assert person.go(address) == 403
    assert "岗位" in person.said


def test_a_case_of_another_area_does_not_exist(new_person: NewPerson) -> None:
    officer = new_person("nanlong1")

    assert officer.go(f"/cases/{LATE[0]}") == 404
    assert officer.go("/cases/LINXIA2024-9999") == 404
    assert officer.go(f"/cases/{LATE[2]}") == 200


def test_nobody_gets_in_with_a_wrong_password(new_person: NewPerson) -> None:
    stranger = new_person()

    stranger.go("/desk")
    assert "/login" in stranger.page.url
    stranger.page.get_by_label("登录名").fill("ducha1")
    stranger.page.get_by_label("密码").fill("错误的密码")
    stranger.press("登录")

    assert "不正确" in stranger.said
    assert stranger.page.get_by_label("登录名").input_value() == "ducha1"
    stranger.sign_in("ducha1")
    assert stranger.go("/desk") == 200
