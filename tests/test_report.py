"""Report: the proof of a book as one HTML file, from real events and pages, looked at in a real Chromium."""

import base64
import io
import os
import re
import shutil
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from lxml import html
from msgspec.structs import replace
from PIL import Image, ImageDraw

from shishen.domains.cooking.recipes import read_recipe
from shishen.errors import ShishenError
from shishen.imaging import straighten
from shishen.pages import Box, Page, PageImage, PrintedLine, Reading
from shishen.protocols import Cost
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import Limits
from shishen.stages.proof.picture import jpeg_of
from shishen.stages.proof.sheet import Sheet
from shishen.stages.read import Event
from shishen.stages.report import Report
from shishen.stages.structure import Costs, PageRead
from tests.command_line import Shishen, is_fault

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

WIDTH, HEIGHT = 420.0, 595.0
SURE = {"title": 0.98, "ingredients": 0.95, "steps": 0.98}
DISH = ("拍黄瓜", "材料：黄瓜 2 根、盐 3 克", "1. 黄瓜拍碎。", "2. 加盐拌匀。")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages, each with a dish in black letters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    path = tmp_path_factory.mktemp("book") / "书.pdf"
    canvas = Canvas(str(path), pagesize=(WIDTH, HEIGHT))
    for title in ("拍黄瓜", "凉拌木耳", "拌豆腐"):
        canvas.setFont("STSong-Light", 20)
        canvas.drawString(60, HEIGHT - 80, title)
        canvas.setFont("STSong-Light", 11)
        for row, text in enumerate(DISH[1:]):
            canvas.drawString(60, HEIGHT - 110 - 18 * row, text)
        canvas.showPage()
    canvas.save()
    return path


def lines_on(page: int | None, texts: Sequence[str] = DISH, top: float = 65) -> tuple[PrintedLine, ...]:
    """Lines as they stand on a page of the book, one under another; without places where there is no page."""
    return tuple(
        PrintedLine(text=text, page=page, box=Box(60, top + 18 * row, 200, top + 16 + 18 * row) if page else None)
        for row, text in enumerate(texts)
    )


def page_read(book: Path, number: int, lines: Sequence[PrintedLine] = ()) -> PageRead:
    """A page of the book, done."""
    image = PageImage(str(book), number)
    page = Page(number=number, count=3, width=WIDTH, height=HEIGHT, image=image)
    return PageRead(page, tuple(lines) or lines_on(number))


def dish(
    title: str, path: Path, lines: Sequence[PrintedLine], sure: dict[str, float] | None = None, *doubts: str
) -> list[Event]:
    """A reading and its recipe, as the stage `read` gives them."""
    draft = Draft(
        title=title,
        source=Source(path=str(path), page=lines[0].page, line=1),
        servings="2 人份",
        category="凉菜",
        lines=(DraftLine("黄瓜 2 根", "材料"), DraftLine("盐 3 克", "调料"), DraftLine("香油 少许", "调料")),
        steps=(DraftStep("黄瓜拍碎。"), DraftStep("加盐拌匀。")),
        tips=("现拌现吃。",),
    )
    reading = Reading(draft=draft, confidence=sure or SURE, doubts=doubts, lines=tuple(lines))
    return [reading, replace(read_recipe(draft), confidence=reading.confidence)]


def written(target: Path, events: Iterable[Event], label: str = "/书架/书.pdf") -> str:
    """The report of these events of one file."""
    with Report(target, Limits()) as report:
        for event in events:
            report.take(event, label)
    return target.read_text(encoding="utf-8")


def classed(root: Any, name: str) -> list[Any]:
    """The elements below that have a class."""
    found: list[Any] = root.xpath(f".//*[contains(concat(' ', @class, ' '), ' {name} ')]")
    return found


@pytest.fixture
def proof(book: Path, tmp_path: Path) -> Path:
    """Three pages: a dish that is sure, one that is not and goes on over the page, a rejected one, one that is sure."""
    doubts = ("像食材又不像的行：<b>乱</b>",)
    over = (*lines_on(2), *lines_on(3, ("3. 装盘。",), 300))
    low = {"title": 0.95, "ingredients": 0.55, "steps": 0.8}
    events: list[Event] = [
        *(page_read(book, number) for number in (1, 2, 3)),
        *dish("拍黄瓜", book, lines_on(1)),
        *dish("凉拌木耳", book, over, low, *doubts),
        Rejected(path=str(book), page=3, line=1, reason="第 3 页：「拌面」没有步骤"),
        *dish("拌豆腐", book, lines_on(3)),
    ]
    target = tmp_path / "校对.html"
    written(target, events)
    return target


