"""Check: what a model read against the page and the rules. No dish is lost, none is doubled, none has another's id."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from shishen.content_cache import ContentCache
from shishen.engines import engine
from shishen.engines.structurer import openai, rules
from shishen.pages import Passage, PrintedLine, Reading
from shishen.protocols import Structurer
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source, recipe_id
from shishen.source_file import SourceFile
from shishen.stages.check import check
from shishen.stages.structure import Costs, PageRead, Workshop, structure
from tests.scripted_model import Answered, Asked, ScriptedModel, scripted
from tests.scripted_model import said as answered
from tests.test_reader_pdf import column, pdf, written

PAGE = 7


def passage(number: int = 1, *, read: bool = True, category: str | None = None, page: int | None = PAGE) -> Passage:
    """The dish 菜1, 菜2 … as the rules read it, the n-th of its page; two dishes more are printed below it."""
    printed = [f"菜{number}", "材料：豆腐2块 盐3克", "做法：豆腐切块。", "蛋花汤", "鸡蛋1个", "凉菜拼盘", "黄瓜2根"]
    lines = tuple(PrintedLine(text=text, page=page) for text in printed)
    known = read_by_model(f"菜{number}", number, page=page, category=category)
    known = replace(known, doubts=("先前",), lines=lines, confidence={"title": 0.8, "ingredients": 0.8, "steps": 0.7})
    return Passage(path="书.pdf", lines=lines, reading=known if read else None)


def read_by_model(title: str, line: int | None = None, *, page: int | None = PAGE, **fields: object) -> Reading:
    draft = Draft(
        title=title,
        source=Source(path="书.pdf", page=page, line=line),
        lines=(DraftLine("豆腐2块"), DraftLine("盐3克")),
        steps=(DraftStep("豆腐切块。"),),
    )
    draft = replace(draft, **fields)
    return Reading(draft=draft, confidence={"title": 0.9, "ingredients": 0.9, "steps": 0.9})


def of(passage: Passage, *readings: Reading) -> list[Reading]:
    return [replace(reading, lines=passage.lines) for reading in readings]


def rejected(line: int | None = None, page: int | None = PAGE) -> Rejected:
    return Rejected(path="书.pdf", page=page, line=line, reason=f"第 {page} 页：没有整理出来。")


def checked(results: Sequence[Reading | Rejected], passages: Sequence[Passage]) -> list[Reading | Rejected]:
    found = list(check(iter(results), passages))
    ids = [recipe_id(result.draft.source) for result in found if isinstance(result, Reading)]
    assert len(set(ids)) == len(ids)
    return found


def names(results: Sequence[Reading | Rejected]) -> list[str]:
    return [result.draft.title if isinstance(result, Reading) else "—" for result in results]


def places(results: Sequence[Reading | Rejected]) -> list[int | None]:
    return [result.draft.source.line for result in results if isinstance(result, Reading)]


# --- what the rules read -------------------------------------------------------------------------------------


def test_a_reading_of_the_rules_own_is_not_held_against_the_page() -> None:
    """A chapter's category, a mended word: they are not in the passage, and were taken from the book all the same."""
    one = passage(category="热菜")
    assert one.reading
    known = replace(one.reading, draft=replace(one.reading.draft, title="菜一号", steps=(DraftStep("豆腐切丁。"),)))
    one = replace(one, reading=known)
    doubted = replace(known, doubts=("模型没有读成；这里是按规则读的",))
    assert checked([known], [one]) == [known]
    assert checked([doubted], [one]) == [doubted]


@pytest.mark.parametrize("lost", ["title", "all", "engine", "engine without a line"])
def test_a_dish_that_the_model_lost_is_read_by_the_rules(lost: str) -> None:
    one, two, three = passage(1), passage(2), passage(3)
    made_up: dict[str, Reading | Rejected] = {
        "title": of(two, read_by_model("宫保鸡丁", 2))[0],
        "all": of(two, read_by_model("菜2", 2, lines=(DraftLine("龙虾1只"),), steps=(DraftStep("蒸熟即可。"),)))[0],
        "engine": rejected(2),
        "engine without a line": rejected(),
    }
    results: list[Reading | Rejected] = [*of(one, read_by_model("菜1", 1)), made_up[lost]]
    results += of(three, read_by_model("菜3", 3))
    first, second, third = checked(results, [one, two, three])
    assert isinstance(second, Reading)
    assert two.reading
    assert (second.draft, second.confidence, second.lines) == (two.reading.draft, two.reading.confidence, two.lines)
    assert second.doubts[0] == "先前"
    assert second.doubts[1].endswith("；这里是按规则读的")
    assert not second.doubts[1].startswith("第")
    wanted = {"title": "宫保鸡丁", "all": "材料和步骤都不在原文里"}.get(lost, "没有整理出来")
    assert wanted in second.doubts[1]
    assert names([first, third]) == ["菜1", "菜3"]


