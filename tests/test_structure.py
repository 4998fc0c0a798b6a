"""Structure: pages → readings. Looked at in parallel, in order, once; what a model invents is caught."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image
from PIL.Image import Image as Picture

from shishen.content_cache import ContentCache
from shishen.engines import engine
from shishen.engines.structurer import rules
from shishen.errors import ShishenError, UnreadableFile
from shishen.model_client import Unanswered
from shishen.pages import Box, Page, PageImage, Passage, PrintedLine, Reading, Span
from shishen.protocols import Cost, Ocr, Structurer
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from shishen.source_file import SourceFile
from shishen.stages.structure import WINDOW, Costs, PageRead, Workshop, structure
from tests import samples
from tests.test_reader_pdf import both, column, pdf, written
from tests.test_reader_pdf import scan as picture

ROOT = Path(__file__).parent.parent
DISHES = ("番茄炒蛋", "拍黄瓜", "麻婆豆腐", "红烧肉", "紫菜汤", "蛋炒饭", "炖排骨", "蒸水蛋")


def page_of(title: str) -> tuple[str, ...]:
    return (title, *samples.LINES[1:])


def spans_of(texts: Sequence[str], confidence: float = 0.93) -> tuple[Span, ...]:
    """What an OCR engine finds of lines: boxes a little uneven, in no order."""
    spans = []
    for number, text in enumerate(texts):
        size = 30.0 if number == 0 else 20.0
        top = 60 + 40.0 * number + number % 3
        box = Box(50 + number % 2, top, 50 + size * len(text), top + size)
        spans.append(Span(text=text, box=box, size=size, confidence=confidence))
    return tuple(spans[::-1])


class Eye:
    """Knows the pages of `scanned` by their brightness; notes what it looks at, by whom, and may fail at a page."""

    def __init__(self, identity: str = "eye 1") -> None:
        self.identity = identity
        self.seen: list[int] = []
        self.threads: set[str] = set()
        self.slow: Callable[[int], float] = lambda _: 0.0
        self.fails_at: dict[int, Exception] = {}
        self.confidence = 0.93

    def read(self, image: Picture) -> Page:
        number = round(image.getpixel((150, 200))[0] / 10)  # type: ignore[index]
        time.sleep(self.slow(number))
        if number in self.fails_at:
            raise self.fails_at[number]
        self.seen.append(number)
        self.threads.add(threading.current_thread().name)
        texts = page_of(DISHES[number - 1]) if number else ()
        return Page(spans=spans_of(texts, self.confidence), width=float(image.width), height=float(image.height))


def blind() -> Ocr:
    raise UnreadableFile("没有 OCR；请运行 pip install 'shishen[ocr]'。")


def never() -> Ocr:
    raise AssertionError("nothing here is to be looked at")


@pytest.fixture
def eye() -> Eye:
    return Eye()


def workshop(tmp_path: Path, eye: Ocr | None, **options: object) -> Workshop:
    chosen = Workshop(
        ocr=(lambda: eye) if eye else blind,
        structurer=rules.build(rules.Options()),
        cache=ContentCache(tmp_path / "kept"),
        dpi=72,
    )
    return replace(chosen, **options)


def scanned(tmp_path: Path, count: int, name: str = "扫描.pdf", first: int = 1) -> Path:
    """A book of pictures, the n-th of brightness 10 n."""
    shades = [Image.new("RGB", (300, 400), (10 * n, 10 * n, 10 * n)) for n in range(first, first + count)]
    path = tmp_path / name
    shades[0].save(path, "PDF", save_all=True, append_images=shades[1:], quality=100)
    return path


Event = Draft | Reading | Rejected | PageRead | Costs


def run(path: Path, workshop: Workshop | None) -> Iterator[Event]:
    file = SourceFile(path, path.name)
    return structure(engine("reader", "pdf").build().read(file), file, workshop)


def titles(events: Iterable[Event]) -> list[str]:
    return [event.draft.title for event in events if isinstance(event, Reading)]


def rejected(events: Iterable[Event]) -> list[Rejected]:
    return [event for event in events if isinstance(event, Rejected)]


# --- looking -------------------------------------------------------------------------------------------------


def test_pages_that_are_pictures_are_looked_at(tmp_path: Path, eye: Eye) -> None:
    events = list(run(scanned(tmp_path, 3), workshop(tmp_path, eye)))
    assert titles(events) == list(DISHES[:3])
    assert sorted(eye.seen) == [1, 2, 3]
    reading = next(event for event in events if isinstance(event, Reading))
    assert [line.text for line in reading.draft.lines] == ["番茄 2个", "鸡蛋 3个", "盐 3克"]
    assert [step.text for step in reading.draft.steps] == ["番茄切块，鸡蛋打散。", "下锅炒熟，加盐出锅。"]
    assert (reading.draft.source.path, reading.draft.source.page) == ("扫描.pdf", 1)
    read = [event for event in events if isinstance(event, PageRead)]
    assert [event.page.number for event in read] == [1, 2, 3]
    assert [line.text for line in read[1].lines] == list(page_of("拍黄瓜"))
    assert {line.confidence for line in read[1].lines} == {0.93}


def test_what_was_seen_is_never_as_sure_as_what_was_there(tmp_path: Path, eye: Eye) -> None:
    eye.confidence = 1.0
    (reading,) = (e for e in run(scanned(tmp_path, 1), workshop(tmp_path, eye)) if isinstance(e, Reading))
    assert all(line.confidence < 1 for line in reading.lines)


def test_pages_with_text_are_not_looked_at(tmp_path: Path) -> None:
    path = written(tmp_path, samples.pdf(*map(page_of, DISHES[:3])))
    events = list(run(path, workshop(tmp_path, None, ocr=never)))
    assert titles(events) == list(DISHES[:3])
    assert rejected(events) == []


def test_the_order_is_kept_whoever_is_done_first(tmp_path: Path, eye: Eye) -> None:
    eye.slow = lambda number: 0.12 / number
    events = list(run(scanned(tmp_path, 8), workshop(tmp_path, eye, workers=4)))
    assert titles(events) == list(DISHES)
    assert [event.page.number for event in events if isinstance(event, PageRead)] == list(range(1, 9))
    assert len(eye.threads) > 1
    assert eye.seen != sorted(eye.seen)


def test_a_book_that_was_stopped_goes_on_without_looking_twice(tmp_path: Path, eye: Eye) -> None:
    path = scanned(tmp_path, 6)
    eye.fails_at[4] = ShishenError("连不上。")
    with pytest.raises(ShishenError, match="连不上"):
        list(run(path, workshop(tmp_path, eye, workers=1)))
    assert eye.seen[:3] == [1, 2, 3]
    again = Eye()
    assert titles(run(path, workshop(tmp_path, again, workers=1))) == list(DISHES[:6])
    assert not set(again.seen) & {1, 2, 3}
    assert 4 in again.seen
    third = Eye()
    assert titles(run(path, workshop(tmp_path, third))) == list(DISHES[:6])
    assert third.seen == []


def test_a_moved_book_is_the_same_and_a_changed_one_is_not(tmp_path: Path, eye: Eye) -> None:
    path = scanned(tmp_path, 2)
    list(run(path, workshop(tmp_path, eye)))
    moved = path.rename(tmp_path / "又名.pdf")
    assert titles(run(moved, workshop(tmp_path, eye))) == list(DISHES[:2])
    assert len(eye.seen) == 2
    list(run(scanned(tmp_path, 2, first=2), workshop(tmp_path, eye)))
    assert len(eye.seen) == 4


@pytest.mark.parametrize("change", ["engine", "resolution"])
def test_another_engine_or_resolution_looks_again(tmp_path: Path, eye: Eye, change: str) -> None:
    path = scanned(tmp_path, 2)
    list(run(path, workshop(tmp_path, eye)))
    other = Eye("eye 2" if change == "engine" else "eye 1")
    list(run(path, workshop(tmp_path, other, dpi=72 if change == "engine" else 100)))
    assert sorted(other.seen) == [1, 2]


def test_without_ocr_it_is_said_once_and_text_is_read(tmp_path: Path) -> None:
    first, second = (column(page_of(title)) for title in DISHES[:2])
    path = written(tmp_path, pdf(first, picture, second, picture))
    events = list(run(path, workshop(tmp_path, None)))
    assert titles(events) == list(DISHES[:2])
    (word,) = rejected(events)
    assert (word.page, word.path) == (2, "书.pdf")
    assert "pip install" in word.reason
    assert "\n" not in word.reason


def test_without_ocr_a_lone_picture_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="pip install"):
        list(run(scanned(tmp_path, 1), workshop(tmp_path, None)))


def test_a_page_that_a_model_did_not_answer_for_costs_that_page_only(tmp_path: Path, eye: Eye) -> None:
    eye.fails_at[2] = Unanswered("没有回答。")
    path = scanned(tmp_path, 3)
    events = list(run(path, workshop(tmp_path, eye)))
    assert titles(events) == [DISHES[0], DISHES[2]]
    (word,) = rejected(events)
    assert word.page == 2
    eye.fails_at.clear()
    assert titles(run(path, workshop(tmp_path, eye))) == list(DISHES[:3])
    assert sorted(eye.seen) == [1, 2, 3]


def test_a_picture_of_a_cat_is_one_line(tmp_path: Path, eye: Eye) -> None:
    with pytest.raises(UnreadableFile, match="看不到文字"):
        list(run(scanned(tmp_path, 1, first=0), workshop(tmp_path, eye)))


def test_a_book_without_a_dish_is_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, pdf(column(["前言", "这是一本好书，写给爱吃的人，祝您胃口好。", "编者于某年某月某日。"])))
    (word,) = rejected(run(path, workshop(tmp_path, None)))
    assert "没有找到菜谱" in word.reason


def test_a_long_book_comes_window_by_window(tmp_path: Path) -> None:
    """The first dishes are out long before the last page was asked for."""
    count = 3 * WINDOW
    path = written(tmp_path, pdf(*(column(page_of(DISHES[n % 8])) for n in range(count))))
    asked: list[int] = []

    def pages() -> Iterator[Draft | Page | Rejected]:
        for page in engine("reader", "pdf").build().read(SourceFile(path)):
            asked.append(1)
            yield page

    events = structure(pages(), SourceFile(path), workshop(tmp_path, None))
    assert next(event for event in events if isinstance(event, Reading)).draft.title == DISHES[0]
    assert len(asked) <= WINDOW + 1
    assert len(titles(events)) == count - 1


def mixed(tmp_path: Path, pictures: Sequence[int], asked: list[int], count: int) -> Iterator[Page]:
    """Pages of text, and pictures at these numbers; notes which were asked for."""
    scans = scanned(tmp_path, len(pictures))
    for number in range(1, count + 1):
        asked.append(number)
        if number in pictures:
            image = PageImage(str(scans), pictures.index(number) + 1)
            yield Page(number=number, count=count, image=image)
        else:
            spans = spans_of(page_of(DISHES[number % 8]), confidence=1.0)
            yield Page(number=number, count=count, spans=spans, width=300.0, height=400.0)


def test_pictures_far_apart_in_a_book_of_text_are_looked_at_together(tmp_path: Path, eye: Eye) -> None:
    together = threading.Barrier(4, timeout=5)
    eye.slow = lambda _: 0.0 * together.wait()
    pictures, count = (1, 9, 17, 25), 2 * WINDOW
    file = SourceFile(written(tmp_path, b"x"))
    events = list(structure(mixed(tmp_path, pictures, [], count), file, workshop(tmp_path, eye, workers=4)))
    assert [event.page.number for event in events if isinstance(event, PageRead)] == list(range(1, count + 1))
    wanted = [
        DISHES[pictures.index(number)] if number in pictures else DISHES[number % 8] for number in range(1, count + 1)
    ]
    assert titles(events) == wanted


def test_a_page_that_takes_long_does_not_draw_the_book_into_memory(tmp_path: Path, eye: Eye) -> None:
    eye.slow = lambda _: 0.3
    asked: list[int] = []
    file = SourceFile(written(tmp_path, b"x"))
    events = structure(mixed(tmp_path, (2,), asked, 20 * WINDOW), file, workshop(tmp_path, eye))
    next(event for event in events if isinstance(event, PageRead))
    assert len(asked) <= 2 * WINDOW + 2
    assert len([event for event in events if isinstance(event, PageRead)]) == 20 * WINDOW - 1


ASKED = """
import sys
from shishen.cli import main
sys.argv = ["shishen", "ask", "番茄炒蛋"]
try:
    main()
