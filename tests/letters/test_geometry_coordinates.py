"""One table of all coordinates of all layouts against GB/T 9704-2012, and full lines of any text flush."""

import random
from dataclasses import replace
from itertools import pairwise

from letters_coordinates import all_rows, table
from letters_measure import lines_of
from letters_samples import DOCUMENT_LETTER

from engine.domain.letter import Paragraph
from forms.letters.render import render

CLOSING = "，。、；：？！）》”"
OPENING = "（《“〔"
HAN = "督办整治任务落实责任单位限期报送反馈情况问题清单台账核查验收销号逾期通报约谈领导小组办公室政府镇村企业河道水源"


def test_every_coordinate_of_the_standard_is_held() -> None:
    rows = all_rows()

    print(table(rows))
    assert [str(row) for row in rows if not row.is_held] == []
    assert {row.layout for row in rows} >= {"文件格式", "信函格式", "命令格式", "纪要格式", "单证", "横排表"}


def test_random_texts_are_flush_within_a_fifth_of_a_millimetre_and_break_where_they_may() -> None:
    # GB/T 9704-2012 5.2.3; 避头尾 as in GB/T 15834-2011 5.1.9 to 5.1.11
    for seed in range(4):
        chance = random.Random(seed)
        body = tuple(Paragraph(_text(chance)) for _ in range(12))
        letter = render(replace(DOCUMENT_LETTER, body=body, contact=""))
        checked = 0
        for number, page in enumerate(lines_of(letter.pdf), start=1):
            left = 28.0 if number % 2 else 26.0
            lines = [line for line in page if 37 < line.baseline < 262 and abs(line.size_of_first() - 16) < 0.1]
            for line, after in pairwise(lines):
                if abs(after.x - left) > 0.2 or after.text.endswith("："):
                    continue  # `line` ends a paragraph
                first_in, last = after.text[0], line.text[-1]
                assert first_in not in CLOSING, (seed, after.text)
                assert last not in OPENING, (seed, line.text)
                # Closing punctuation at the end of a line may give up its blank half.
                overhang = line.right - left - 156
                assert abs(overhang) <= 0.2 or (last in CLOSING and 0 < overhang <= 16 * 25.4 / 72 / 2 + 0.2), (
                    seed,
                    line.text,
                    overhang,
                )
                checked += 1
        assert checked > 20


def _text(chance: random.Random) -> str:
    parts = []
    for _ in range(chance.randint(4, 14)):
        words = "".join(chance.choice(HAN) for _ in range(chance.randint(2, 17)))
        match chance.randrange(6):
            case 0:
                words = f"（{words}）"
            case 1:
                words = f"《{words}》"
            case 2:
                words = f"“{words}”"
            case 3:
                words += f"{chance.randint(1, 99999)}个"
            case 4:
                words += f"{chance.randint(1, 100)}.{chance.randint(0, 9)}%"
        parts.append(words + chance.choice("，，，、；："))
    return "".join(parts)[:-1] + "。"