def test_what_the_rules_had_not_read_either_is_rejected() -> None:
    one, two = passage(1, read=False), passage(2, read=False, page=PAGE + 1)
    results: list[Reading | Rejected] = [*of(one, read_by_model("宫保鸡丁")), rejected(page=PAGE + 1)]
    words = checked(results, [one, two])
    assert [(word.page, "宫保鸡丁" in word.reason) for word in words if isinstance(word, Rejected)] == [
        (PAGE, True),
        (PAGE + 1, False),
    ]
    assert len(words) == 2


@pytest.mark.parametrize(
    ("given", "left"),
    [
        # The rules' dish is there: what was made up beside it is rejected.
        (["菜1", "宫保鸡丁"], ["菜1", "—"]),
        (["宫保鸡丁", "菜 1"], ["—", "菜 1"]),
        # It is not: it comes by the rules, before the others.
        (["宫保鸡丁", "蛋花汤"], ["菜1", "蛋花汤"]),
        (["宫保鸡丁", "鱼香肉丝"], ["菜1"]),
        # A better name for it is no other dish.
        (["蛋花汤"], ["蛋花汤"]),
        (["蛋花汤", "宫保鸡丁"], ["蛋花汤", "—"]),
    ],
)
def test_the_rules_step_in_for_their_own_dish_only(given: list[str], left: list[str]) -> None:
    one = passage(1)
    readings = of(one, *(read_by_model(title, 1 if n == 0 else None) for n, title in enumerate(given)))
    assert names(checked(readings, [one])) == left


def test_passages_without_an_answer_are_passed_over() -> None:
    one, two, three = (passage(number) for number in (1, 2, 3))
    assert names(checked(of(three, read_by_model("菜3", 3)), [one, two, three])) == ["菜3"]
    assert checked([], [one]) == []


def test_dishes_that_are_printed_alike_are_told_apart() -> None:
    one, two = passage(1), passage(1)
    results = [*of(one, read_by_model("菜1", 1)), *of(two, read_by_model("宫保鸡丁", 1))]
    first, second = check(results, [one, two])
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert first.doubts == ()
    assert "按规则读的" in second.doubts[-1]


def test_an_engine_that_copies_the_lines_or_leaves_them_out() -> None:
    one, two = passage(1), passage(2)
    copied = replace(read_by_model("菜1", 1), lines=tuple(replace(line) for line in one.lines))
    assert names(checked([copied, read_by_model("菜2", 2)], [one, two])) == ["菜1", "菜2"]


# --- facts that are not in the passage -----------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "热菜", "川菜"])
def test_a_chapter_s_category_is_the_dish_s(given: str | None) -> None:
    """川菜 is nowhere; 热菜 stands over the chapter, which the model has not seen."""
    one = passage(category="热菜")
    (found,) = checked(of(one, read_by_model("菜1", 1, category=given, lines=(DraftLine("豆腐2块"),))), [one])
    assert isinstance(found, Reading)
    assert found.draft.category == "热菜"
    assert any("川菜" in doubt for doubt in found.doubts) is (given == "川菜")
    assert not any("热菜" in doubt for doubt in found.doubts)


def test_a_category_that_the_model_read_is_left_as_it_is() -> None:
    one = passage(category="热菜")
    (found,) = checked(of(one, read_by_model("菜1", 1, category="凉菜")), [one])
    assert isinstance(found, Reading)
    assert found.draft.category == "凉菜"


@pytest.mark.parametrize(("category", "second"), [("热菜", "热菜"), ("凉菜", None)])
def test_of_several_dishes_the_chapter_is_all_of_theirs_and_a_label_of_one(category: str, second: str | None) -> None:
    one = passage(category=category)
    first, other = checked(of(one, read_by_model("菜1", 1), read_by_model("蛋花汤")), [one])
    assert isinstance(first, Reading)
    assert isinstance(other, Reading)
    assert (first.draft.category, other.draft.category) == (second, second)


def test_facts_that_a_model_is_not_asked_for_stay() -> None:
    one = passage()
    assert one.reading
    facts = {"tools": ("砂锅",), "calories": 300.0, "tastes": ("咸鲜",), "cuisine": "鲁菜"}
    one = replace(one, reading=replace(one.reading, draft=replace(one.reading.draft, **facts)))
    (found,) = checked(of(one, read_by_model("菜1", 1, tips=())), [one])
    assert isinstance(found, Reading)
    assert {name: getattr(found.draft, name) for name in facts} == facts


# --- places --------------------------------------------------------------------------------------------------


