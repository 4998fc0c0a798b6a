"""Grounding: what stands on the page stays, what a model made up goes and is said."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shishen.domains.cooking.page_grounding import grounded
from shishen.domains.cooking.page_text import PrintedText, distance, flat
from shishen.pages import Reading
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source

PAGE = """水煮牛肉　　川菜
材料：牛里脊 300克、豆芽①200g、干辣椒1〇个，花椒 一大匙
葱、姜各10克  糖1½小匙 盐…………5克
料酒二十毫升　醬油適量  麵粉2OO克
八角
做法
1.牛肉切薄片，加盐、料酒腌15-20分
钟，不要腌太久。
2.锅中放油烧至五成热，下豆瓣酱炒香，
加水煮开约半小时。
够4人吃，约1小时30分钟。"""


def reading(**fields: Any) -> Reading:
    given = {"title": "水煮牛肉", "source": Source(path="书.pdf", page=12, line=2), **fields}
    return Reading(draft=Draft(**given), confidence={"title": 0.9, "ingredients": 0.8, "steps": 0.9}, doubts=("先前",))


def lines(*texts: str) -> dict[str, Any]:
    return {"lines": tuple(map(DraftLine, texts))}


def steps(*texts: str) -> dict[str, Any]:
    return {"steps": tuple(map(DraftStep, texts))}


def checked(page: str = PAGE, **fields: Any) -> Reading:
    found = grounded(reading(**fields), page)
    assert isinstance(found, Reading), found
    return found


def line(text: str, page: str = PAGE) -> tuple[str | None, str]:
    """What is left of one ingredient line, and what is said of it."""
    found = checked(page, **lines(text), **steps("加水煮开约半小时"))
    return next((kept.text for kept in found.draft.lines), None), "；".join(found.doubts[1:])


# --- ingredient lines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "牛里脊 300克",
        "牛里脊300克",
        "牛里脊：３００克",
        "豆芽200g",
        "豆芽 200g",
        "干辣椒10个",
        "干辣椒1〇个",
        "花椒一大匙",
        "葱、姜各10克",
        "姜各10克",
        "糖1½小匙",
        "糖 1 1/2小匙",
        "盐5克",
        "盐……5克",
        "料酒二十毫升",
        "酱油适量",
        "醬油適量",
        "面粉200克",
        "八角",
        "牛里脊 300克、豆芽200g",
    ],
)
def test_what_is_printed_stays_without_a_word(text: str) -> None:
    assert line(text) == (text, "")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("牛里脊 30克", "牛里脊"),
        ("牛里脊 3000克", "牛里脊"),
        ("牛里脊 300毫升", "牛里脊"),
        ("豆芽20g", "豆芽"),
        ("豆芽2g", "豆芽"),
        ("干辣椒1个", "干辣椒"),
        ("糖1/2小匙", "糖"),
        ("糖2小匙", "糖"),
        ("盐50克", "盐"),
        ("盐 0.5克", "盐"),
        ("盐300克", "盐"),
        ("姜 15克", "姜"),
        ("八角2个", "八角"),
        ("八角少许", "八角"),
        ("料酒十毫升", "料酒"),
        ("面粉2克", "面粉"),
    ],
)
def test_an_invented_amount_goes_and_the_name_stays(text: str, left: str) -> None:
    kept, said = line(text)
    assert kept == left
    assert said == f"材料「{text}」的用量不在原文里，只留下「{left}」"


@pytest.mark.parametrize("text", ["龙虾 300克", "香菜", "生抽适量", "猪里脊 300克", "12345678901", "白芝麻 5克"])
def test_an_invented_name_goes_with_its_amount(text: str) -> None:
    assert line(text) == (None, f"材料「{text}」不在原文里，去掉了")


@pytest.mark.parametrize("text", ["牛里脊 三百克", "料酒 20ml", "花椒1大匙", "牛里脊300g", "300克牛里脊", "糖 1.5小匙"])
def test_another_way_to_write_the_same_stays_to_be_looked_at(text: str) -> None:
    kept, said = line(text)
    assert kept == text
    assert said == f"材料「{text}」的写法和原文不同，请核对"


def test_of_a_line_of_several_things_the_others_stay() -> None:
    kept, said = line("牛里脊300克、龙虾1只、盐50克")
    assert kept == "牛里脊300克、盐"
    assert "龙虾1只" in said
    assert "盐50克" in said


@pytest.mark.parametrize(
    ("texts", "sure"),
    [
        (["盐5克", "八角"], 0.8),
        (["盐5克", "八角2个"], 0.6),
        (["盐50克", "八角2个"], 0.4),
        (["盐5克", "香菜"], 0.4),
        (["盐5克、龙虾1只", "八角"], 0.6),
        (["豆芽 200g", *["八角"] * 60, "盐50克"], 0.79),
        # Another way to write it is for a person to look at, and nothing is gone.
        (["料酒 20ml"], 0.8),
    ],
)
def test_the_confidence_falls_by_what_was_dropped(texts: list[str], sure: float) -> None:
    """By half of an ingredient that only lost its amount; however long the list, it shows."""
    assert checked(**lines(*texts), **steps("加水煮开约半小时")).confidence == {
        "title": 0.9,
        "ingredients": sure,
        "steps": 0.9,
    }


def test_what_was_dropped_shows_where_the_model_said_nothing_of_it() -> None:
    given = replace(reading(**lines("盐50克"), **steps("加水煮开约半小时")), confidence={"title": 0.9})
    found = grounded(given, PAGE)
    assert isinstance(found, Reading)
    assert found.confidence == {"title": 0.9, "ingredients": 0.5}


def test_headings_that_are_not_printed_go() -> None:
    given = (DraftLine("盐5克", "材料"), DraftLine("豆芽200g", "秘制酱料"), DraftLine("八角", "秘制酱料"))
    found = checked(lines=given, steps=(DraftStep("加水煮开约半小时", "做法"), DraftStep("炒香", "收尾")))
    assert [kept.group for kept in found.draft.lines] == ["材料", None, None]
    assert [kept.section for kept in found.draft.steps] == ["做法", None]
    assert len([doubt for doubt in found.doubts if "秘制酱料" in doubt]) == 1


@pytest.mark.parametrize(
    ("page", "text"), [("菜 鸡蛋15个", "鸡蛋5个"), ("菜 鸡蛋1.5个", "鸡蛋5个"), ("菜 鸡蛋1/5个", "鸡蛋5个")]
)
def test_a_number_is_a_whole_number(page: str, text: str) -> None:
    found = grounded(reading(title="菜", **lines(text), **steps("菜")), page)
    assert isinstance(found, Reading)
    assert [kept.text for kept in found.draft.lines] == ["鸡蛋"]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("15个鸡蛋", "5个鸡蛋"),
        ("1.5个鸡蛋", "5个鸡蛋"),
        ("盐50克", "盐5"),
        ("盐5.5克", "盐5"),
        ("二十克盐", "十克盐"),
        ("盐二十克", "盐二"),
    ],
)
def test_a_number_at_the_edge_is_a_whole_number(page: str, words: str) -> None:
    assert flat(words) in flat(page)
    assert not PrintedText(page).has(words)
    assert PrintedText(f"{page}，{words}").has(words)


@pytest.mark.parametrize(
    "page",
    [
        "菜\n盐 5\n20 分钟",
        "菜 盐5克①20分钟",
        "菜 盐5、20分钟",
        "菜 盐五、二十分钟",
    ],
)
def test_numbers_do_not_grow_together(page: str) -> None:
    text = PrintedText(page)
    assert text.lacking("煮20分钟") == []
    assert text.lacking("煮520分钟")
    assert text.lacking("煮52分钟")


def test_a_chinese_number_over_a_line_s_end_is_one() -> None:
    assert PrintedText("腌二\n十分钟").lacking("腌20分钟") == []
    assert PrintedText("腌二\n十分钟").has("腌二十分钟")


# --- steps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "牛肉切薄片，加盐、料酒腌15-20分钟，不要腌太久。",
        "1. 牛肉切薄片，加盐、料酒腌15～20分钟，不要腌太久",
        "牛肉切薄片，加鹽、料酒腌15-20分鐘，不要腌太久。",
        "锅中放油烧至五成热，下豆瓣醤炒香，加水煮开约半小时。",
        "锅中放油烧至五成热，下豆办酱炒香，加水煮开约半小时。",
        "加水煮开约半小时。牛肉切薄片。",
    ],
)
def test_a_step_that_is_printed_stays(text: str) -> None:
    found = checked(**steps(text))
    assert [kept.text for kept in found.draft.steps] == [text]
    assert found.doubts == ("先前",)
    assert found.confidence["steps"] == 0.9


@pytest.mark.parametrize(
    "text",
    [
        "牛肉切薄片，加盐、料酒腌15-25分钟，不要腌太久。",
        "牛肉切薄片，加盐、料酒腌5分钟。",
        "牛肉切薄片，加盐、料酒腌15克。",
        "锅中放油烧至五成热，下豆瓣酱炒香，加水煮开约40分钟。",
        "锅中放油烧至八成热，下豆瓣酱炒香，加水煮开约半小时。",
        "锅中放油烧至五成热，下豆瓣酱不炒香，加水煮开约半小时。",
        "最后撒上香菜即可上桌",
        "加糖",
        "牛肉切薄片，焯水去血沫，捞出洗净沥干备用，加盐、料酒腌15-20分钟。",
    ],
)
def test_a_step_that_is_not_goes(text: str) -> None:
    found = checked(**steps(text, "加水煮开约半小时"))
    assert [kept.text for kept in found.draft.steps] == ["加水煮开约半小时"]
    assert text in found.doubts[-1]
    assert found.confidence["steps"] == 0.45
    assert found.confidence["title"] == 0.9


def test_a_number_of_another_step_is_not_this_step_s() -> None:
    """Both times are printed, each in its place; a model that mixes them up is found out."""
    page = "菜\n1.排骨冷水下锅，焯水3分钟捞出洗净。\n2.砂锅加水没过排骨，小火慢炖90分钟至软烂。"
    assert PrintedText(page).says("排骨冷水下锅，绰水3分钟捞出洗净。")
    assert not PrintedText(page).says("排骨冷水下锅，焯水90分钟捞出洗净。")
    assert not PrintedText(page).says("砂锅加水没过排骨，小火慢炖3分钟至软烂。")


def test_a_step_may_go_on_after_what_stands_between() -> None:
    """Joined over a column's end, with the page's number between its halves."""
    page = "菜\n锅里倒油烧热，放入葱姜蒜和\n厨房一点通 第23页 川菜\n干辣椒爆香，倒入牛肉翻炒均匀即可。"
    text = "锅里倒油烧热，放入葱姜蒜和干辣椒爆香，倒入牛肉翻炒均匀即可。"
    assert PrintedText(page).says(text)
    assert not PrintedText(page).says(text.replace("干辣椒", "青花椒和八角"))


# --- the other fields ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["水煮鱼", "水煮牛肉片", "？", "", "2水煮牛肉"])
def test_a_title_that_is_not_printed_rejects_the_dish(title: str) -> None:
    found = grounded(reading(title=title, **steps("加水煮开约半小时")), PAGE)
    assert isinstance(found, Rejected)
    assert (found.path, found.line) == ("书.pdf", 2)
    assert found.reason.startswith("第 12 页：模型给的菜名")


@pytest.mark.parametrize("title", ["水煮牛肉", "水 煮 牛 肉", "【水煮牛肉】", "水煮\n牛肉"])
def test_a_title_that_is_printed(title: str) -> None:
    assert checked(title=title, **steps("加水煮开约半小时")).draft.title == title


def test_nothing_grounded_is_rejected() -> None:
    found = grounded(reading(**lines("龙虾1只"), **steps("蒸熟即可食用")), PAGE)
    assert isinstance(found, Rejected)
    assert "材料和步骤都不在原文里" in found.reason


def test_short_fields() -> None:
    good: dict[str, Any] = {
        "servings": "4人",
        "minutes": 90.0,
        "category": "川菜",
        "aliases": ("水煮牛肉",),
        "tips": ("不要腌太久",),
    }
    found = checked(**good, **steps("加水煮开约半小时"))
    assert {name: getattr(found.draft, name) for name in good} == good
    assert found.doubts == ("先前",)


@pytest.mark.parametrize(
    ("field", "value", "empty"),
    [
        ("servings", "6人份", None),
        ("servings", "40人", None),
        ("minutes", 45.0, None),
        ("minutes", 9.0, None),
        ("difficulty", 3, None),
        ("calories", 450.0, None),
        ("category", "湘菜", None),
        ("cuisine", "粤菜", None),
        ("aliases", ("麻辣牛肉",), ()),
        ("tastes", ("麻辣",), ()),
        ("tools", ("高压锅",), ()),
        ("tips", ("放2勺醋更香",), ()),
        ("description", "重庆人最爱的一道菜", None),
        ("features", "麻辣鲜香", None),
    ],
)
def test_a_field_that_is_not_printed_goes_and_is_said(field: str, value: Any, empty: Any) -> None:
    found = checked(**{field: value}, **steps("加水煮开约半小时"))
    assert getattr(found.draft, field) == empty
    assert len(found.doubts) == 2


@pytest.mark.parametrize("minutes", [15.0, 20.0, 30.0, 90.0])
def test_times_that_are_printed(minutes: float) -> None:
    assert checked(minutes=minutes, **steps("加水煮开约半小时")).draft.minutes == minutes


@pytest.mark.parametrize("page", ["菜 难度：★★★", "菜 难度 中等", "菜 三星"])
def test_a_difficulty_that_is_printed(page: str) -> None:
    found = grounded(reading(title="菜", difficulty=3, **steps("菜")), page)
    assert isinstance(found, Reading)
    assert found.draft.difficulty == 3


def test_what_is_not_said_is_left_alone() -> None:
    given = reading(**lines("盐5克"), **steps("炒香"))
    given = replace(given, draft=replace(given.draft, images=("a.png",), extra={"x": 1}))
    assert grounded(given, PAGE) == given


# --- the pieces ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("牛 肉\n３００ 克", "牛肉300克"),
        ("1½杯", "1 1/2杯"),
        ("½杯", "1/2杯"),
        ("l0克", "10克"),
        ("2OO克", "200克"),
        ("１○○g", "100g"),
        ("3—5分鐘", "3-5分钟"),
        ("3 至 5分", "3-5分"),
        ("1,000克", "1,000克"),
        ("2oog 2oz 3O 1〇〇克", "200g2oz30 100克"),
        ("5 20", "5 20"),
        ("5\n20", "5|20"),
        ("盐\u200b5\u00ad克", "盐5克"),
        ("一、二", "一|二"),
        ("ＯＫ oil", "okoil"),
    ],
)
def test_flat(text: str, plain: str) -> None:
    assert flat(text) == plain


@given(st.text(alphabet="甲乙丙1", max_size=12), st.text(alphabet="甲乙丙1", max_size=40))
@settings(max_examples=300, deadline=None)
def test_distance_is_what_the_slow_way_finds(wanted: str, text: str) -> None:
    """Sellers' table, a row at a time: the start in the text is free, and so is the end."""
    row = list(range(len(wanted) + 1))
    best = row[-1]
    for character in text:
        above, row = row, [0]
        for i, wanted_character in enumerate(wanted, 1):
            row.append(min(row[-1] + 1, above[i] + 1, above[i - 1] + (wanted_character != character)))
        best = min(best, row[-1])
    assert distance(wanted, text) == best


