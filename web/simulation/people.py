"""The invented staff of a campaign: posts, never names, each marked 演示."""

from dataclasses import dataclass

from engine.commands.people import AddPerson
from engine.domain.actor import SYSTEM
from engine.domain.campaign import Campaign
from engine.runtime import Engine

ORDINALS = "甲乙丙丁"


@dataclass(frozen=True)
class Post:
    login: str
    name: str
    memberships: tuple[tuple[str, str], ...]


def posts(campaign: Campaign) -> list[Post]:
    """Two officers in each area and each lead unit, and the office's staff; the same list every time."""
    found = []
    for unit in (*campaign.areas, *campaign.leads):
        for number, ordinal in enumerate(ORDINALS[:2], 1):
            found.append(Post(f"{unit.id}{number}", f"{unit.name}承办员{ordinal}（演示）", (("officer", unit.id),)))
    for unit_id in campaign.members:
        if not any(post.memberships[0][1] == unit_id for post in found):
            found.append(Post(f"{unit_id}1", f"{campaign.unit(unit_id).name}联络员（演示）", (("officer", unit_id),)))
    office = campaign.office.unit
    found += [
        Post("ducha1", "督查员甲（演示）", (("supervisor", office),)),
        Post("ducha2", "督查员乙（演示）", (("supervisor", office),)),
        Post("lingdao", "领导小组副组长（演示）", (("leader", office),)),
        *(Post(f"yanshou{n}", f"验收员{ORDINALS[n - 1]}（演示）", (("acceptor", office),)) for n in (1, 2, 3, 4)),
        Post("jijian", "纪检联络员（演示）", (("inspector", office),)),
        Post("sheji", "流程设计员（演示）", (("designer", office),)),
        Post("fabu", "流程发布员（演示）", (("publisher", office),)),
        Post("xitong", "系统管理员（演示）", (("sysadmin", office),)),
        Post("anquan", "安全管理员（演示）", (("secadmin", office),)),
        Post("shenji", "审计管理员（演示）", (("auditor", office),)),
    ]
    return found


def add_staff(engine: Engine, campaign: Campaign, password_hash: str) -> None:
    """`password_hash` is the same for all of them."""
    for post in posts(campaign):
        engine.execute(AddPerson(post.login, post.name, password_hash, post.memberships), by=SYSTEM)