def test_several_dishes_of_a_passage_have_places_of_their_own() -> None:
    """The passage between them was none for the rules, though it has their number."""
    passages = [passage(1), passage(2, read=False), passage(3)]
    results = [
        *of(passages[0], read_by_model("菜1", 1), read_by_model("蛋花汤"), read_by_model("凉菜拼盘")),
        *of(passages[1], read_by_model("菜2"), read_by_model("蛋花汤")),
        *of(passages[2], read_by_model("菜3", 3), read_by_model("凉菜拼盘", page=PAGE + 1)),
    ]
    found = checked(results, passages)
    assert names(found) == ["菜1", "蛋花汤", "凉菜拼盘", "菜2", "蛋花汤", "菜3", "凉菜拼盘"]
    assert places(found) == [1, 2, 4, 5, 6, 3, 1]


@pytest.mark.parametrize("line", [1, None, 3], ids=["the same", "none", "another's"])
def test_whatever_an_engine_says_of_places(line: int | None) -> None:
    passages = [passage(1), passage(3)]
    results = [
        *of(passages[0], read_by_model("菜1", line), read_by_model("蛋花汤", line)),
        *of(passages[1], read_by_model("菜3", 3)),
    ]
    found = checked(results, passages)
    assert names(found) == ["菜1", "蛋花汤", "菜3"]
    assert places(found)[-1] == 3
    if line != 3:
        assert places(found)[0] == 1


def test_places_in_a_document_without_pages() -> None:
    one = passage(1, page=None)
    found = checked(of(one, read_by_model("菜1", 1, page=None), read_by_model("蛋花汤", page=None)), [one])
    assert places(found) == [1, 2]


# --- with a model's own engine -------------------------------------------------------------------------------

Event = Draft | Reading | Rejected | PageRead | Costs
BOOK = (
    ["家常菜"],
    ["番茄炒蛋", "材料：番茄2个 盐3克", "做法：", "1. 番茄切块。", "2. 加盐炒熟。"],
    ["拍黄瓜", "材料：黄瓜2根 盐3克", "做法：", "1. 黄瓜拍碎。", "2. 加盐拌匀。"],
    ["拌豆腐", "材料：豆腐1块 盐3克", "做法：", "1. 豆腐切丁。", "2. 加盐拌匀。"],
)


def running(tmp_path: Path, structurer: Structurer, *, checked: bool = True) -> list[Event]:
    """A real PDF with the heading of a chapter through the stage."""
    chapter, *dishes = BOOK
    path = written(tmp_path, pdf(column(chapter, size=22), *(column(lines) for lines in dishes)))
    file = SourceFile(path, path.name)
    workshop = Workshop(
        ocr=lambda: pytest.fail("nothing here is to be looked at"),
        structurer=structurer,
        cache=ContentCache(tmp_path / "kept"),
        checked=checked,
    )
    return list(structure(engine("reader", "pdf").build().read(file), file, workshop))


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ScriptedModel, openai.Options]]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with scripted(of_the_model).running() as server:
        yield server, openai.Options(base_url=server.url, model="m", retries=0)


def readings(events: Sequence[Event]) -> Iterator[Reading]:
    return (event for event in events if isinstance(event, Reading))


def of_the_model(asked: Asked) -> Answered:
    """What is printed, in the model's form; of 拍黄瓜 a dish that is nowhere."""
    title, needed, *_ = asked.last.splitlines()
    steps = re.findall(r"\d\. ?(.*)", asked.last)
    dish = {
        "title": "宫保鸡丁" if title == "拍黄瓜" else title,
        "ingredients": [{"text": text} for text in needed.removeprefix("材料：").split()],
        "steps": [{"text": text} for text in steps],
    }
    return answered(json.dumps({"dishes": [dish]}, ensure_ascii=False))


def test_a_book_with_a_model_that_makes_up_a_dish(tmp_path: Path, model: tuple[ScriptedModel, openai.Options]) -> None:
    server, options = model
    events = running(tmp_path, openai.build(options))
    found = list(readings(events))
    assert [(reading.draft.title, reading.draft.source.page) for reading in found] == [
        ("番茄炒蛋", 2),
        ("拍黄瓜", 3),
        ("拌豆腐", 4),
    ]
    assert not any(isinstance(event, Rejected) for event in events)
    assert [any("宫保鸡丁" in doubt for doubt in reading.doubts) for reading in found] == [False, True, False]
    assert [reading.draft.category for reading in found] == ["家常菜"] * 3
    assert len(server.asked) == 3


def test_what_is_not_sent_comes_out_as_the_rules_read_it(
    tmp_path: Path, model: tuple[ScriptedModel, openai.Options]
) -> None:
    server, options = model
    sure = running(tmp_path, openai.build(replace(options, only_uncertain=True, threshold=0.0)))
    by_rules = running(tmp_path, rules.build(rules.Options()), checked=False)
    assert server.asked == []
    assert list(readings(sure)) == list(readings(by_rules))
    assert [reading.draft.category for reading in readings(sure)] == ["家常菜"] * 3
