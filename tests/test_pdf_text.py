"""The text of PDF pages as the wild has them: on their side, downwards, outside the page, unseen, in odd characters."""

import ctypes
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from shishen.imaging import open_page
from shishen.layout.reading_order import reading_order
from shishen.layout.tables import tables_of
from shishen.pages import Page
from shishen.pdf_pages.pdfium_lock import PdfiumLock
from shishen.source_file import Limits
from tests.test_reader_pdf import (
    FONT,
    ROWS,
    SIZE,
    at_once,
    body,
    both,
    column,
    in_cells,
    is_left_to_ocr,
    pages,
    pdf,
    scan,
    texts,
    written,
)


def page_of(tmp_path: Path, draw: Callable[[Canvas], None]) -> Page:
    (page,) = pages(written(tmp_path, pdf(draw)))
    return page


# --- on its side ---------------------------------------------------------------------------------------------


def stands_on_ink(page: Page) -> bool:
    """Whether all that is dark in the page's picture, turned as the page says, stands where its spans and lines do."""
    assert page.image
    picture: Image.Image = (
        open_page(page.image, Limits(), 72).convert("L").rotate(page.tilt, expand=True, fillcolor=255)
    )
    assert (picture.width, picture.height) == pytest.approx((page.width, page.height), abs=1)
    left = picture.copy()
    for box in [span.box for span in page.spans] + list(page.rules):
        place = (int(box.left) - 2, int(box.top) - 3, int(box.right) + 3, int(box.bottom) + 3)
        left.paste(255, place)
    return any(picture.histogram()[:128]) and not any(left.histogram()[:128])


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_is_turned_until_its_lines_are_level(tmp_path: Path, turn: int, rotation: int) -> None:
    """Text and a table set by any quarter, on a page that says by any quarter how it is to be shown."""
    lines = body("甲", 8, 15)

    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        # reportlab lays a page that it turns by a quarter on its side itself.
        width, height = SIZE if rotation % 180 == 0 else SIZE[::-1]
        canvas.translate(width / 2, height / 2)
        canvas.rotate(turn)
        canvas.translate(-170, -460)
        column(lines, 45, 180)(canvas)
        both(in_cells, at_once)(canvas)

    page = page_of(tmp_path, draw)
    assert texts(page) == [f"{name}  {amount}" for name, amount in ROWS] + lines
    (table,) = tables_of(page.rules)
    assert [len(one.cells) for one in table] == [8]
    assert stands_on_ink(page)


COLUMNS = [
    "红烧肉的做法",
    "材料：五花肉五百克、冰糖三十克、",
    "老抽一勺、八角二个、香叶三片。",
    "做法：五花肉切成大块，冷水下锅，",
    "焯透捞出；炒糖色，下肉翻炒。",
]


def downwards(canvas: Canvas) -> None:
    """By a font for vertical writing."""
    try:
        registerFont(UnicodeCIDFont(FONT, isVertical=True))
        canvas.setFont(FONT, 12)
        for number, text in enumerate(COLUMNS):
            canvas.drawString(380 - 24 * number, 540, text)
    finally:
        registerFont(UnicodeCIDFont(FONT))


def one_by_one(canvas: Canvas) -> None:
    """Character by character, as most programs print it, with signs that are made for it."""
    canvas.setFont(FONT, 12)
    for number, text in enumerate(COLUMNS):
        for place, character in enumerate(text.replace("：", "︰")):
            canvas.drawString(380 - 24 * number, 540 - 13 * place, character)


@pytest.mark.parametrize("draw", [downwards, one_by_one])
def test_lines_that_run_downwards_are_read_from_right_to_left(tmp_path: Path, draw: Callable[[Canvas], None]) -> None:
    registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    canvas = Canvas(out, SIZE, invariant=1)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    (page,) = pages(written(tmp_path, out.getvalue()))
    assert [text.replace(":", "：") for text in texts(page)] == COLUMNS
    assert (page.tilt, page.width, page.height) == (90, *SIZE[::-1])
    assert stands_on_ink(page)


