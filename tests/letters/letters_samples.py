"""Letters to measure: one of each layout, long and short. Everybody in them is invented."""

from dataclasses import replace
from datetime import date

from engine.domain.letter import Attachment, Block, Cell, Grid, Heading, Letter, Paragraph, Table

OFFICE = "演示市“散乱污”企业清理整治工作领导小组办公室"
RARE_NAMES = ("王喆", "陈堃", "李瑀", "张䶮", "刘𬭎")
SENTENCE = "各承办单位要把整治任务逐项分解到人，倒排工期、挂图作战，确保按期办结、对账销号。"

NOTICE_BODY: tuple[Block, ...] = (
    Paragraph("为确保年度整治任务按期办结，领导小组办公室于6月下旬对32个事项开展了专项督查。现就有关事项通知如下。"),
    Heading(1, "一、主要问题"),
    Heading(2, "（一）责任落实不到位。个别单位未按时限分解任务，“演示一号”场所进度填报85.6%，实为41.3%。"),
    Heading(2, "（二）办理进度偏慢。厝垌村、塱头村、浛洸镇等地仍有7个事项滞后，其中3个已亮红灯。"),
    Heading(1, "二、工作要求"),
    Heading(3, f"1.压实责任。由{'、'.join(RARE_NAMES)}等五名联络员（均为演示）负责每日调度，实行清单管理。"),
    *(Paragraph(SENTENCE * 2) for _ in range(6)),
)

CASES = Table(
    columns=("序号", "编号", "名称", "地点", "问题", "时限"),
    rows=tuple(
        (str(at), f"YS-2024-{at:04}", f"演示第{at}加工店", "演示镇示例村", "无环评手续，废气直排", "2024年6月20日")
        for at in range(1, 41)
    ),
    caption="逾期未办结事项",
)

DOCUMENT_LETTER = Letter(
    kind="notice",
    layout="document",
    mark="演示市人民政府督查室文件",
    number="演督〔2024〕23号",
    title="关于进一步加快推进2024年度重点整治事项办理工作的督办通知",
    addressees=("各县（市、区）人民政府", "市直有关单位"),
    body=NOTICE_BODY,
    signatory="演示市人民政府督查室",
    date=date(2024, 6, 3),
    contact="联系人：演示员，联系电话：0000—0000000",
    copies_to=("市委办公室", "市人大常委会办公室", "市政协办公室", "市纪委监委机关", "市财政局", "市审计局"),
    printed_by="演示市人民政府督查室",
    urgency="特急",
    verify_url="https://duban.example/v/7F3K-92QX",
)

CORRESPONDENCE_LETTER = Letter(
    kind="supervision_letter",
    layout="correspondence",
    mark="演示市人民政府督查室",
    number="演督函〔2024〕17号",
    title="关于限期办结演示第1加工店整治事项的督办函",
    addressees=("演示镇人民政府",),
    body=(
        Paragraph(
            "根据专项行动部署，演示第1加工店整治事项应于2024年6月20日前办结。截至6月27日，系统填报进度为62%，已发出"
            "黄灯预警。请于7月2日前书面反馈整改情况，逾期未报的，将按规定予以通报。"
        ),
    ),
    signatory="演示市人民政府督查室",
    date=date(2024, 6, 27),
    contact="联系人：演示员，联系电话：0000—0000000",
    copies_to=("市人民政府办公室", "市财政局"),
    urgency="加急",
)

# Shapes only: nothing here is secret, and no page of the program takes a 密级.
MARKED_DOCUMENT = replace(DOCUMENT_LETTER, copy_number="000001", secrecy="秘密★1年")
MARKED_CORRESPONDENCE = replace(CORRESPONDENCE_LETTER, copy_number="000012", secrecy="机密★6个月")

LONG_CORRESPONDENCE = Letter(
    kind="supervision_letter",
    layout="correspondence",
    mark=OFFICE,
    number="演散乱污办督函〔2024〕2号",
    title="关于限期办结40项逾期整治事项的督办函",
    addressees=("演示镇人民政府",),
    body=tuple(Paragraph(SENTENCE) for _ in range(14)),
    attachments=(
        Attachment("督办事项清单", (CASES,)),
        Attachment("整改情况反馈表（样式）", (Paragraph("请按下列格式填报。"),)),
    ),
    signatory=OFFICE,
    date=date(2024, 12, 30),
    copies_to=("市人民政府办公室",),
)

