"""Invented facts with which a template is previewed before there is a real case. Everybody in them is marked 演示."""

from datetime import date
from typing import Any

TODAY = date(2024, 6, 27)


def sample_variables(*, cases: int = 1, is_report: bool = False) -> dict[str, Any]:
    """One value for every variable a template may use; about so many cases, or about a missing report."""
    variables: dict[str, Any] = {
        "campaign": {
            "title": "“散乱污”企业清理整治专项行动",
            "office": "演示市“散乱污”企业清理整治工作领导小组办公室",
            "organ": "演示市“散乱污”企业清理整治工作领导小组",
            "organ_code": "演散乱污办",
        },
        "unit": {"name": "演示镇人民政府"},
        "rung": "督办通知",
        "due": date(2024, 6, 20),
        "reply_due": date(2024, 7, 2),
        "today": TODAY,
        "issuer": "演示市“散乱污”企业清理整治工作领导小组办公室",
        "contact": "联系人：演示员，联系电话：0000—0000000",
        "basis": "领导小组第二次会议要求",
        "reason": "承办单位未按要求报送整改方案",
        "meeting": {
            "time": "2024年7月5日9时30分",
            "place": "演示市行政中心3号楼二楼会议室",
            "persons": "演示镇人民政府主要负责人、分管负责人",
            "materials": "办理情况说明、整改台账和佐证材料",
        },
        "counts": {"total": 60, "overdue": cases},
    }
    if is_report:
        return variables | {"report": {"title": "清理整治进展情况周报表", "period": "6月第3周"}}
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
        "overdue_days": 7,
        "phase": "清理整治",
    }
