"""Invented facts with which a template is previewed before there is a real case. Everybody in them is marked 演示."""

from datetime import date
from typing import Any, Final

from engine.domain.letter import KINDS, Letter, format_number
from engine.errors import Invalid, Problem
from forms.letters.compose import compose_for
from forms.letters.template import check_template

TODAY: Final = date(2024, 6, 27)
_OFFICE: Final = "演示市“散乱污”企业清理整治工作领导小组办公室"
_UNIT: Final = "演示镇人民政府"
# Kinds that speak about the unit to others, and whom a sample of them addresses.
_ADDRESSEES: Final = {"circular": ("各镇（街道）", "各成员单位"), "referral": ("演示市纪委监委",)}

_DAYS: Final = {"minutes": date(2024, 7, 5)}  # written when the talk is over


def sample_letter(
    kind: str, template: str, *, layout: str | None = None, cases: int = 1, is_report: bool = False, name: str = ""
) -> Letter:
    """What a designer's template makes of invented facts: always marked 演示样张, numbered ×.

    Raises Invalid as `compose` does, with template and line.
    """
    day = _DAYS.get(kind, TODAY)
    return compose_for(
        kind,
        template,
        sample_variables(cases=cases, is_report=is_report) | {"today": day},
        number=format_number(f"演散乱污办{KINDS[kind].word}", TODAY.year, 1).replace("1号", "×号"),
        date=day,
        addressees=_ADDRESSEES.get(kind),
        layout=layout,
        copies_to=("演示市人民政府办公室",) if kind in ("circular", "listed_supervision", "minutes") else (),
        is_sample=True,
        name=name,
    )


def check_letter_template(template: str, *, name: str) -> tuple[Problem, ...]:
    """Everything wrong with a template, also what shows only when it is filled in with invented facts."""
    problems = check_template(template, name=name)
    kind = name.removesuffix(".html.j2")
    if problems or kind not in KINDS:
        return problems
    try:
        sample_letter(kind, template, name=name)
    except Invalid as error:
        return error.problems
    return ()


def sample_variables(*, cases: int = 1, is_report: bool = False) -> dict[str, Any]:
    """One value for every variable a template may use; about so many cases, or about a missing report."""
    variables: dict[str, Any] = {
        "campaign": {
            "title": "“散乱污”企业清理整治专项行动",
            "office": _OFFICE,
            "organ": "演示市“散乱污”企业清理整治工作领导小组",
            "organ_code": "演散乱污办",
        },
        "unit": {"name": _UNIT},
        "rung": "督办通知",
        "due": date(2024, 6, 20),
        "reply_within": "收到本文之日起3个工作日内",
        "reply_due": date(2024, 7, 2),
        "today": TODAY,
        "issuer": _OFFICE,
        "contact": "联系人：演示员，联系电话：0000—0000000",
        "basis": "领导小组第二次会议要求",
        "consent": "演示市人民政府",
        "reason": "承办单位未按要求报送整改方案",
        "signer": "领导小组组长 演示",
        "letters": _LETTERS,
        "meeting": _MEETING,
        "circular": _CIRCULAR,
        "referral": _REFERRAL,
        "listing": _LISTING,
        "assignment": _ASSIGNMENT,
        "extension": _EXTENSION,
        "acceptance": _ACCEPTANCE,
        "public_notice": _PUBLIC_NOTICE | {"entries": [_entry(at) for at in range(1, max(cases, 1) + 1)]},
        "service": _SERVICE,
        "bulletin": _BULLETIN,
        "counts": {"total": 60, "overdue": cases},
    }
    if is_report:
        return variables | {"report": {"title": "清理整治进展情况周报表", "period": "6月第3周"}, "cases": []}
    return variables | {"cases": [_case(at) for at in range(1, cases + 1)]}


def _case(at: int) -> dict[str, Any]:
    return {
        "number": f"YS-2024-{at:04}",
        "name": f"演示第{at}门窗加工店",
        "area": "演示镇",
        "address": f"演示镇示例村{at}社",
        "problem": "未办理环评手续，喷涂废气直排" if at % 2 else "违法占地、无证经营，切割粉尘未收集",
        "requirement": "断水断电，清除原料、设备和产品" if at % 2 else "补办手续并安装收集处理设施",
        "due": date(2024, 6, 20),
        "overdue_days": 5,
        "phase": "清理整治",
    }


