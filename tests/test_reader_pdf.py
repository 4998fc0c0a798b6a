"""PDF: real files made here. Text with its places, what is no text left to OCR."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from shishen.engines import engine
from shishen.layout.furniture import Furniture
from shishen.layout.reading_order import reading_order
from shishen.layout.tables import tables_of
from shishen.pages import Page
from shishen.records import Rejected
from shishen.source_file import Limits, SourceFile

FONT = "STSong-Light"
SIZE = (420.0, 595.0)
BODY = "锅中倒油烧热后放入葱姜爆香再下肉片翻炒至变色加盐和生抽调味出锅装盘即可食用趁热享用味道更好"


def pdf(
    *drawings: Callable[[Canvas], None],
    size: tuple[float, float] = SIZE,
    encrypt: StandardEncryption | None = None,
) -> bytes:
    """A PDF, a page a drawing."""
    registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    canvas = Canvas(out, size, invariant=1, encrypt=encrypt)
    for draw in drawings:
        canvas.setFont(FONT, 10)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def column(texts: Sequence[str], left: float = 40, top: float = 60, size: float = 10) -> Callable[[Canvas], None]:
    """Lines one under another, counted from the top of the page."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont(FONT, size)
        for number, text in enumerate(texts):
            canvas.drawString(left, SIZE[1] - top - 1.6 * size * number, text)

    return draw


def both(*drawings: Callable[[Canvas], None]) -> Callable[[Canvas], None]:
    def draw(canvas: Canvas) -> None:
        for one in drawings:
            one(canvas)

    return draw


def body(name: str, count: int, length: int = 15) -> list[str]:
    return [f"{name}{BODY[number : number + length]}" for number in range(count)]


def scan(canvas: Canvas) -> None:
    """A picture over the whole page."""
    from PIL import Image

    canvas.drawImage(ImageReader(Image.new("RGB", (42, 60), (200, 190, 180))), 0, 0, *SIZE)


def written(tmp_path: Path, content: bytes, name: str = "书.pdf") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def found(path: Path, limits: Limits | None = None) -> list[Page | Rejected]:
    file = SourceFile(path, path.name, limits)
    results = list(engine("reader", "pdf").build().read(file))
    assert all(isinstance(one, Page | Rejected) for one in results)
    return results


def pages(path: Path, limits: Limits | None = None) -> list[Page]:
    results = found(path, limits)
    assert all(isinstance(one, Page) for one in results), results
    return [one for one in results if isinstance(one, Page)]


def texts(page: Page) -> list[str]:
    return [line.text for line in reading_order(page)]


# --- text ----------------------------------------------------------------------------------------------------


def test_text_comes_with_its_place(tmp_path: Path) -> None:
    draw = both(
        column(["红烧肉"], 100, 80, 20), column(["五花肉500克", "冰糖30克", "八角2个，香叶3片，料酒适量"], 40, 120)
    )
    (page,) = pages(written(tmp_path, pdf(draw)))
    assert (page.number, page.count, page.width, page.height) == (1, 1, *SIZE)
    title, first, *_ = reading_order(page)
    assert (title.text, title.size, title.page) == ("红烧肉", 20, 1)
    assert title.box is not None
    assert (title.box.left, title.box.right) == pytest.approx((100, 160), abs=1)
    assert title.box.top == pytest.approx(80 - 0.88 * 20, abs=1)
    assert (first.text, first.confidence) == ("五花肉500克", 1.0)


def test_two_columns_in_reading_order_whatever_the_file_s_own(tmp_path: Path) -> None:
    left, right = body("左", 30), body("右", 28)
    across = [line for pair in zip(left, right, strict=False) for line in pair] + left[28:]

    def draw(canvas: Canvas) -> None:
        """Row by row, as some programs write."""
        for text in across:
            number = (left if text in left else right).index(text)
            canvas.drawString(40 if text in left else 230, SIZE[1] - 60 - 16 * number, text)

    assert texts(pages(written(tmp_path, pdf(draw)))[0]) == [*left, *right]


def test_running_heads_and_page_numbers_are_gone(tmp_path: Path) -> None:
    content = [body("甲乙丙丁戊己"[n], 25, 30) for n in range(6)]
    draws = [
        both(column(content[n], 40, 70), column(["家常菜谱大全"], 40, 28, 8), column([f"· {n + 1} ·"], 200, 580, 8))
        for n in range(6)
    ]
    read = pages(written(tmp_path, pdf(*draws)))
    furniture = Furniture()
    furniture.learn(read)
    assert [texts(furniture.strip(page)) for page in read] == content


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_is_turned_is_read_upright(tmp_path: Path, turn: int) -> None:
    """The page says that it is to be shown turned; its text was drawn so that it then stands upright."""
    lines = body("甲", 20, 18)

    def draw(canvas: Canvas) -> None:
        # reportlab lays a page that it turns by a quarter on its side itself.
        width, height = SIZE if turn == 180 else SIZE[::-1]
        canvas.setPageRotation(turn)
        canvas.translate(*{90: (width, 0), 180: (width, height), 270: (0, height)}[turn])
        canvas.rotate(turn)
        for number, text in enumerate(lines):
            canvas.drawString(40, 360 - 16 * number, text)

    (page,) = pages(written(tmp_path, pdf(draw)))
    assert texts(page) == lines
    assert (page.width, page.height) == SIZE


