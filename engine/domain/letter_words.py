"""The words that a letter template may use, each with what it means: the contract between engine and designers.

A `Meaning` is one text, number or date; a mapping has fields; a tuple of one mapping is a list of such things. A
variable may be absent: a template asks with `{% if … %}` before it prints it or runs over it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from engine.errors import Invalid, Problem


@dataclass(frozen=True)
class Meaning:
    """What a designer may expect of one variable. Dates come as ISO texts; `|cn_date` prints them."""

    zh: str
    en: str


ANY_FIELD: Final = "*"
_M = Meaning
_TEXTS: Final = ({"text": _M("一条内容，不带序号和句号", "one point, without number and full stop")},)
_PEOPLE: Final = ({"name": _M("单位和职务，一般不写姓名", "unit and post, as a rule no name")},)
_CASE: Final = MappingProxyType(
    {
        "number": _M("事项编号", "number of the case"),
        "name": _M("企业、场所或任务名称", "name of the firm, site or task"),
        "area": _M("所在乡镇（街道）", "town or street"),
        "address": _M("地点", "address"),
        "problem": _M("存在问题，句末不带句号", "what is wrong, without full stop"),
        "requirement": _M("整治要求", "what has to be done"),
        "due": _M("原定时限", "original due date"),
        "overdue_days": _M("已超期的工作日数，未超期为0", "working days overdue, 0 when not"),
        "phase": _M("所处阶段", "phase it is in"),
    }
)
VARIABLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        # -- every letter ----------------------------------------------------------------------------------------------
        "campaign": {
            "title": _M("专项行动名称", "title of the campaign"),
            "office": _M("领导小组办公室名称", "office of the leading group"),
            "organ": _M("发文机关名称", "organ in whose name letters go out"),
            "organ_code": _M("机关代字", "its code in letter numbers"),
        },
        "unit": {"name": _M("责任单位，一般即主送机关", "responsible unit, as a rule the addressee")},
        "cases": (_CASE,),
        "rung": _M("督办阶梯上本级的名称；不在阶梯上为空", "name of the rung; empty off the ladder"),
        "due": _M("事项或报送的原定时限", "original due date of the item or report"),
        "reply_within": _M("回复期限，自签收起算，如“收到本文之日起3个工作日内”", "time to reply, from receipt"),
        "reply_due": _M("回复日期，旧公文用；新公文用 reply_within", "date by which to reply, in letters of old"),
        "today": _M("成文日期", "date of the letter"),
        "issuer": _M("发文机关署名", "organ that signs"),
        "contact": _M("附注中的联系人和电话", "contact person and telephone for the note"),
        "basis": _M("立项或督办依据，带书名号", "what the supervision rests on"),
        "consent": _M("同意发文的上级机关（“经某某同意”）", "organ whose consent is on record"),
        "reason": _M("督办事由，句末不带句号", "why, without full stop"),
        "signer": _M("签发人职务和姓名，命令格式落款用", "post and name of the signer, under an order"),
        "corrects": {
            "number": _M("被更正公文的文号", "number of the letter this one corrects"),
            "reason": _M("更正原因", "why it is corrected"),
        },
        "report": {"title": _M("应报材料名称", "what should have been reported"), "period": _M("期次", "which issue")},
        "counts": {ANY_FIELD: _M("各项计数", "counts of all kinds")},
        "letters": (
            {
                "number": _M("此前公文的文号", "number of an earlier letter on this matter"),
                "kind": _M("公文名称", "its kind"),
                "issued_on": _M("印发日期", "its date"),
                "received_on": _M("签收日期，未签收为空", "when it was received, empty when it was not"),
                "result": _M("办理结果，如“逾期未回复”", "what came of it"),
            },
        ),
        # -- 约谈 ------------------------------------------------------------------------------------------------------
        "meeting": {
            "time": _M("约谈时间", "time of the talk"),
            "place": _M("约谈地点", "place of the talk"),
            "persons": _M("约谈对象", "who is summoned"),
            "materials": _M("须携带的材料", "papers to bring"),
            "host": _M("主持人职务", "post of the chair"),
            "recorder": _M("记录人职务", "post of who keeps the record"),
            "attended": _PEOPLE,
            "absent": ({**_PEOPLE[0], "reason": _M("请假原因", "reason of the leave")},),
            "observers": _PEOPLE,
            "problems": _TEXTS,
            "statements": ({"who": _M("表态人职务", "post of the speaker"), **_TEXTS[0]},),
            "commitments": (
                {
                    **_TEXTS[0],
                    "who": _M("责任人职务或单位", "post or unit that answers for it"),
                    "due": _M("完成时限", "date by which"),
                },
            ),
            "report_within": _M("书面报告的期限，自约谈之日起算，如“30个自然日”", "time for the report, from the talk"),
            "report_due": _M("书面报告时限", "date of the written report"),
        },
        # -- 通报 ------------------------------------------------------------------------------------------------------
        "circular": {
            "as_of": _M("统计截止日期", "cut-off date of the figures"),
            "scope": _M("统计口径", "what was counted"),
            "units": (
                {
                    "name": _M("单位", "unit"),
                    "total": _M("应办结数", "due to be done"),
                    "done": _M("已办结数", "done"),
                    "late": _M("逾期未办结数", "late and open"),
                    "missing": _M("逾期未报数", "reports late and missing"),
                    "rate": _M("办结率，如“62.50%”", "share done"),
                },
            ),
            "sum": {
                "total": _M("应办结合计", "sum of due"),
                "done": _M("已办结合计", "sum of done"),
                "late": _M("逾期未办结合计", "sum of late and open"),
                "missing": _M("逾期未报合计", "sum of missing reports"),
                "rate": _M("总办结率", "share done overall"),
            },
            "facts": _TEXTS,
            "analysis": _TEXTS,
            "treatments": (
                {
                    "unit": _M("被处理单位", "unit it is about"),
                    "text": _M("处理意见，如“予以通报批评”", "what is decided"),
                },
            ),
            "requirements": _TEXTS,
        },
        # -- 移送 ------------------------------------------------------------------------------------------------------
        "referral": {
            "addressee": _M("受理机关", "body that takes the referral"),
            "approved_by": _M("批准人职务", "post that approved it"),
            "approved_on": _M("批准日期", "date of approval"),
            "proposal": _M("问责建议，句末不带句号", "what is proposed, without full stop"),
            "evidence": (
                {
                    "name": _M("材料名称", "name of the paper"),
                    "note": _M("形成时间、页数等", "date, pages and the like"),
                },
            ),
        },
        # -- 挂牌督办 --------------------------------------------------------------------------------------------------
        "listing": {
            "term": _M("督办期限，如“六个月”", "term, such as six months"),
            "until": _M("督办期限截止日期", "last day of the term"),
            "supervised_by": _M("督办单位", "unit that supervises"),
            "published": _M("公开方式，如“在市政府网站公开”", "where it is made public"),
            "measures": _TEXTS,
            "conditions": _TEXTS,
        },
        # -- 交办 ------------------------------------------------------------------------------------------------------
        "assignment": {
            "source": _M("交办来源（文件、批示、会议）", "document, instruction or meeting it comes from"),
            "item": _M("交办事项标题", "what is assigned"),
            "requirement": _M("具体要求", "what is asked"),
            "cooperating": _M("配合单位，顿号分开", "cooperating units"),
            "leader": _M("责任领导职务", "post of the leader who answers"),
            "officer": _M("责任人职务", "post of the officer"),
            "liaison": _M("联络员和电话", "contact in the unit"),
            "urgency": _M("紧急程度", "urgency"),
            "assigned_on": _M("交办日期", "date of assignment"),
            "due": _M("办理时限", "due date"),
            "frequency": _M("反馈频次", "how often to report"),
            "milestones": (
                {
                    "name": _M("阶段节点", "milestone"),
                    "due": _M("时限", "due date"),
                    "share": _M("进度（%）", "percent"),
                },
            ),
        },
        # -- 延期 ------------------------------------------------------------------------------------------------------
        "extension": {
            "request": _M("来文标题，带书名号", "title of the request"),
            "request_number": _M("来文文号", "number of the request"),
            "requested_on": _M("申请日期", "date of the request"),
            "cause": _M("延期原因，句末不带句号", "cause, without full stop"),
            "progress": _M("目前进展，句末不带句号", "progress so far, without full stop"),
            "is_granted": _M("是否同意：有值即同意", "granted when it has a value"),
            "refusal": _M("不同意的理由，句末不带句号", "why it is refused, without full stop"),
            "due_original": _M("原定时限", "original due date"),
            "due_new": _M("批准的新时限", "new due date"),
            "conditions": _TEXTS,
        },
        # -- 验收 ------------------------------------------------------------------------------------------------------
        "acceptance": {
            "standard": _M("验收依据", "standard of acceptance"),
            "applied_on": _M("申请验收日期", "date of application"),
            "checked_on": _M("现场核查日期", "date of the site check"),
            "measures": _M("整改措施落实情况", "what was done"),
            "checks": (
                {
                    "name": _M("核查项目", "what was checked"),
                    "result": _M("结论：合格、不合格、不涉及", "result"),
                    "note": _M("说明", "remark"),
                },
            ),
            "inspectors": _M("核查人员（不少于两人）", "inspectors, two at least"),
            "conclusion": _M("验收结论", "conclusion"),
            "units": (
                {
                    "name": _M("验收单位", "unit that accepts"),
                    "opinion": _M("意见", "its opinion"),
                    "signed_by": _M("签字人职务", "post of who signed"),
                    "signed_on": _M("签字日期", "date of signing"),
                },
            ),
        },
        # -- 销号公示 --------------------------------------------------------------------------------------------------
        "public_notice": {
            "days": _M("公示期，如“10个工作日”", "length of the notice"),
            "starts_on": _M("公示开始日期", "first day"),
            "ends_on": _M("公示截止日期", "last day"),
            "phone": _M("监督电话", "telephone for objections"),
            "post": _M("通讯地址", "postal address"),
            "entries": (
                {
                    "number": _M("事项编号", "number of the case"),
                    "name": _M("事项名称", "name of the case"),
                    "problem": _M("整改问题", "the problem"),
                    "subject": _M("实施主体", "who had to act"),
                    "measures": _M("重点措施", "main measures"),
                    "goal": _M("目标任务", "goal"),
                    "due": _M("完成时限", "due date"),
                    "result": _M("完成情况", "how it stands"),
                },
            ),
        },
        # -- 送达 ------------------------------------------------------------------------------------------------------
        "service": {
            "paper": _M("送达文书名称", "paper that is served"),
            "number": _M("文书文号", "its number"),
            "recipient": _M("受送达单位", "unit it is served on"),
            "address": _M("送达地点", "place"),
            "method": _M("送达方式", "way of service"),
            "receiver": _M("签收人", "who received it"),
            "post": _M("签收人职务", "post of who received it"),
            "at": _M("送达时间", "time of service"),
            "refusal": _M("拒收事由", "why it was refused"),
            "witness": _M("见证人单位和职务", "witness: unit and post"),
            "photos": _M("影像资料（编号、数量）", "pictures: number and count"),
            "servers": _M("送达人（两人）", "the two who served it"),
            "remark": _M("备注", "remark"),
        },
        # -- 简报 ------------------------------------------------------------------------------------------------------
        "bulletin": {
            "title": _M("标题", "title"),
            "lead": _M("导语", "opening"),
            "sections": ({"title": _M("小标题", "heading"), "text": _M("内容", "text")},),
        },
    }
)


def documented(shapes: Mapping[str, Any] = VARIABLES, prefix: str = "") -> Iterator[tuple[str, Meaning]]:
    """Every variable with its path, `cases[].number`, in the order of the list."""
    for name, shape in shapes.items():
        path = f"{prefix}{name}"
        if isinstance(shape, Meaning):
            yield path, shape
        elif isinstance(shape, tuple):
            yield from documented(shape[0], f"{path}[].")
        else:
            yield from documented(shape, f"{path}.")


def check_words(words: Mapping[str, Any]) -> None:
    """Raises Invalid with the path of everything that is no variable, or not of the variable's shape."""
    problems = tuple(_problems(words, VARIABLES, ""))
    if problems:
        raise Invalid("letter_words_invalid", "A letter cannot say this.", problems)