_words = st.text(max_size=60)


@given(_words, st.lists(_words, max_size=4), st.lists(_words, max_size=4), _words)
@settings(max_examples=400, deadline=None)
def test_any_text_is_judged(title: str, given_lines: list[str], given_steps: list[str], page: str) -> None:
    given = reading(title=title, servings=title, tips=tuple(given_steps), **lines(*given_lines), **steps(*given_steps))
    found = grounded(given, page)
    if isinstance(found, Reading):
        text = PrintedText(page)
        assert text.has(found.draft.title)
        assert not any(text.lacking(kept.text) for kept in found.draft.steps if not text.has(kept.text))


@given(st.lists(st.sampled_from([c for c in PAGE.splitlines() if c]), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_what_is_copied_is_never_lost(copied: list[str]) -> None:
    found = checked(**lines(*copied), **steps(*copied))
    assert [kept.text for kept in found.draft.lines] == copied
    assert [kept.text for kept in found.draft.steps] == copied


@pytest.mark.parametrize("page", ["甲乙，" * 7000, "1 2 3 " * 4000, "一" * 20_000, "½" * 20_000, "l" * 20_000])
def test_long_pages_take_no_long_time(page: str) -> None:
    given = reading(title=page[:1], **lines(page[:3000], "甲" * 3000), **steps("甲丙，" * 1600, "乙" * 20_000, page))
    begun = time.process_time()
    grounded(given, page)
    assert time.process_time() - begun < 3