def test_a_page_on_its_side_that_does_not_say_so(tmp_path: Path) -> None:
    lines = body("甲", 20, 18)

    def draw(canvas: Canvas) -> None:
        canvas.translate(SIZE[0], 0)
        canvas.rotate(90)
        for number, text in enumerate(lines):
            canvas.drawString(40, 360 - 16 * number, text)

    assert texts(pages(written(tmp_path, pdf(draw)))[0]) == lines


def test_a_stamp_set_askew_is_left_out(tmp_path: Path) -> None:
    lines = body("甲", 20, 18)

    def stamp(canvas: Canvas) -> None:
        canvas.translate(150, 250)
        canvas.rotate(30)
        canvas.drawString(0, 0, "推荐")

    assert texts(pages(written(tmp_path, pdf(both(column(lines), stamp))))[0]) == lines


def test_a_page_whose_corner_is_elsewhere(tmp_path: Path) -> None:
    """A crop box: places count from the corner that is shown."""

    def draw(canvas: Canvas) -> None:
        canvas.setCropBox((30, 50, 400, 560))
        column(["五花肉五百克切成大块冷水下锅焯透捞出"], 100, 100)(canvas)

    (page,) = pages(written(tmp_path, pdf(draw)))
    assert (page.width, page.height) == (370, 510)
    assert page.spans[0].box.left == pytest.approx(70, abs=1)
    assert page.spans[0].box.bottom == pytest.approx(560 - (SIZE[1] - 100) + 1.2, abs=1)


def twice(canvas: Canvas) -> None:
    """Bold by printing twice, a hair apart, character by character."""
    for number, character in enumerate(BODY[:30]):
        for shift in (0, 0.3):
            canvas.drawString(40 + 10 * number + shift, 500, character)


def twice_over(canvas: Canvas) -> None:
    """The same, the whole line twice."""
    for shift in (0, 0.3):
        canvas.drawString(40 + shift, 500, BODY[:30])


def outlined(canvas: Canvas) -> None:
    """Bold by an outline around each character, as Word does where a Chinese font has no bold face."""
    text = canvas.beginText(40, 500)
    text.setFont(FONT, 10)
    text.setTextRenderMode(2)
    text.textLine(BODY[:30])
    canvas.drawText(text)


def line_by_line_again(canvas: Canvas) -> None:
    """The whole page twice, so that the second of each line comes long after the first."""
    for shift in (0, 0.3):
        for number, text in enumerate(body("甲", 10, 18)):
            canvas.drawString(40 + shift, 500 - 16 * number, text)


@pytest.mark.parametrize("draw", [twice, twice_over, outlined])
def test_bold_that_is_no_face_is_one_text_and_bold(tmp_path: Path, draw: Callable[[Canvas], None]) -> None:
    plain = column(["炒熟出锅"])
    first, second = reading_order(pages(written(tmp_path, pdf(both(plain, draw))))[0])
    assert (first.text, first.bold) == ("炒熟出锅", False)
    assert (second.text, second.bold) == (BODY[:30], True)


def test_a_page_printed_twice_is_one_text(tmp_path: Path) -> None:
    lines = reading_order(pages(written(tmp_path, pdf(line_by_line_again)))[0])
    assert [line.text for line in lines] == body("甲", 10, 18)
    assert all(line.bold for line in lines)


def test_what_is_twice_in_the_text_stays_twice(tmp_path: Path) -> None:
    """Neighbours that are alike stand further apart than a hair."""

    def draw(canvas: Canvas) -> None:
        canvas.drawString(40, 500, "慢慢炖炖……淋少少油即即可")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(40, 480, "Illinois ''11'' boillllll ....... and the rest of it")

    (page,) = pages(written(tmp_path, pdf(draw)))
    assert texts(page) == ["慢慢炖炖……淋少少油即即可", "Illinois ''11'' boillllll ....... and the rest of it"]
    assert not any(span.bold for span in page.spans)


ROWS = [("五花肉", "500克"), ("冰糖", "30克"), ("老抽酱油一品鲜", "1勺"), ("八角香叶桂皮", "2个")]


def in_cells(canvas: Canvas) -> None:
    for number, (name, amount) in enumerate(ROWS):
        canvas.drawString(45, 486 - 20 * number, name)
        canvas.drawString(185, 486 - 20 * number, amount)


def line_by_line(canvas: Canvas) -> None:
    for top in range(420, 501, 20):
        canvas.line(40, top, 300, top)
    for left in (40, 180, 300):
        canvas.line(left, 420, left, 500)


def box_by_box(canvas: Canvas) -> None:
    for top in range(420, 500, 20):
        canvas.rect(40, top, 140, 20)
        canvas.rect(180, top, 120, 20)