def test_a_list_of_single_signs_does_not_run_downwards(tmp_path: Path) -> None:
    lines = body("甲", 12, 18)

    def draw(canvas: Canvas) -> None:
        for number, text in enumerate(lines):
            canvas.drawString(40, 500 - 16 * number, str(number % 10))
            canvas.drawString(70, 500 - 16 * number, text)

    page = page_of(tmp_path, draw)
    assert page.tilt == 0
    assert [text.split("  ")[-1] for text in texts(page)] == lines


# --- what nobody sees ----------------------------------------------------------------------------------------


def test_what_stands_beside_the_page_is_not_on_it(tmp_path: Path) -> None:
    lines = body("甲", 12, 18)

    def beside(canvas: Canvas) -> None:
        for left, foot in ((-300, 500), (600, 500), (40, -50), (40, 800)):
            canvas.drawString(left, foot, "页外的字")

    assert texts(page_of(tmp_path, both(column(lines), beside))) == lines


@pytest.mark.parametrize(("near", "far", "name"), [(0, 210, "左"), (210, 420, "右")])
def test_half_a_spread_is_one_page(tmp_path: Path, near: int, far: int, name: str) -> None:
    """A scanned or printed spread, cut in two by its crop box: the text of the other page is still in the file."""

    def draw(canvas: Canvas) -> None:
        # More than there is paper: only what is there counts.
        canvas.setCropBox((near, -100, far, 900))
        both(column(body("左", 20, 14), 30), column(body("右", 20, 14), 240))(canvas)

    page = page_of(tmp_path, draw)
    assert texts(page) == body(name, 20, 14)
    assert (page.width, page.height) == (210, SIZE[1])
    assert page.spans[0].box.left == pytest.approx(30, abs=1)


def unseen(*lines: str) -> Callable[[Canvas], None]:
    """Text that is printed without ink, as the programs of scanners write behind the picture."""

    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(40, 300)
        text.setFont(FONT, 10)
        text.setTextRenderMode(3)
        for line in lines:
            text.textLine(line)
        canvas.drawText(text)

    return draw


def test_unseen_words_between_seen_ones_are_left_out(tmp_path: Path) -> None:
    lines = body("甲", 12, 18)
    assert texts(page_of(tmp_path, both(column(lines), unseen("菜谱大全下载", "关键词")))) == lines


def test_a_scan_read_in_another_language_is_read_again(tmp_path: Path) -> None:
    """A scanner that knows only English makes words, or nearly, of Chinese characters."""
    gibberish = ["HE PIB BARAS AEG RF ERT DAAER"] * 12
    assert is_left_to_ocr(page_of(tmp_path, both(scan, unseen(*gibberish))))
    assert not is_left_to_ocr(page_of(tmp_path, both(scan, unseen(*body("甲", 12)))))


def test_letters_drawn_as_outlines_are_left_to_ocr(tmp_path: Path) -> None:
    """Print shops turn text into curves: there is no text, and no picture either."""

    def curves(canvas: Canvas, count: int = 200) -> None:
        for number in range(count):
            left, foot = 40 + 12 * (number % 20), 500 - 20 * (number // 20)
            path = canvas.beginPath()
            path.moveTo(left, foot)
            for step in range(10):
                path.curveTo(left + step, foot + 4, left + step, foot + 8, left + step / 2, foot + 9)
            canvas.drawPath(path, stroke=0, fill=1)

    assert is_left_to_ocr(page_of(tmp_path, curves))
    assert is_left_to_ocr(page_of(tmp_path, both(curves, column(["第 12 页"], 200, 580))))
    # An ornament below the name of a chapter is none.
    assert texts(page_of(tmp_path, both(lambda canvas: curves(canvas, 30), column(["凉菜"])))) == ["凉菜"]
    assert page_of(tmp_path, both(curves, column(body("甲", 12)))).spans


# --- characters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("⼀⾁⽔⻥⻝豈放在碗里", "一肉水鱼食豈放在碗里"),
        ("五花肉︵去皮︶五百克", "五花肉(去皮)五百克"),
        ("\uf0b7五花肉五百克", "•五花肉五百克"),
        ("\ue123五花肉五百克", "•五花肉五百克"),
        ("hóng shāo ròu 红烧肉".replace("ó", "o\u0301"), "hóng shāo ròu 红烧肉"),
        ("５００克Ａ５纸½杯①②㎏℃", "５００克Ａ５纸½杯①②㎏℃"),
        ("喝水㸆鱼二〇二四年", "喝水㸆鱼二〇二四年"),
    ],
)
def test_odd_characters_become_usual_ones(tmp_path: Path, printed: str, read: str) -> None:
    lines = ["锅中倒油烧热后放入葱姜爆香", "再下肉片翻炒至变色加盐调味"]
    page = page_of(tmp_path, column([*lines, printed]))
    assert texts(page) == [*lines, read]