def test_each_page_stands_beside_the_dishes_that_begin_on_it(proof: Path) -> None:
    sheets = classed(html.fromstring(proof.read_bytes()), "sheet")
    assert [[title.text_content().split() for title in sheet.iter("h4")] for sheet in sheets] == [
        [["1", "拍黄瓜"]],
        [["2", "凉拌木耳"]],
        [["3", "拌豆腐"]],
    ]
    for sheet in sheets:
        (source,) = sheet.xpath(".//img/@src")
        data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
        picture = Image.open(io.BytesIO(data))
        assert picture.width / picture.height == pytest.approx(WIDTH / HEIGHT, rel=0.01)
        assert np.asarray(picture.convert("L")).min() < 100
        assert len(source) < 150_000
    assert classed(sheets[2], "going-on")[0].text_content() == "接前页：2 凉拌木耳"
    # The dish that goes on is drawn on both of its pages.
    assert [[spot.get("data-dish") for spot in classed(sheet, "spot")] for sheet in sheets] == [
        ["1"],
        ["2"],
        ["2", "3"],
    ]


def test_what_was_understood_is_shown_field_by_field(proof: Path) -> None:
    article = html.fromstring(proof.read_bytes()).get_element_by_id("d1")
    rows = [[cell.text_content() for cell in row] for row in article.xpath(".//tbody/tr")]
    assert rows == [["黄瓜", "2", "根", "材料"], ["盐", "3", "克", "调料"], ["香油", "少许", "", "调料"]]
    assert [step.text_content() for step in article.xpath(".//ol/li")] == ["黄瓜拍碎。", "加盐拌匀。"]
    words = article.text_content()
    assert "2 人份" in words
    assert "凉菜" in words
    assert "现拌现吃。" in words
    assert not classed(article, "mark")


def test_unsure_fields_are_marked_and_linked_from_the_summary(proof: Path) -> None:
    root = html.fromstring(proof.read_bytes())
    marks = {mark.get("id"): mark.get("class").split()[-1] for mark in classed(root, "mark")}
    assert marks == {"d2-ingredients": "low", "d2-steps": "middling", "r1": "low"}
    assert [link.get("href") for link in classed(root, "chip")] == ["#d2-ingredients", "#d2-steps", "#r1"]
    assert "把握 55%" in root.get_element_by_id("d2-ingredients").text_content()
    assert "像食材又不像的行：<b>乱</b>" in root.get_element_by_id("d2").text_content()
    assert "3 页，3 道菜，1 处没读成，1 道菜有 2 处拿不准。" in root.get_element_by_id("summary").text_content()
    assert classed(root, "rejected")[0].xpath(".//a")[0].text_content() == "第 3 页：「拌面」没有步骤"


def test_doubts_alone_are_marked_too(book: Path, tmp_path: Path) -> None:
    events = [page_read(book, 1), *dish("拍黄瓜", book, lines_on(1), SURE, "简介「脆」不在原文里，去掉了")]
    root = html.fromstring(written(tmp_path / "a.html", events).encode())
    assert [mark.get("id") for mark in classed(root, "mark")] == ["d1-doubts"]


def test_every_link_leads_somewhere(proof: Path) -> None:
    root = html.fromstring(proof.read_bytes())
    names = root.xpath("//@id")
    assert len(names) == len(set(names))
    assert {link.removeprefix("#") for link in root.xpath("//a/@href")} <= set(names)