def at_once(canvas: Canvas) -> None:
    """All lines of the table in one path."""
    canvas.grid([40, 180, 300], [500 - 20 * n for n in range(5)])


def rounded(canvas: Canvas) -> None:
    """A box with round corners a cell, a hair apart."""
    for top in range(420, 500, 20):
        canvas.roundRect(40.5, top + 0.5, 139, 19, 4)
        canvas.roundRect(180.5, top + 0.5, 119, 19, 4)


def filled(canvas: Canvas) -> None:
    """A frame a cell, filled between its outer and its inner box, as WeasyPrint draws borders."""
    for top in range(420, 500, 20):
        for left, right in ((40, 180), (180, 300)):
            path = canvas.beginPath()
            path.rect(left + 1, top + 1, right - left - 2, 18)
            path.rect(left, top, right - left, 20)
            canvas.drawPath(path, stroke=0, fill=1, fillMode=0)


def in_a_form(canvas: Canvas) -> None:
    """In a form that is shown moved and a little smaller."""
    canvas.beginForm("table")
    canvas.translate(-44, -55)
    canvas.scale(1.1, 1.1)
    at_once(canvas)
    canvas.endForm()
    canvas.saveState()
    canvas.translate(40, 50)
    canvas.scale(1 / 1.1, 1 / 1.1)
    canvas.doForm("table")
    canvas.restoreState()


def among_drawings(canvas: Canvas) -> None:
    """Beside strokes that are no lines of a table: aslant, bent, or so thick that they lie behind text."""
    at_once(canvas)
    canvas.line(40, 420, 300, 500)
    canvas.bezier(40, 420, 100, 600, 200, 300, 300, 500)
    canvas.setLineWidth(14)
    canvas.setStrokeColorRGB(0.9, 0.9, 0.8)
    for top in range(430, 500, 20):
        canvas.line(40, top, 300, top)


@pytest.mark.parametrize("draw", [line_by_line, box_by_box, at_once, rounded, filled, in_a_form, among_drawings])
def test_drawn_lines_of_a_table_come_along(tmp_path: Path, draw: Callable[[Canvas], None]) -> None:
    (page,) = pages(written(tmp_path, pdf(both(in_cells, draw))))
    assert texts(page) == [f"{name}  {amount}" for name, amount in ROWS]
    (table,) = tables_of(page.rules)
    assert [len(one.cells) for one in table] == [8]


def test_soft_hyphens_do_not_reach_the_dish(tmp_path: Path) -> None:
    """pdfium marks a hyphen at a line's end; what is joined has none."""
    from shishen.domains.cooking.structuring.joining import Spacing, clean

    lines = ["add Worcester-", "shire sauce and stir until it thickens"]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for number, text in enumerate(lines):
            canvas.drawString(40, 500 - 16 * number, text)

    first, second = texts(pages(written(tmp_path, pdf(draw)))[0])
    assert clean(Spacing().join(first, second)) == "add Worcestershire sauce and stir until it thickens"


# --- what is to be looked at ---------------------------------------------------------------------------------


def is_left_to_ocr(page: Page) -> bool:
    return page.image is not None and page.image.page == page.number and not page.spans


def test_a_scan_is_left_to_ocr_and_its_neighbours_are_read(tmp_path: Path) -> None:
    text = column(body("甲", 20))
    first, second, third = pages(written(tmp_path, pdf(text, scan, text)))
    assert is_left_to_ocr(second)
    assert first.spans
    assert third.spans


def test_a_scan_with_a_printed_page_number_is_still_a_scan(tmp_path: Path) -> None:
    assert is_left_to_ocr(pages(written(tmp_path, pdf(both(scan, column(["第 12 页"], 200, 580)))))[0])


def test_a_picture_beside_text_is_no_scan(tmp_path: Path) -> None:
    assert pages(written(tmp_path, pdf(both(scan, column(body("甲", 20))))))[0].spans


def test_a_text_layer_that_is_no_text_is_left_to_ocr(tmp_path: Path) -> None:
    """A font without its table of characters gives rare ones and private ones."""
    chance = [chr(0x4E00 + (7919 * n) % 20_000) for n in range(600)]
    lines = ["".join(chance[n : n + 30]) for n in range(0, 600, 30)]
    (page,) = pages(written(tmp_path, pdf(column(lines))))
    assert is_left_to_ocr(page)
    assert page.rules == ()


def test_the_invisible_text_of_a_scan_is_read(tmp_path: Path) -> None:
    """A searchable scan: what a scanner's own OCR wrote behind the picture, if it is sane."""
    lines = body("甲", 20)

    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(40, 520)
        text.setFont(FONT, 10)
        text.setTextRenderMode(3)
        for line in lines:
            text.textLine(line)
        scan(canvas)
        canvas.drawText(text)

    assert texts(pages(written(tmp_path, pdf(draw)))[0]) == lines


def test_a_blank_page_is_neither_text_nor_picture(tmp_path: Path) -> None:
    _, blank, _ = pages(written(tmp_path, pdf(*[column(body("甲", 9))], lambda _: None, column(body("乙", 9)))))
    assert (blank.spans, blank.image) == ((), None)