finally:
    print(*(name for name in sys.modules if name.startswith(("shishen.layout", "shishen.domains.cooking.struct"))))
"""


def test_who_asks_for_a_dish_loads_nothing_that_reads_books() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=True)
    *answer, loaded = done.stdout.splitlines()
    assert any("西红柿" in line or "番茄" in line for line in answer)
    assert loaded == ""


def test_a_dish_over_the_end_of_a_window_is_one(tmp_path: Path) -> None:
    halves = [column(page_of(DISHES[n % 8])) for n in range(WINDOW - 1)]
    lines = page_of("红烧肉")
    last = [column(lines[:6]), column([lines[6], "2. 加水，小火慢炖。"])]
    path = written(tmp_path, pdf(*halves, last[0], both(last[1]), column(page_of("拍黄瓜"))))
    readings = [event for event in run(path, workshop(tmp_path, None)) if isinstance(event, Reading)]
    assert len(readings) == WINDOW + 1
    pork = readings[WINDOW - 1].draft
    assert (pork.title, pork.source.page) == ("红烧肉", WINDOW)
    assert [step.text for step in pork.steps] == ["番茄切块，鸡蛋打散。", "加水，小火慢炖。"]


# --- structuring ---------------------------------------------------------------------------------------------


class Model:
    """A structurer by hand, as a model may be: by the passage's title it tells the truth, invents, drops, gives up."""

    def __init__(self, answers: Callable[[Passage], Reading | Rejected | None]) -> None:
        self._answers = answers
        self.sent = 0

    def estimate(self, passages: Sequence[Passage]) -> Cost | None:
        return Cost(requests=len(passages), input_tokens=100 * len(passages))

    def structure(self, passages: Iterable[Passage]) -> Iterator[Reading | Rejected]:
        for passage in passages:
            self.sent += 1
            if (answer := self._answers(passage)) is not None:
                yield answer

    def spent(self) -> Cost | None:
        return Cost(requests=self.sent, input_tokens=90 * self.sent)