def embedded(lines: list[str]) -> bytes:
    """A PDF with a font of the system embedded, nothing in it packed."""
    from weasyprint import HTML

    html = "".join(f"<p>{line}</p>" for line in lines)
    return bytes(HTML(string=f"<meta charset=utf-8>{html}").write_pdf(uncompressed_pdf=True))


def test_signs_without_width_and_characters_beyond_the_plane(tmp_path: Path) -> None:
    printed = ["零\u200b宽的\u200d字和\u2060盐", "清炖𩽾𩾌鱼一条", "再下肉片翻炒至变色加盐调味"]
    (page,) = pages(written(tmp_path, embedded(printed)))
    if "再下肉片翻炒至变色加盐调味" not in texts(page):
        pytest.skip("no font with Chinese is installed")
    assert texts(page)[:2] == ["零宽的字和盐", "清炖𩽾𩾌鱼一条"]


def test_a_font_without_its_table_of_characters_is_left_to_ocr(tmp_path: Path) -> None:
    lines = [*body("甲", 12, 20), "五花肉 500克", "1. 洗净切块。"]
    content = embedded(lines)
    (good,) = pages(written(tmp_path, content))
    if texts(good) != lines:
        pytest.skip("no font with Chinese is installed")
    broken = content.replace(b"/ToUnicode", b"/ToNothing")
    assert broken != content
    (page,) = pages(written(tmp_path, broken, "坏.pdf"))
    assert is_left_to_ocr(page)


def test_a_picture_of_a_word_in_a_form_counts_as_a_scan(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.beginForm("whole")
        canvas.drawImage(ImageReader(Image.new("RGB", (42, 60), (200, 190, 180))), 0, 0, 10, 10)
        canvas.endForm()
        canvas.scale(42, 59.5)
        canvas.doForm("whole")

    assert is_left_to_ocr(page_of(tmp_path, draw))


def test_numbers_beyond_all_bounds_are_no_place(tmp_path: Path) -> None:
    lines = body("甲", 12, 18)

    def draw(canvas: Canvas) -> None:
        column(lines)(canvas)
        canvas._code += ["1e38 0 0 1e38 1e38 1e38 cm 0 0 m 1e38 0 l 1e38 1e38 l S", "BT /F1 1e38 Tf (a) Tj ET"]

    page = page_of(tmp_path, draw)
    assert texts(page) == lines
    assert all(abs(place) < 1e6 for rule in page.rules for place in (rule.left, rule.top, rule.right, rule.bottom))
    assert [line.size for line in reading_order(page)] == [10.0] * 12


def test_ctrl_c_while_a_call_is_made_stays_ctrl_c() -> None:
    """ctypes makes an error of its own of what is raised while it takes the arguments."""

    class Interrupted:
        @property
        def _as_parameter_(self) -> int:
            raise KeyboardInterrupt

    call = ctypes.pythonapi.Py_GetRecursionLimit
    call.argtypes = [ctypes.c_int]
    lock = PdfiumLock()
    with pytest.raises(ctypes.ArgumentError, match="KeyboardInterrupt"):
        call(Interrupted())
    with pytest.raises(KeyboardInterrupt), lock:
        call(Interrupted())
    with pytest.raises(ctypes.ArgumentError), lock:
        call("three")
    with lock:
        pass