def test_what_comes_from_a_file_is_never_markup(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>\"'&{{contents}}"
    # Half a surrogate pair, as JSON may hold it, cannot be written as UTF-8.
    broken = f"{bad}\udcff"
    line = PrintedLine(text=bad)
    draft = Draft(
        title=bad,
        source=Source(path=bad, line=1),
        description=bad,
        category=bad,
        lines=(DraftLine(f"盐 3 克 {bad}", bad),),
        steps=(DraftStep(bad, bad),),
        tips=(bad,),
        features=bad,
        tools=(bad,),
    )
    reading = Reading(draft=draft, confidence={bad: 0.1, "title": 0.1}, doubts=(broken,), lines=(line,))
    events: list[Event] = [
        PageRead(Page(lines=(line,)), (line,)),
        reading,
        replace(read_recipe(draft), confidence=reading.confidence),
        Rejected(path=bad, reason=broken),
        PageRead(Page(number=7, image=PageImage(bad, 1)), ()),
    ]
    root = html.fromstring(written(tmp_path / "a.html", events, label=bad).encode())
    assert len(root.xpath("//script")) == 1
    assert "alert" not in root.xpath("//script")[0].text
    shown = "<script>alert(1)</script>\"'&{{contents}}"
    assert root.get_element_by_id("d1").xpath(".//h4")[0].text_content().endswith(shown)
    assert classed(root, "doubts")[0].text_content() == f"{shown}?"
    assert root.xpath("//title")[0].text_content() == "校对：" + "script>\"'&{{contents}}"


def test_a_document_without_pages_shows_its_lines(tmp_path: Path) -> None:
    front = PrintedLine(text="拍黄瓜 …… 1")
    one, two = lines_on(None), lines_on(None, ("凉拌木耳", *DISH[1:]))
    path = tmp_path / "书.docx"
    page = PageRead(Page(), (front, *one, *two))
    events = [page, *dish("拍黄瓜", path, one), *dish("凉拌木耳", path, two)]
    root = html.fromstring(written(tmp_path / "a.html", events).encode())
    # Equal lines belong each to its own dish.
    assert [line.get("data-dish") for line in classed(root, "text")[0].iter("p")] == [None, *["1"] * 4, *["2"] * 4]
    assert not root.xpath("//img")
    assert "，2 道菜" not in root.get_element_by_id("summary").text_content()


def test_a_page_whose_picture_cannot_be_opened_shows_its_lines(book: Path, tmp_path: Path) -> None:
    gone = tmp_path / "没有.pdf"
    root = html.fromstring(
        written(tmp_path / "a.html", [page_read(gone, 1), *dish("拍黄瓜", gone, lines_on(1)), page_read(book, 2)])
    )
    text = classed(root.get_element_by_id("f1-s1"), "text")[0].text_content()
    assert "没有.pdf" in text
    assert "黄瓜拍碎" in text
    assert len(root.get_element_by_id("f1-s2").xpath(".//img")) == 1


def test_formats_that_say_what_is_what_need_no_page(tmp_path: Path) -> None:
    recipe = read_recipe(Draft(title="汤", source=Source(path="a.jsonl", line=3), steps=(DraftStep("煮开。"),)))
    root = html.fromstring(written(tmp_path / "a.html", [recipe], label="/a.jsonl"))
    assert "第 3 条" in root.get_element_by_id("d1").text_content()
    assert "没有拿不准的" in root.get_element_by_id("summary").text_content()


def test_several_files_each_have_their_heading_and_costs(book: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.html"
    with Report(target, Limits()) as report:
        for event in [page_read(book, 1), *dish("拍黄瓜", book, lines_on(1))]:
            report.take(event, "/一.pdf")
        report.take(Costs(Cost(requests=3, money=0.25), paid=True), "/一.pdf")
        report.take(Rejected(path="/二.pdf", reason="/二.pdf 有密码"), "/二.pdf")
    root = html.fromstring(target.read_bytes())
    files = root.xpath("//section[@class='file']")
    assert [file.xpath("h2")[0].text_content() for file in files] == ["一.pdf", "二.pdf"]
    assert "模型用了 3 次请求，0.2500 元" in files[0].text_content()
    assert len(classed(files[0], "dish")) == 1
    assert "有密码" in files[1].text_content()


def test_a_stopped_run_leaves_the_older_report(book: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.html"
    target.write_text("旧的", encoding="utf-8")

    def events() -> Iterator[Event]:
        yield page_read(book, 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(target, events())
    assert target.read_text(encoding="utf-8") == "旧的"
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    written(target, [page_read(book, 1)])
    assert "旧的" not in target.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def a_missing_folder(folder: Path) -> Path:
    return folder / "没有" / "a.html"


def a_folder(folder: Path) -> Path:
    return folder


def a_device(folder: Path) -> Path:
    target = folder / "pipe"
    os.mkfifo(target)
    return target


@pytest.mark.parametrize("where", [a_missing_folder, a_folder, a_device])
def test_a_place_that_cannot_be_written_is_one_line_before_any_work(
    shishen: Shishen, book: Path, tmp_path: Path, where: Callable[[Path], Path]
) -> None:
    assert is_fault(shishen("read", book, "--report", where(tmp_path)), "校对页", "换一个")


def test_the_report_never_replaces_what_it_reads(book: Path) -> None:
    with pytest.raises(ShishenError, match="盖掉"), Report(book, Limits()) as report:
        report.take(page_read(book, 1), str(book))
    assert book.read_bytes().startswith(b"%PDF")


def test_a_link_is_kept_and_the_file_behind_it_replaced(book: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "a.html", tmp_path / "link.html"
    target.write_text("旧的", encoding="utf-8")
    link.symlink_to(target)
    written(link, [page_read(book, 1)])
    assert link.is_symlink()
    assert "校对" in target.read_text(encoding="utf-8")


def test_memory_stays_flat_over_a_long_book(tmp_path: Path) -> None:
    """Windows of pages, then their dishes, as the stage gives them; pictures cannot be opened, so lines are shown."""
    gone = tmp_path / "没有.pdf"

    def peak(windows: int) -> int:
        tracemalloc.start()
        with Report(tmp_path / "a.html", Limits()) as report:
            for window in range(windows):
                numbers = range(1 + 32 * window, 33 + 32 * window)
                for number in numbers:
                    report.take(page_read(gone, number, lines_on(number, ["字" * 200] * 50)), "/书.pdf")
                for number in numbers:
                    for event in dish(f"第{number}道菜", gone, lines_on(number)):
                        report.take(event, "/书.pdf")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    few, many = peak(3), peak(24)
    assert (tmp_path / "a.html").stat().st_size > 20_000_000
    assert many < few + 1_000_000


def test_a_scan_is_shown_as_straight_as_it_was_read(tmp_path: Path) -> None:
    """What stands at a place on the straightened picture stands there in the report."""
    page = Image.new("RGB", (1200, 1600), "white")
    draw = ImageDraw.Draw(page)
    for row in range(30):
        for word in range(12):
            draw.rectangle((150 + 75 * word, 200 + 40 * row, 205 + 75 * word, 216 + 40 * row), fill="black")
    draw.rectangle((900, 1420, 1000, 1480), fill="red")
    path = tmp_path / "scan.png"
    page.rotate(-4, Image.Resampling.BICUBIC, expand=True, fillcolor="white").save(path)
    with Image.open(path) as skewed:
        straight, tilt = straighten(skewed.convert("RGB"))
    assert tilt == pytest.approx(4, abs=0.3)

    def red(image: Image.Image) -> tuple[float, float]:
        """Where the middle of what is red stands, in shares of the sides."""
        pixels = np.asarray(image.convert("RGB")).astype(int)
        down, across = np.nonzero((pixels[..., 0] > 150) & (pixels[..., 1] < 100) & (pixels[..., 2] < 100))
        return float(across.mean() / image.width), float(down.mean() / image.height)

    sheet = Sheet(width=straight.width, height=straight.height, image=PageImage(str(path)), tilt=tilt)
    shown = Image.open(io.BytesIO(jpeg_of(sheet, Limits())))
    assert red(shown) == pytest.approx(red(straight), abs=0.003)


def test_a_noisy_photograph_stays_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3000, 2200, 3), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(noise).save(path)
    assert len(jpeg_of(Sheet(image=PageImage(str(path))), Limits())) < 400_000


def test_read_writes_a_report_of_a_real_book(shishen: Shishen, book: Path, tmp_path: Path) -> None:
    target = tmp_path / "校对.html"
    done = shishen("read", book, "--report", target)
    assert done.status == 0
    assert str(target) in done.err
    root = html.fromstring(target.read_bytes())
    assert len(root.xpath("//img")) == 3
    titles = [title.text_content().split()[-1] for title in root.iter("h4")]
    assert titles == ["拍黄瓜", "凉拌木耳", "拌豆腐"]
    # The region of each dish is where it was drawn: at the top, from the left margin on.
    for path in classed(root, "region"):
        left, top = map(float, re.findall(r"M([\d.]+) ([\d.]+)", path.get("d"))[0])
        assert left == pytest.approx(60, abs=3)
        assert 60 < top < 85


# --- in a browser ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if chromium is None:
        pytest.skip("no Chromium (apt-get install chromium fonts-wqy-zenhei)")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def tab(browser: "Browser", proof: Path) -> "Iterator[Tab]":
    """The proof from its file, watched: no fault in its console, no request to anywhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda request: None if request.url.startswith("data:") else faults.append(request.url))
    opened.goto(proof.as_uri())
    faults.remove(proof.as_uri())
    yield opened
    assert faults == []
    context.close()


def focused(tab: "Tab") -> str:
    return str(tab.evaluate("document.activeElement.id"))


def test_keys_jump_between_unsure_fields(tab: "Tab") -> None:
    stops = []
    for _ in range(4):
        tab.keyboard.press("n")
        stops.append(focused(tab))
        # Pictures that come in move what is below them; the page follows when it next paints.
        tab.wait_for_function(
            "id => { const b = document.getElementById(id).getBoundingClientRect();"
            " return b.top >= 0 && b.bottom <= innerHeight; }",
            arg=stops[-1],
            timeout=5000,
        )
    assert stops == ["d2-ingredients", "d2-steps", "r1", "d2-ingredients"]
    tab.keyboard.press("p")
    assert focused(tab) == "r1"
    assert tab.locator("#where").text_content() == "3/3"


def test_only_unsure_hides_the_rest(tab: "Tab") -> None:
    tab.get_by_label("只看拿不准的").check()
    assert [tab.locator(f"#d{number}").is_visible() for number in (1, 2, 3)] == [False, True, False]
    tab.locator(".summary a", has_text="书.pdf").click()
    tab.evaluate("location.hash = '#d1'")
    tab.locator("#d1").wait_for(state="visible")


def test_a_dish_lights_up_its_lines_where_they_stand(tab: "Tab") -> None:
    tab.locator("#d1 h4").hover()
    assert tab.locator(".spot.lit").evaluate_all("all => all.map(e => e.dataset.dish)") == ["1"]
    tab.locator("#d2 h4").hover()
    assert tab.locator(".spot.lit").evaluate_all("all => all.map(e => e.dataset.dish)") == ["2", "2"]
    picture = tab.locator("#f1-s1 img").bounding_box()
    region = tab.locator("#f1-s1 .region").bounding_box()
    assert picture
    assert region
    scale = picture["width"] / WIDTH
    assert region["x"] - picture["x"] == pytest.approx(60 * scale, abs=3)
    assert region["y"] - picture["y"] == pytest.approx(65 * scale, abs=3)
    assert region["width"] == pytest.approx(140 * scale, abs=5)
    assert region["height"] == pytest.approx(70 * scale, abs=5)
    # And the other way round: the lines light up the dish, and lead to it.
    tab.locator("#f1-s1 .region").hover()
    assert "lit" in str(tab.locator("#d1").get_attribute("class"))
    tab.locator("#f1-s1 .region").click()
    assert tab.url.endswith("#d1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_by_day_and_by_night(browser: "Browser", proof: Path, scheme: Literal["light", "dark"]) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    opened = context.new_page()
    opened.emulate_media(color_scheme=scheme)
    opened.goto(proof.as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert brightness > 200 if scheme == "light" else brightness < 60
    # The picture stands above what was read of it.
    picture, dish_box = opened.locator("#f1-s1 img").bounding_box(), opened.locator("#d1").bounding_box()
    assert picture
    assert dish_box
    assert picture["y"] + picture["height"] <= dish_box["y"]
    context.close()


def test_it_prints_whole(browser: "Browser", proof: Path, tmp_path: Path) -> None:
    import pypdfium2

    opened = browser.new_page()
    opened.goto(proof.as_uri())
    target = tmp_path / "print.pdf"
    opened.pdf(path=str(target), format="A4", print_background=True)
    opened.close()
    document = pypdfium2.PdfDocument(target)
    try:
        words = "".join(page.get_textpage().get_text_range() for page in document)
        assert all(title in words for title in ("拍黄瓜", "凉拌木耳", "拌豆腐"))
        assert "上一处" not in words
    finally:
        document.close()