def of_a_model(passage: Passage, title: str, lines: Sequence[str], steps: Sequence[str]) -> Reading:
    page = passage.lines[0].page
    draft = Draft(
        title=title,
        source=Source(path=passage.path, page=page, line=1),
        lines=tuple(DraftLine(line) for line in lines),
        steps=tuple(DraftStep(step) for step in steps),
    )
    return Reading(draft=draft, confidence={"title": 1.0, "ingredients": 1.0, "steps": 1.0}, lines=passage.lines)


def with_model(
    tmp_path: Path, answers: Callable[[Passage], Reading | Rejected | None], *, checked: bool = True
) -> list[Event]:
    structurer: Structurer = Model(answers)
    path = written(tmp_path, samples.pdf(page_of("番茄炒蛋")))
    return list(run(path, workshop(tmp_path, None, structurer=structurer, checked=checked)))


TRUE = (["番茄 2个", "鸡蛋 3个", "盐 3克"], ["番茄切块，鸡蛋打散。", "下锅炒熟，加盐出锅。"])


def test_what_stands_on_the_page_is_kept_as_it_is(tmp_path: Path) -> None:
    events = with_model(tmp_path, lambda passage: of_a_model(passage, "番茄炒蛋", *TRUE))
    (reading,) = (event for event in events if isinstance(event, Reading))
    assert [line.text for line in reading.draft.lines] == TRUE[0]
    assert reading.doubts == ()