UPWARD_LETTER = replace(
    DOCUMENT_LETTER,
    title="关于重点整治事项办理情况的报告",
    signer="演示甲、演示乙、演示丙",
    urgency="",
    verify_url="",
    attachments=(Attachment("各县（市、区）整治事项办理进度及存在问题汇总表（截至2024年6月3日）", (CASES,)),),
)

ORDER_LETTER = Letter(
    kind="supervision_order",
    layout="order",
    mark="演示市人民政府督办令",
    number="第3号",
    title="关于演示河排污口整治的督办令",
    addressees=("演示镇人民政府",),
    body=(
        Paragraph("演示河排污口整治事项经两次督办仍未办结，经市政府同意，现予挂牌督办。"),
        Paragraph("一、于2024年7月20日前完成截污纳管。二、逐日报送进度。"),
    ),
    signatory="演示市人民政府",
    date=date(2024, 7, 1),
    copies_to=("市纪委监委机关",),
    printed_by="演示市人民政府办公室",
    signer="演示领导小组组长 演示甲",
)

MINUTES_LETTER = Letter(
    kind="minutes",
    layout="minutes",
    mark="演示市人民政府督查室约谈纪要",
    number="演督约纪〔2024〕5号",
    title="约谈演示镇人民政府的纪要",
    addressees=(),
    body=(
        Paragraph("2024年7月5日，领导小组办公室就排污口整治滞后约谈演示镇人民政府。纪要如下。"),
        Heading(1, "一、指出的问题"),
        *(Paragraph(SENTENCE) for _ in range(4)),
        Heading(1, "二、整改承诺"),
        Paragraph("演示镇人民政府承诺于2024年8月4日前完成整改并书面报告。"),
    ),
    signatory="演示市人民政府督查室",
    date=date(2024, 7, 6),
    copies_to=("演示镇人民政府",),
    printed_by="演示市人民政府督查室",
    attendance=(
        ("出席", tuple(f"演示{at}单位负责人" for at in "甲乙丙丁戊己庚")),
        ("请假", ("演示辛",)),
        ("列席", ("演示壬", "演示癸")),
    ),
)

SLIP_LETTER = Letter(
    kind="service_receipt",
    layout="slip",
    mark="演示市人民政府督查室",
    number="演督送〔2024〕9号",
    title="送达回证",
    addressees=(),
    body=(
        Grid(
            widths=(6, 8, 6, 8),
            rows=(
                (Cell("送达文书名称和文号"), Cell("关于限期办结演示第1加工店整治事项的督办函\n演督函〔2024〕17号", 3)),
                (Cell("受送达单位"), Cell("演示镇人民政府", 3)),
                (Cell("送达方式"), Cell("直接送达"), Cell("送达地点"), Cell("演示镇政府二楼")),
                (Cell("收件人签名"), Cell("", lines=3), Cell("收到时间"), Cell("    年  月  日  时")),
                (Cell("拒收事由"), Cell("", 3, 4)),
                (Cell("见证人签名"), Cell("", 3, 3)),
                (Cell("备注"), Cell("拒绝签收的，由送达人注明情况，由见证人签名，并附照片或者录像。", 3, 3)),
            ),
        ),
    ),
    signatory="演示市人民政府督查室",
    date=date(2024, 6, 28),
)

WIDE_LETTER = replace(
    LONG_CORRESPONDENCE,
    attachments=(
        Attachment("督办事项清单", (replace(CASES, is_wide=True),)),
        Attachment("整改情况反馈表（样式）", (Paragraph("请按下列格式填报。"), replace(CASES, rows=CASES.rows[:3]))),
    ),
)

LETTERS = (DOCUMENT_LETTER, CORRESPONDENCE_LETTER, ORDER_LETTER, MINUTES_LETTER, SLIP_LETTER)
