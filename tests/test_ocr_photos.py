"""Pages as a camera sees them, through RapidOCR's real models: at an angle, with tables, with numbers in discs."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shishen.engines.ocr import rapidocr
from shishen.imaging import straighten
from shishen.layout.reading_order import reading_order
from shishen.layout.tables import tables_of
from shishen.protocols import Ocr
from shishen.scans.flat_page import flat_page, rules_on
from shishen.scans.ruled_lines import Segment, ruled_lines
from tests.scanning import LOOKS, chinese_font, scanned

pytest.importorskip("rapidocr")
import cv2

ROWS = [
    ("原料", "用量", "单位", "加工要求"),
    ("五花肉", "600", "克", "带皮，整块"),
    ("梅干菜", "80", "克", "泡软"),
    ("生抽", "2", "汤匙", ""),
    ("老抽", "1", "汤匙", ""),
    ("食用油", "120", "毫升", "实耗约30毫升"),
]
LEFTS, TOP, PITCH, EM = (150, 420, 640, 820, 1150), 300, 64, 32


@pytest.fixture(scope="module")
def rapid() -> Ocr:
    return rapidocr.build(rapidocr.Options())


@pytest.fixture(scope="module")
def table() -> Image.Image:
    """A page with a title, a ruled table and a paragraph."""
    page = Image.new("RGB", (1300, 1200), "white")
    pen = ImageDraw.Draw(page)
    try:
        font, large = chinese_font(EM), chinese_font(48)
    except LookupError as error:
        pytest.skip(str(error))
    pen.text((150, 200), "梅菜扣肉", font=large, fill="black")
    for number, row in enumerate(ROWS):
        for left, text in zip(LEFTS, row, strict=False):
            pen.text((left + 12, TOP + number * PITCH + 14), text, font=font, fill="black")
    foot = TOP + len(ROWS) * PITCH
    for number in range(len(ROWS) + 1):
        pen.line((LEFTS[0], TOP + number * PITCH, LEFTS[-1], TOP + number * PITCH), fill="black", width=2)
    for left in LEFTS:
        pen.line((left, TOP, left, foot), fill="black", width=2)
    for number, text in enumerate(
        ["1. 五花肉冷水下锅，煮开后撇净浮沫，捞出擦干。", "2. 肉皮朝下煎到金黄，浸泡到起皱，切成大片。"]
    ):
        pen.text((150, foot + 60 + number * 56), text, font=font, fill="black")
    return page


def photographed(page: Image.Image, aslant: float) -> Image.Image:
    """The page as a camera sees it that is held at an angle: its right side higher by a share of its size."""
    width, height = page.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    dx, dy = aslant * width, aslant * height
    seen = corners + np.array([[dx, dy], [-dx, 0], [0, -dy], [dx / 2, 0]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    pixels = cv2.warpPerspective(np.asarray(page), matrix, (width, height), borderValue=(255, 255, 255))
    return Image.fromarray(np.asarray(pixels, dtype=np.uint8))


@pytest.mark.parametrize("aslant", [0.0, 0.02, 0.04])
@pytest.mark.parametrize("look", ["clean", "scan"])
def test_a_ruled_table_is_read_row_by_row(rapid: Ocr, table: Image.Image, aslant: float, look: str) -> None:
    picture, _ = straighten(scanned(photographed(table, aslant), LOOKS[look], 3))
    page = rapid.read(picture)
    (group,) = tables_of(page.rules)
    assert [(len(one.columns) - 1, len(one.rows) - 1) for one in group] == [(4, len(ROWS))]
    lines = ["".join(line.text.split()) for line in reading_order(page)]
    assert lines[0] == "梅菜扣肉"
    assert lines[1 : len(ROWS) + 1] == ["".join(row) for row in ROWS]


def test_rules_beside_letters_make_them_no_larger(rapid: Ocr, table: Image.Image) -> None:
    spans = rapid.read(table).spans
    for span in spans:
        assert span.size < 1.25 * EM or span.text == "梅菜扣肉", span


def test_lines_of_a_page_seen_at_an_angle_stand_level(rapid: Ocr, table: Image.Image) -> None:
    """Each row's cells at one height, each column's at one left edge."""
    picture, _ = straighten(photographed(table, 0.04))
    where = {span.text: span.box for span in rapid.read(picture).spans}
    for row in ROWS[1:3]:
        heights = [(where[text].top + where[text].bottom) / 2 for text in row[:2]]
        assert max(heights) - min(heights) < 6
    edges = [where[row[0]].left for row in ROWS]
    assert max(edges) - min(edges) < 12


def test_running_text_has_no_rules(rapid: Ocr) -> None:
    """Neither strokes side by side nor brackets one below another."""
    try:
        font = chinese_font(30)
    except LookupError as error:
        pytest.skip(str(error))
    page = Image.new("RGB", (1100, 900), "white")
    pen = ImageDraw.Draw(page)
    for number in range(16):
        pen.text(
            (80, 60 + number * 40),
            f"({number % 9 + 1}) 三二一王工二三土干王一二三，上下一二三王二。",
            font=font,
            fill="black",
        )
    assert rapid.read(page).rules == ()


def test_a_photograph_on_a_page_has_no_grid(rapid: Ocr) -> None:
    chance = np.random.default_rng(5)
    page = Image.new("RGB", (1000, 1000), "white")
    ground = Image.fromarray(chance.integers(0, 255, (40, 60, 3), dtype=np.uint8))
    page.paste(ground.resize((600, 400), Image.Resampling.BICUBIC), (200, 150))
    try:
        font = chinese_font(32)
    except LookupError as error:
        pytest.skip(str(error))
    ImageDraw.Draw(page).text((200, 620), "成品图：红烧肉配米饭，趁热吃最香。", font=font, fill="black")
    assert tables_of(rapid.read(page).rules) == []


@pytest.mark.parametrize("lean", [-1.5, 0.0, 1.5])
def test_faint_and_leaning_rules_are_found(lean: float) -> None:
    page = np.full((800, 1200, 3), 235, dtype=np.uint8)
    rise = math.tan(math.radians(lean)) * 900
    for y in (200, 300, 400):
        cv2.line(page, (150, y), (1050, round(y + rise)), (205, 205, 205), 2, cv2.LINE_AA)
    page = np.clip(page + np.random.default_rng(1).normal(0, 4, page.shape), 0, 255).astype(np.uint8)
    level, upright = ruled_lines(page, 30.0)
    assert not upright
    assert sorted(round((rule.y1 + rule.y2) / 2 - rise / 2) for rule in level) == pytest.approx([200, 300, 400], abs=3)
    assert all(rule.length > 860 for rule in level)


def test_rules_that_all_but_meet_are_brought_together() -> None:
    level = [Segment(100, y, 498, y + 1) for y in (100.0, 160.0)]
    upright = [Segment(500, 103, 501, 158), Segment(100, 98, 100, 163)]
    boxes = rules_on(flat_page((600, 300), level, upright), level, upright, 30.0)
    assert {box.right for box in boxes if box.top == box.bottom} == {500.5}
    assert {(box.top, box.bottom) for box in boxes if box.left == box.right} == {(100.5, 160.5)}


def test_numbers_in_discs_are_numbers_of_steps(rapid: Ocr) -> None:
    """White on a colour before the line; a bullet without a number, and a letter, are none."""
    steps = ["鸡蛋煮熟，取出蛋黄压碎。", "黄油室温软化，加入糖粉。", "加入蛋黄粉，用刮刀拌匀。"]
    try:
        font, small = chinese_font(34), chinese_font(26)
    except LookupError as error:
        pytest.skip(str(error))
    page = Image.new("RGB", (1000, 700), (250, 246, 235))
    pen = ImageDraw.Draw(page)
    for number, text in enumerate(steps):
        y = 120 + number * 110
        pen.ellipse((100, y - 2, 144, y + 42), fill=(170, 100, 40))
        pen.text((122, y + 20), str(number + 1), font=small, fill="white", anchor="mm")
        pen.text((164, y), text, font=font, fill=(40, 40, 40))
    pen.ellipse((108, 470, 132, 494), fill=(40, 40, 40))
    pen.text((164, 462), "回锅肉要趁热吃。", font=font, fill=(40, 40, 40))
    lines = ["".join(line.text.split()) for line in reading_order(rapid.read(scanned(page, LOOKS["scan"], 2)))]
    assert lines == ["①" + steps[0], "②" + steps[1], "③" + steps[2], "回锅肉要趁热吃。"]