@pytest.mark.parametrize(
    ("lines", "steps", "gone"),
    [
        (["番茄 2个", "鸡蛋 4个", "盐 3克"], TRUE[1], "鸡蛋 4个"),
        (["番茄 2个", "鸡蛋 3个", "盐 30克"], TRUE[1], "盐 30克"),
        ([*TRUE[0], "白糖 5克"], TRUE[1], "白糖 5克"),
        (TRUE[0], [*TRUE[1], "撒上葱花，焖10分钟。"], "撒上葱花"),
    ],
    ids=["amount", "digit", "ingredient", "step"],
)
def test_what_a_model_invents_is_dropped_and_said(
    tmp_path: Path, lines: list[str], steps: list[str], gone: str
) -> None:
    events = with_model(tmp_path, lambda passage: of_a_model(passage, "番茄炒蛋", lines, steps))
    (reading,) = (event for event in events if isinstance(event, Reading))
    kept = [line.text for line in reading.draft.lines] + [step.text for step in reading.draft.steps]
    assert not any(gone in text for text in kept)
    assert any(gone[:4] in doubt for doubt in reading.doubts)
    unsure = {name for name, sure in reading.confidence.items() if sure < 1}
    assert unsure == ({"steps"} if gone == "撒上葱花" else {"ingredients"})


def test_the_rules_own_reading_is_not_checked(tmp_path: Path) -> None:
    events = with_model(tmp_path, lambda passage: of_a_model(passage, "宫保鸡丁", *TRUE), checked=False)
    assert titles(events) == ["宫保鸡丁"]


def test_the_cost_is_told_before_and_after(tmp_path: Path) -> None:
    events = with_model(tmp_path, lambda passage: of_a_model(passage, "番茄炒蛋", *TRUE))
    costs = [(event.paid, event.cost.requests, event.cost.input_tokens) for event in events if isinstance(event, Costs)]
    assert costs == [(False, 1, 100), (True, 1, 90)]
    kinds = [type(event) for event in events]
    assert kinds.index(Costs) < kinds.index(Reading)


# --- what needs no workshop ----------------------------------------------------------------------------------


def test_drafts_pass_as_they_are(tmp_path: Path) -> None:
    draft = Draft(title="红烧肉", source=Source(path="a"))
    word = Rejected(path="a", line=2, reason="坏了。")
    file = SourceFile(written(tmp_path, b"x"))
    assert list(structure([draft, word], file, None)) == [draft, word]
    assert list(structure([draft, word], file, workshop(tmp_path, None))) == [draft, word]


def test_lines_that_flow_need_no_eye(tmp_path: Path) -> None:
    lines = tuple(PrintedLine(text=text) for text in page_of("拍黄瓜"))
    file = SourceFile(written(tmp_path, b"x", "a.txt"), "a.txt")
    (reading,) = (
        e for e in structure([Page(lines=lines)], file, workshop(tmp_path, None, ocr=never)) if isinstance(e, Reading)
    )
    assert (reading.draft.title, reading.draft.source.page) == ("拍黄瓜", None)
