"""Which kinds of letter there are: name, layout, word of the number, and as which 文种 each is registered."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

DOCUMENT: Final = "document"  # 文件格式
CORRESPONDENCE: Final = "correspondence"  # 信函格式
ORDER: Final = "order"  # 命令（令）格式
MINUTES: Final = "minutes"  # 纪要格式
SLIP: Final = "slip"  # 单证: an internal form on A4; title, grid, signatures, nothing red
LAYOUTS: Final = (DOCUMENT, CORRESPONDENCE, ORDER, MINUTES, SLIP)

# 党政机关公文处理工作条例 s. 8 names fifteen; what is none of them is registered as a form or a bulletin.
GENRES: Final = (
    "决议", "决定", "命令", "公报", "公告", "通告", "意见", "通知", "通报", "报告", "请示", "批复", "议案", "函",
    "纪要",
)  # fmt: skip
INTERNAL_GENRES: Final = ("表单", "简报")


@dataclass(frozen=True)
class LetterKind:
    """One row of the table of kinds. `genre` is the 文种 it is registered as; `word` ends the organ code in the number.

    `reply` is the default time to answer from receipt, as a deadline rule ("3wd"); None where no answer is due.
    `layout` is the usual one, `also` names the others it may have. Where the name is not the 文种, `note_zh` and
    `note_en` say as what it is registered and why. A kind that `is_addressed` names its 主送机关 above the text.
    """

    key: str
    zh: str
    en: str
    genre: str
    layout: str
    word: str
    reply: str | None
    also: tuple[str, ...] = ()
    is_addressed: bool = True
    note_zh: str = ""
    note_en: str = ""

    @property
    def layouts(self) -> tuple[str, ...]:
        return (self.layout, *self.also)


_FORM_NOTE: Final = (
    "内部表单，不是法定文种，不单独发文，随案归档。",
    "An internal form, none of the statutory kinds: kept with the case, not sent out on its own.",
)
# Made in a process or on a page of their own, with what belongs to it: nobody drafts one by hand.
MADE_ELSEWHERE: Final = frozenset(("summons", "minutes", "referral", "service_receipt"))
# What presses on with a case that is under way; a template of `SAYS_LATE` tells its addressee that a date has come.
SUPERVISING: Final = frozenset(
    ("urge", "notice", "supervision_letter", "supervision_order", "listed_supervision", "rectification")
)
SAYS_LATE: Final = frozenset(("urge", "supervision_letter", "supervision_order"))

KINDS: Final = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            LetterKind("urge", "催办单", "Urging slip", "通知", CORRESPONDENCE, "催", "2wd", (DOCUMENT,)),
            LetterKind("notice", "督办通知", "Supervision notice", "通知", DOCUMENT, "督", "3wd", (CORRESPONDENCE,)),
            LetterKind(
                "supervision_letter", "督办函", "Supervision letter", "函", CORRESPONDENCE, "督函", "5wd", (DOCUMENT,)
            ),
            LetterKind(
                "supervision_order",
                "督办令",
                "Supervision order",
                "通知",
                ORDER,
                "督令",
                "5wd",
                (DOCUMENT,),
                # 条例 s. 8: 命令（令） promulgates rules and grave coercive measures; a 督办令 does neither.
                note_zh="督办令是内部督办文书的名称，借用令的版式，按“通知”登记，不作为命令（令）使用。",
                note_en="A name used inside supervision: set like an order, registered as a notice (通知).",
            ),
            LetterKind(
                "listed_supervision",
                "挂牌督办通知",
                "Listed supervision",
                "通知",
                DOCUMENT,
                "挂督",
                "10wd",
                (CORRESPONDENCE,),
                note_zh="挂牌督办是督办措施，以“通知”下达并登记。",
                note_en="Listing is a measure of supervision; it is sent and registered as a notice (通知).",
            ),
            LetterKind(
                "rectification", "整改通知单", "Rectification order", "通知", CORRESPONDENCE, "整", "5wd", (DOCUMENT,)
            ),
            LetterKind("summons", "约谈通知", "Summons to a talk", "通知", CORRESPONDENCE, "约", None, (DOCUMENT,)),
            LetterKind("minutes", "约谈纪要", "Minutes of a talk", "纪要", MINUTES, "约纪", None, is_addressed=False),
            LetterKind("circular", "通报", "Circular of criticism", "通报", DOCUMENT, "通", "5wd", (CORRESPONDENCE,)),
            LetterKind(
                "referral", "移送函", "Referral for accountability", "函", CORRESPONDENCE, "移", None, (DOCUMENT,)
            ),
            LetterKind(
                "assignment",
                "交办单",
                "Assignment slip",
                "表单",
                SLIP,
                "交",
                "5wd",
                is_addressed=False,
                note_zh=_FORM_NOTE[0],
                note_en=_FORM_NOTE[1],
            ),
            LetterKind(
                "extension_reply",
                "延期批复",
                "Reply to an extension request",
                "批复",
                CORRESPONDENCE,
                "延",
                None,
                (DOCUMENT,),
                note_zh="答复下级机关的延期请示用批复；答复不相隶属单位的，应当改用复函。",
                note_en="Answers the request of a subordinate; to a unit that is none, write a letter (函) instead.",
            ),
            LetterKind(
                "acceptance_slip",
                "验收单",
                "Acceptance slip",
                "表单",
                SLIP,
                "验",
                None,
                is_addressed=False,
                note_zh=_FORM_NOTE[0],
                note_en=_FORM_NOTE[1],
            ),
            LetterKind(
                "strike_off_notice",
                "销号公示",
                "Public notice of striking off",
                # 条例 s. 8: 通告 tells a limited public what it should know; 公告 is for home and abroad.
                "通告",
                DOCUMENT,
                "销公",
                None,
                (CORRESPONDENCE,),
                is_addressed=False,
                note_zh="公示不是法定文种，在一定范围内公布周知事项，按“通告”登记。",
                note_en="公示 is none of the statutory kinds: as it informs a limited public it is registered as 通告.",
            ),
            LetterKind(
                "service_receipt",
                "送达回证",
                "Proof of service",
                "表单",
                SLIP,
                "送",
                None,
                is_addressed=False,
                note_zh=_FORM_NOTE[0],
                note_en=_FORM_NOTE[1],
            ),
            LetterKind(
                "bulletin",
                "简报",
                "Bulletin",
                "简报",
                MINUTES,
                "简",
                None,
                is_addressed=False,
                note_zh="简报是事务文书，不是法定文种，按年编期号，不盖印章。",
                note_en="A working paper, none of the statutory kinds: numbered by issue in the year, without seal.",
            ),
        )
    }
)