def _entry(at: int) -> dict[str, Any]:
    return {
        "number": f"YS-2024-{at:04}",
        "name": f"演示第{at}门窗加工店",
        "problem": "未办理环评手续，喷涂废气直排" if at % 2 else "违法占地、无证经营，切割粉尘未收集",
        "subject": f"演示第{at}门窗加工店，{_UNIT}督促落实",
        "measures": "断水断电，清除原料、设备和产品，现场张贴停产公告",
        "goal": "做到两断三清，不留复产条件",
        "due": date(2024, 6, 20),
        "result": "设备已拆除，原料和产品已清空，6月24日经现场验收合格",
    }


_LETTERS: Final = [
    {
        "number": "演散乱污办催〔2024〕8号",
        "kind": "催办单",
        "issued_on": date(2024, 6, 6),
        "received_on": date(2024, 6, 6),
        "result": "逾期未回复",
    },
    {
        "number": "演散乱污办督〔2024〕5号",
        "kind": "督办通知",
        "issued_on": date(2024, 6, 11),
        "received_on": date(2024, 6, 12),
        "result": "回复不实，已退回",
    },
    {
        "number": "演散乱污办督函〔2024〕3号",
        "kind": "督办函",
        "issued_on": date(2024, 6, 17),
        "result": "拒绝签收，留置送达",
    },
]
_MEETING: Final[dict[str, Any]] = {
    "time": "2024年7月5日9时30分",
    "place": "演示市行政中心3号楼二楼会议室",
    "persons": "演示镇人民政府主要负责人、分管负责人",
    "materials": "办理情况说明、整改台账和佐证材料",
    "host": "领导小组办公室主任",
    "recorder": "领导小组办公室演示员",
    "attended": [
        {"name": "领导小组办公室主任"},
        {"name": "市生态环境局分管负责人"},
        {"name": "演示镇人民政府镇长"},
    ],
    "absent": [{"name": "演示镇人民政府分管副镇长", "reason": "因公外出，已书面请假"}],
    "observers": [{"name": "市监委派驻监察组负责人"}],
    "problems": [
        {"text": "整治责任没有分解到人，原定时限届满后仍未制定整改方案"},
        {"text": "三次督办均未在规定期限内回复，其中一次回复内容与现场不符"},
    ],
    "statements": [
        {"who": "演示镇人民政府镇长", "text": "对指出的问题全部认领，立即组织整改，按承诺时限办结"},
    ],
    "commitments": [
        {"text": "拆除喷涂设备，清空原料和产品", "who": "演示镇人民政府分管副镇长", "due": date(2024, 7, 12)},
        {"text": "排查辖区同类场所并建立台账", "who": "演示镇应急管理所", "due": date(2024, 7, 19)},
    ],
    "report_within": "30个自然日",
    "report_due": date(2024, 8, 5),
}
# As the engine gives it for a period: nobody has chosen a unit to criticise, so there are no treatments.
_CIRCULAR: Final[dict[str, Any]] = {
    "as_of": date(2024, 6, 25),
    "scope": "应办结数为登记数减剔除数，事项按牵头单位、材料按报送单位统计，统计时点2024年6月25日18时",
    "units": [
        {"name": "演示镇", "total": 24, "done": 13, "late": 11, "missing": 2, "rate": "54.17%"},
        {"name": "示例镇", "total": 20, "done": 18, "late": 2, "missing": 0, "rate": "90.00%"},
        {"name": "样板街道", "total": 16, "done": 16, "late": 0, "missing": 0, "rate": "100.00%"},
    ],
    "sum": {"total": 60, "done": 47, "late": 13, "missing": 2, "rate": "78.33%"},
    "facts": [{"text": "2024年6月1日至2024年6月25日，新办结21项，新立督办13件，印发公文17份"}],
    "analysis": [
        {"text": "责任没有压实。逾期较多的单位没有把整治事项分解到分管负责人和具体承办人"},
        {"text": "调度不够及时。到期前未主动预警，到期后又未在时限届满前申请延期"},
    ],
    "requirements": [
        {"text": "限期整改到位。逾期较多的单位逐项制定整改措施，7月12日前办结逾期事项"},
        {"text": "主动对标补差。其他单位对照检查，提前清理临期事项，如实填报进展"},
    ],
}
_REFERRAL: Final[dict[str, Any]] = {
    "addressee": "演示市纪委监委",
    "approved_by": "领导小组组长",
    "approved_on": date(2024, 6, 26),
    "proposal": "对演示镇人民政府分管负责人履职不力问题予以调查核实，视情给予相应处理",
    "evidence": [
        {"name": "督办文书及送达回证", "note": "6月6日至6月17日，3份6页"},
        {"name": "现场核查记录和照片", "note": "6月24日，12张"},
        {"name": "约谈纪要", "note": "1份3页"},
    ],
}
_LISTING: Final[dict[str, Any]] = {
    "term": "六个月",
    "until": date(2024, 12, 27),
    "supervised_by": _OFFICE,
    "published": "在市政府门户网站公开",
    "measures": [
        {"text": "收到本通知之日起10个工作日内报送整改方案，明确目标、措施、进度和责任人"},
        {"text": "督办期限内每月25日前报告整改进展，重大情况当日报告"},
    ],
    "conditions": [{"text": "整改要求逐项落实，经验收合格"}, {"text": "同类问题已排查清理，半年内没有反弹"}],
}
_ASSIGNMENT: Final[dict[str, Any]] = {
    "source": "领导小组第二次会议议定事项（2024年6月3日）",
    "requirement": "断水断电，清除原料、设备和产品，整改前后影像归入档案",
    "cooperating": "市生态环境局、市自然资源局",
    "leader": "分管副镇长",
    "officer": "应急管理所所长",
    "liaison": "演示员，0000—0000000",
    "urgency": "加急",
    "assigned_on": TODAY,
    "due": date(2024, 7, 26),
    "frequency": "每周五12时前",
    "milestones": [
        {"name": "停止生产、断水断电", "due": date(2024, 7, 5), "share": 40},
        {"name": "设备、原料、产品清除完毕", "due": date(2024, 7, 19), "share": 80},
    ],
}
_EXTENSION: Final[dict[str, Any]] = {
    "request": "《关于整治事项延期办理的请示》",
    "request_number": "演政发〔2024〕41号",
    "requested_on": date(2024, 6, 14),
    "cause": "专用吊装设备需从外地调运",
    "progress": "已断水断电，完成进度六成",
    "is_granted": "同意",
    "refusal": "设备可以在本地租用，所述理由不成立",
    "due_original": date(2024, 6, 20),
    "due_new": date(2024, 7, 10),
    "conditions": [{"text": "延期期间每周五报告一次进展，不得恢复生产"}],
}
_ACCEPTANCE: Final[dict[str, Any]] = {
    "standard": "《演示市“散乱污”企业整治验收标准》",
    "applied_on": date(2024, 6, 21),
    "checked_on": date(2024, 6, 24),
    "measures": "已断水断电，喷涂设备拆除外运，原料、产品全部清空",
    "checks": [
        {"name": "整改措施全部完成", "result": "合格", "note": "现场核实"},
        {"name": "行政处罚执行到位", "result": "不涉及"},
        {"name": "整治效果达到标准", "result": "合格", "note": "照片12张"},
        {"name": "同类问题举一反三", "result": "合格", "note": "排查同类场所4处"},
        {"name": "长效管理机制建立", "result": "合格", "note": "纳入网格巡查"},
    ],
    "inspectors": "演示员甲、演示员乙",
    "conclusion": "验收合格，同意按程序公示、销号",
    "units": [
        {"name": "市生态环境局", "opinion": "合格", "signed_by": "大队长", "signed_on": date(2024, 6, 24)},
        {"name": "市自然资源局", "opinion": "合格", "signed_by": "科长", "signed_on": date(2024, 6, 25)},
    ],
}
_PUBLIC_NOTICE: Final[dict[str, Any]] = {
    "days": "10个工作日",
    "starts_on": date(2024, 6, 28),
    "ends_on": date(2024, 7, 11),
    "phone": "0000—0000000",
    "post": "演示市行政中心3号楼",
}
_SERVICE: Final[dict[str, Any]] = {
    "paper": "关于限期办结演示第1门窗加工店整治事项的督办函",
    "number": "演散乱污办督函〔2024〕3号",
    "recipient": _UNIT,
    "address": "演示镇人民政府一楼收发室",
    "method": "留置送达",
    "at": "2024年6月17日15时20分",
    "receiver": "（拒绝签名）",
    "post": "收发员",
    "refusal": "2024年6月17日，以负责人外出为由拒绝签收，已说明后果",
    "witness": "示例村村民委员会委员",
    "photos": "编号YS-0617-1至YS-0617-4，照片4张",
    "servers": "演示员甲、演示员乙",
    "remark": "文书已留在收发室",
}
_BULLETIN: Final[dict[str, Any]] = {
    "title": "全市清理整治进度过七成",
    "lead": "清理整治阶段进入第六周，各镇（街道）、各部门对照台账逐项推进，整治进度稳步提高。",
    "sections": [
        {
            "title": "主要进展",
            "text": "截至6月25日，全市应办结60项，已办结47项，办结率78.33%，样板街道率先完成全部任务。",
        },
        {
            "title": "经验做法",
            "text": "样板街道推行一户一策、每日会商，示例镇组织部门联合现场办公，缩短了手续办理时间。",
        },
    ],
}
