"""People: who has an account, in which roles and units, and a new one. The engine keeps the administrators apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.people import AddPerson
from engine.domain.actor import ROLES
from engine.errors import Invalid, NotPermitted, Problem
from engine.queries.access import Person, Unit
from web.errors import sentence
from web.passwords import MIN_LENGTH, hash_password
from web.permission import needs
from web.request import actor, engine, notify, see, text

blueprint = Blueprint("people", __name__)
SEATS = 3  # pairs of role and unit that the form offers


@dataclass(frozen=True)
class Seat:
    role: str = ""
    unit_id: str = ""


@dataclass(frozen=True)
class PeoplePage:
    """`problems` are (field, sentence) pairs; `sent` keeps what was typed, but never a password."""

    persons: tuple[Person, ...]
    units: tuple[Unit, ...]
    text: str
    role: str
    may_add: bool
    roles: tuple[str, ...] = ROLES
    sent: Mapping[str, str] = field(default_factory=dict)
    seats: tuple[Seat, ...] = tuple(Seat() for _ in range(SEATS))
    problems: tuple[tuple[str, Problem | str], ...] = ()

    @property
    def unit_names(self) -> Mapping[str, str]:
        return {unit.unit_id: unit.name for unit in self.units}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.role)

    @property
    def shown(self) -> tuple[Person, ...]:
        wanted = self.text.casefold()
        return tuple(
            person
            for person in self.persons
            if (
                not wanted
                or wanted in person.name.casefold()
                or wanted in person.login.casefold()
                or self._sits_in(person)
            )
            and (not self.role or any(seat.role == self.role for seat in person.memberships))
        )

    def _sits_in(self, person: Person) -> bool:
        return any(self.text in self.unit_names.get(seat.unit_id, "") for seat in person.memberships)


@blueprint.get("/people")
@needs("secadmin", "sysadmin", "auditor")
def people() -> str:
    return _page()


@blueprint.post("/people")
@needs("secadmin", "sysadmin")
def add() -> BaseResponse | tuple[str, int]:
    seats = _seats()
    password = request.form.get("password", "")
    problems = _problems(seats, password)
    if not problems:
        memberships = tuple((seat.role, seat.unit_id) for seat in seats if seat.role)
        command = AddPerson(_sent("login"), _sent("name"), hash_password(password), memberships)
        try:
            engine().execute(command, by=actor())
        except Invalid as refused:
            problems = [
                ("seat" if problem.where in ("role", "unit") else problem.where, problem)
                for problem in refused.problems
            ]
        except NotPermitted as refused:  # two administrator roles in one hand
            if refused.code != "admin_roles_apart":
                raise
            problems = [("seat", sentence(refused))]
        else:
            notify("person_added", name=_sent("name"))
            return see(url_for("people.people"))
    return _page(seats, tuple(problems)), 422


def _problems(seats: tuple[Seat, ...], password: str) -> list[tuple[str, Problem | str]]:
    found: list[Problem] = []
    if not _sent("login").isascii() or not _sent("login").replace(".", "").replace("_", "").replace("-", "").isalnum():
        found.append(
            Problem("login", "登录名只能用字母、数字、点、横线和下划线。", "Letters, digits, dot, - and _ only.")
        )
    if not 1 < len(_sent("login")) <= 40:
        found.append(Problem("login", "登录名 2 至 40 个字符。", "The login has 2 to 40 characters."))
    if not 0 < len(_sent("name")) <= 40:
        found.append(Problem("name", "请填写姓名，不超过 40 字。", "Give the name, at most 40 characters."))
    if len(password) < MIN_LENGTH:
        found.append(
            Problem("password", f"密码至少 {MIN_LENGTH} 位。", f"The password has at least {MIN_LENGTH} characters.")
        )
    if not any(seat.role for seat in seats):
        found.append(Problem("seat", "请至少选择一个角色和单位。", "Choose at least one role and unit."))
    if any(bool(seat.role) != bool(seat.unit_id) for seat in seats):
        found.append(Problem("seat", "角色和单位要成对填写。", "A role needs its unit, and a unit its role."))
    return [(problem.where, problem) for problem in found]


def _seats() -> tuple[Seat, ...]:
    roles, units = request.form.getlist("role"), request.form.getlist("unit")
    pairs = [Seat(role, unit) for role, unit in zip(roles, units, strict=False)][:SEATS]
    return tuple(pairs + [Seat()] * (SEATS - len(pairs)))


def _sent(name: str) -> str:
    return request.form.get(name, "").strip()


def _page(seats: tuple[Seat, ...] | None = None, problems: tuple[tuple[str, Problem | str], ...] = ()) -> str:
    page = PeoplePage(
        persons=engine().read.persons(),
        units=engine().read.units(),
        text=text("text")[:40],
        role=text("role") if text("role") in ROLES else "",
        may_add=actor().has_role("secadmin", "sysadmin"),
        sent={name: _sent(name) for name in ("login", "name")},
        seats=seats or tuple(Seat() for _ in range(SEATS)),
        problems=problems,
    )
    return render_template("admin/people.html", page=page)
