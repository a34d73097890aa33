"""Who may open a route: every view says so itself, and the application refuses one that does not.

@public                 nobody needs to be signed in (login, health)
@signed_in              anybody with an account; what they see is narrowed by the queries
@needs("supervisor")    one of these roles
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask

from engine.domain.actor import OFFICE_ROLES, WATCHING_ROLES, Actor
from engine.errors import NotPermitted

View = TypeVar("View", bound=Callable[..., Any])
CASE_ROLES = OFFICE_ROLES + WATCHING_ROLES  # those who work with cases


@dataclass(frozen=True)
class Permission:
    """`roles` empty: everybody signed in."""

    is_public: bool = False
    roles: tuple[str, ...] = ()

    def allows(self, actor: Actor) -> bool:
        return self.is_public or not self.roles or actor.has_role(*self.roles)


def public(view: View) -> View:
    return _declare(view, Permission(is_public=True))


def signed_in(view: View) -> View:
    return _declare(view, Permission())


def needs(*roles: str) -> Callable[[View], View]:
    def declare(view: View) -> View:
        return _declare(view, Permission(roles=roles))

    return declare


def of_endpoint(app: Flask, endpoint: str) -> Permission | None:
    """What the view behind `endpoint` declares; None when it declares nothing, which the start refuses."""
    view = app.view_functions.get(endpoint)
    return getattr(view, "permission", None)


def check(permission: Permission, actor: Actor) -> None:
    """Raises NotPermitted."""
    if not permission.allows(actor):
        roles = list(permission.roles)
        raise NotPermitted("role_needed", f"{actor.name} lacks the role: {' or '.join(roles)}.", roles=roles)


def undeclared(app: Flask) -> list[str]:
    """Endpoints whose view says nothing about who may open it."""
    return sorted({rule.endpoint for rule in app.url_map.iter_rules() if of_endpoint(app, rule.endpoint) is None})


def _declare(view: View, permission: Permission) -> View:
    view.permission = permission  # type: ignore[attr-defined]
    return view
