"""What letters cost: the first, the next, two hundred in a batch, and ours against bare WeasyPrint."""

import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from bench.measuring import Figure, in_turns
from bench.office import Sizes
from bench.weasy import print_bare
from engine.domain.letter import Heading, Letter, Paragraph
from forms.letters.isolate import Press, Presses
from forms.letters.layout import lay_out
from forms.letters.render import html_of, render
from forms.letters.rendered import RenderedLetter

WHERE = "letters"
BATCH, SMALL_BATCH = 200, 6
A_LETTER_MS = 125.0  # eight letters a second
ONE_PAGE = Letter(
    kind="supervision_letter",
    layout="correspondence",
    mark="演示市人民政府督查室",
    number="演督函〔2024〕1号",
    title="关于限期办结演示第1加工店整治事项的督办函",
    addressees=("演示镇人民政府",),
    body=(
        Paragraph("根据专项行动部署，演示第1加工店整治事项应于2024年6月20日前办结。截至6月27日，填报进度为62%。"),
        Heading(1, "一、限期整改"),
        Paragraph("请于7月2日前书面反馈整改情况，逾期未报的，将按规定予以通报。"),
    ),
    signatory="演示市人民政府督查室",
    date=date(2024, 6, 27),
    contact="联系人：演示员，联系电话：0000—0000000",
    copies_to=("市人民政府办公室",),
    verify_url="https://duban.example/v/7F3K-92QX",
)
TWO_PAGES = replace(
    ONE_PAGE,
    body=(*ONE_PAGE.body, *(Paragraph("各承办单位要把整治任务逐项分解到人，倒排工期、挂图作战。") for _ in range(9))),
)


def measure(sizes: Sizes) -> list[Figure]:
    """Three of four letters have one page, the fourth has two, each with its own number."""
    return [_first(), *_next(sizes), _batch(BATCH if sizes.is_full else SMALL_BATCH, sizes)]


def letters(count: int) -> Iterator[Letter]:
    for at in range(1, count + 1):
        yield replace(TWO_PAGES if at % 4 == 0 else ONE_PAGE, number=f"演督函〔2024〕{at}号")


def _first() -> Figure:
    with Press() as press:
        begun = time.perf_counter()
        press.render(ONE_PAGE)
        taken = time.perf_counter() - begun
    return Figure("the first letter, start of its process included", WHERE, taken * 1000, "ms")


def _next(sizes: Sizes) -> Iterator[Figure]:
    for name, letter in (("one page", ONE_PAGE), ("two pages", TWO_PAGES)):
        finished = html_of(letter, lay_out(letter))
        rounds = in_turns(
            sizes.rounds,
            {
                "ours": lambda number, letter=letter: render(letter),
                "weasyprint": lambda number, finished=finished: print_bare(finished),
            },
        )
        detail = rounds.detail("ours")
        yield Figure(f"the next letter, {name}", WHERE, rounds.cpu("ours"), "ms", None, detail)
        yield rounds.against(
            "ours",
            "weasyprint",
            line=f"the next letter, {name}, against bare WeasyPrint on the same finished HTML",
            backend=WHERE,
            target=sizes.judged(1.3),
        )


def _batch(count: int, sizes: Sizes) -> Figure:
    before = _cpu_of_children()
    with Presses(2) as presses:
        list(presses.render_all(letters(4)))  # warm
        begun = time.perf_counter()
        printed = list(presses.render_all(letters(count)))
        taken = time.perf_counter() - begun
    assert all(isinstance(each, RenderedLetter) for each in printed)
    detail = {
        "letters": count,
        "letters_per_second": round(count / taken, 1),
        "cpu_ms_with_start": round((_cpu_of_children() - before) * 1000 / count),
    }
    line = f"{count} letters in a batch, two warm processes, each letter"
    return Figure(line, WHERE, taken * 1000 / count, "ms", sizes.judged(A_LETTER_MS), detail)


def _cpu_of_children() -> float:
    """Seconds of those that have ended: what the letters cost where the machine is busy with other things too."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