def merged(words: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`words` with `more` over it, field by field; lists are replaced as a whole."""
    result = dict(words)
    for name, value in more.items():
        held = result.get(name)
        is_deep = isinstance(held, Mapping) and isinstance(value, Mapping)
        result[name] = merged(held, value) if is_deep else value  # type: ignore[arg-type]
    return result


def _problems(words: Mapping[str, Any], shapes: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    for name, value in words.items():
        path, shape = f"{prefix}{name}", shapes.get(name, shapes.get(ANY_FIELD))
        if shape is None:
            zh = f"公文模板没有变量“{path}”，请改用变量清单里的名称。"
            yield Problem(path, zh, f"Letter templates have no variable {path!r}: take one of the list.")
        elif isinstance(value, Mapping) and isinstance(shape, Mapping):
            yield from _problems(value, shape, f"{path}.")
        elif isinstance(value, (list, tuple)) and isinstance(shape, tuple):
            yield from _problems_of_list(value, shape[0], path)
        elif value is not None and not (isinstance(shape, Meaning) and isinstance(value, (str, int, float, date))):
            zh = f"变量“{path}”应当是{_wanted(shape)[0]}。"
            yield Problem(path, zh, f"The variable {path!r} must be {_wanted(shape)[1]}.")


def _problems_of_list(value: Any, shape: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for at, item in enumerate(value, start=1):
        where = f"{path}[{at}]"
        if isinstance(item, Mapping):
            yield from _problems(item, shape, f"{where}.")
        else:
            zh, en = f"“{where}”应当有字段：{'、'.join(shape)}。", f"{where} must have the fields {', '.join(shape)}."
            yield Problem(where, zh, en)


def _wanted(shape: Any) -> tuple[str, str]:
    if isinstance(shape, Meaning):
        return "一段文字、一个数或一个日期", "a text, a number or a date"
    return ("一个列表", "a list") if isinstance(shape, tuple) else ("一组字段", "a set of fields")
