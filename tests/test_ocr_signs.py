"""What a recogniser leaves out of a line and its ink still shows: spaces, dashes, brackets, the ring of a degree."""

import pytest
from PIL import Image, ImageDraw

from shishen.engines.ocr import rapidocr
from shishen.protocols import Ocr
from shishen.scans.printed_signs import with_pairs, with_stops, with_units
from tests.scanning import LOOKS, chinese_font, scanned


@pytest.fixture(scope="module")
def rapid() -> Ocr:
    pytest.importorskip("rapidocr")
    return rapidocr.build(rapidocr.Options())


def seen(rapid: Ocr, lines: list[str], look: str = "scan", em: int = 34) -> list[str]:
    """What is read of these lines on a scanned page."""
    page = Image.new("RGB", (1300, 160 + len(lines) * 2 * em), "white")
    try:
        pen, font = ImageDraw.Draw(page), chinese_font(em)
    except LookupError as error:
        pytest.skip(str(error))
    for number, line in enumerate(lines):
        pen.text((80, 60 + number * 2 * em), line, font=font, fill=(20, 20, 20))
    spans = sorted(rapid.read(scanned(page, LOOKS[look], 6)).spans, key=lambda span: span.box.top)
    return [span.text for span in spans]


@pytest.mark.parametrize("look", ["clean", "scan"])
def test_a_label_keeps_the_space_behind_it(rapid: Ocr, look: str) -> None:
    lines = ["原料  猪瘦肉二百克，青椒三个。", "制法  将猪肉洗净，切成细丝。", "特点  肉丝滑嫩，青椒脆爽。"]
    assert [text.split(" ")[0] for text in seen(rapid, lines, look)] == ["原料", "制法", "特点"]


def test_running_text_gets_no_spaces(rapid: Ocr) -> None:
    """卜 stands to the right in its square, and has white on its left."""
    lines = [
        "胡萝卜和白萝卜切成小丁，上下翻匀。",
        "一二三下八个小川菜，了卜丁十分入味。",
        "将鸡腿放入烤盘中间，盖上锅盖。",
    ]
    assert not any(" " in text for text in seen(rapid, lines))


def test_letter_spaced_words_stay_as_they_are(rapid: Ocr) -> None:
    (text,) = seen(rapid, ["制 作 程 序 说 明"])
    assert text == "制作程序说明" or text == "制 作 程 序 说 明"


def test_a_dash_is_as_long_as_printed(rapid: Ocr) -> None:
    lines = ["小火煎4-5分钟，翻面再煎2-3分钟。", "小火煎4–5分钟，翻面再煎12–15分钟。", "八角4-5个，香叶2-3片。"]
    read = ["".join(text.split()) for text in seen(rapid, lines)]
    assert ["4-5分钟" in read[0], "2-3分钟" in read[0]] == [True, True]
    assert ["4–5分钟" in read[1], "12–15分钟" in read[1]] == [True, True]
    assert ["4-5个" in read[2], "2-3片" in read[2]] == [True, True]


def test_numbers_have_no_dash_put_into_them(rapid: Ocr) -> None:
    lines = ["五花肉1200克，冰糖45克，热水1000毫升。", "电话 83 32 75 11，第 14 页。"]
    assert not any(dash in text for text in seen(rapid, lines) for dash in "-–—")


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("牛奶（加热20s)，酵母", "牛奶（加热20s），酵母"),
        ("(约180℃)，关火", "（约180℃），关火"),
        ("食用油(500ml）", "食用油（500ml）"),
        ("use(500ml)", "use(500ml)"),
        ("(1)鸡腿洗净(带骨)", "(1)鸡腿洗净（带骨）"),
        ("半个)没有开头", "半个)没有开头"),
        ("（没有结尾", "（没有结尾"),
    ],
)
def test_brackets_are_closed_as_they_were_opened(read: str, right: str) -> None:
    assert with_pairs(read) == right


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("烤箱160C的", "烤箱160℃的"),
        ("180°C", "180℃"),
        ("约120C)", "约120℃)"),
        ("20m1水", "20ml水"),
        ("M1", "M1"),
        ("维生素C", "维生素C"),
        ("100CM", "100CM"),
    ],
)
def test_units_lose_nothing(read: str, right: str) -> None:
    assert with_units(read) == right


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("抓匀,腌20分钟", "抓匀，腌20分钟"),
        ("比例5:1", "比例5:1"),
        ("shake,加冰", "shake,加冰"),
        ("好吗?好!吃", "好吗？好！吃"),
    ],
)
def test_stops_between_chinese_are_of_its_width(read: str, right: str) -> None:
    assert with_stops(read) == right
