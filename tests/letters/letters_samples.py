"""Letters to measure: one of each layout, long and short. Everybody in them is invented."""

from datetime import date

from engine.domain.letter import Attachment, Block, Heading, Letter, Paragraph, Table

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
