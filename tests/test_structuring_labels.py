"""What single lines say: labels of a recipe's parts, the numbers of steps, facts of a dish; slips of OCR included."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shishen.domains.cooking.structuring.facts import is_fact, take_labelled, take_line
from shishen.domains.cooking.structuring.labels import Part, is_table_head, label_of, split_at_labels
from shishen.domains.cooking.structuring.marks import cut_at_marks, mark_of, without_bullet

# --- labels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("材料", "ingredients"),
        ("原料", "ingredients"),
        ("主料", "ingredients"),
        ("用料表", "ingredients"),
        ("辅料", "group"),
        ("调料", "group"),
        ("腌肉料", "group"),
        ("做法", "method"),
        ("制作", "method"),
        ("步骤", "method"),
        ("烹调方法", "method"),
        ("特点", "features"),
        ("厨师一点通", "tips"),
        ("小贴士", "tips"),
        ("妈妈的叮咛", "tips"),
        ("典故", "story"),
        ("厨具", "tools"),
        ("網友評論", "ending"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "{}：",
        "{}:",
        "【{}】",
        "〖{}〗",
        "［{}］",
        "◆{}",
        "★ {} ★",
        "一、{}",
        "（一）{}",
        "「{}」",
        "■{}：",
        "{}  ",
    ],
)
def test_a_label_in_every_print(words: str, part: Part, form: str) -> None:
    label = label_of(form.format(words))
    assert label is not None
    assert (label.part, label.rest) == (part, "")


@pytest.mark.parametrize(
    ("line", "part", "rest"),
    [
        ("【原料】鸡蛋5个、盐3克", "ingredients", "鸡蛋5个、盐3克"),
        ("主料：鸡翅500克", "ingredients", "鸡翅500克"),
        ("【制法】①将鸡蛋打散。", "method", "①将鸡蛋打散。"),
        ("材料  鸡翅500克，盐3克", "ingredients", "鸡翅500克，盐3克"),
        ("原料 猪瘦肉250克，青椒2个", "ingredients", "猪瘦肉250克，青椒2个"),
        ("[特点] 色泽红亮。", "features", "色泽红亮。"),
        ("小贴士: 不要炒太久。", "tips", "不要炒太久。"),
    ],
)
def test_what_follows_a_label_on_its_line(line: str, part: Part, rest: str) -> None:
    label = label_of(line)
    assert label is not None
    assert (label.part, label.rest) == (part, rest)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("林料：鸡蛋5个", "ingredients"),
        ("【村料】", "ingredients"),
        ("调科", "group"),
        ("傲法：", "method"),
        ("做沽", "method"),
        ("【刮作】", "method"),
        ("沙骤", "method"),
        ("小帖士", "tips"),
    ],
)
def test_a_slip_of_ocr_is_known_and_told(line: str, part: Part) -> None:
    label = label_of(line)
    assert label is not None
    assert (label.part, label.slipped) == (part, True)


@pytest.mark.parametrize(
    "line", ["材 料", "材　料", "做　法：", "【 做 法 】", "材料 INGREDIENTS", "Ingredients", "作法"]
)
def test_labels_set_wide_or_in_english(line: str) -> None:
    label = label_of(line)
    assert label is not None
    assert label.part in ("ingredients", "method")
    assert not label.slipped


@pytest.mark.parametrize(
    ("line", "remark"),
    [("材料（2人份）", "2人份"), ("材料（3-4人份）：鸡翅500克", "3-4人份"), ("【用料】", ""), ("材料", "")],
)
def test_the_remark_in_brackets(line: str, remark: str) -> None:
    label = label_of(line)
    assert label is not None
    assert (label.part, label.remark) == ("ingredients", remark)


@pytest.mark.parametrize(
    "line",
    [
        "材料和调料",
        "材料/准备",
        "材料/调料",
        "材料与调料",
        "材料・调料",
        "原料|辅料",
        "食材＋酱料",
        "主料、辅料：",
        "【主料及配料】",
    ],
)
def test_a_label_of_two(line: str) -> None:
    label = label_of(line)
    assert label is not None
    assert label.part == "ingredients"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "　",
        "红烧肉",
        "红烧肉的做法",
        "五花肉 500克",
        "配菜  随意",
        "1. 五花肉切块，焯水。",
        "把调料倒入碗中搅匀。",
        "水：300毫升",
        "做法很简单，人人都会。",
        "材料都准备好以后就可以开始做了",
        "3:2",
        "【】",
        "（可不放）",
    ],
)
def test_what_is_no_label(line: str) -> None:
    assert label_of(line) is None


def test_facts_need_what_they_say() -> None:
    assert label_of("难度") is None
    label = label_of("难度：简单")
    assert label is not None
    assert (label.part, label.rest) == ("difficulty", "简单")


def test_a_line_is_cut_at_its_labels() -> None:
    line = "【原料】鸡蛋5个【制法】①打散。②炒熟（【图1】）。【特点】嫩。"
    assert split_at_labels(line) == ["【原料】鸡蛋5个", "【制法】①打散。②炒熟（【图1】）。", "【特点】嫩。"]
    assert split_at_labels("先【腌】一下") == ["先【腌】一下"]


@pytest.mark.parametrize(
    ("line", "head"),
    [
        ("原料  用量", True),
        ("序号  名 称  数量  单位  备注", True),
        ("Ingredient  Amount", True),
        ("五花肉  500克", False),
        ("原料", False),
        ("原料 用量", False),
    ],
)
def test_the_heads_of_a_table(line: str, head: bool) -> None:
    assert is_table_head(line) is head


# --- the numbers of steps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "number", "rest"),
    [
        ("1. 切块", 1, "切块"),
        ("12.切块", 12, "切块"),
        ("2、切块", 2, "切块"),
        ("3．切块", 3, "切块"),
        ("4) 切块", 4, "切块"),
        ("5）切块", 5, "切块"),
        ("(6) 切块", 6, "切块"),
        ("（7）切块", 7, "切块"),
        ("①切块", 1, "切块"),
        ("⑳ 切块", 20, "切块"),
        ("❸切块", 3, "切块"),
        ("⑴切块", 1, "切块"),
        ("⒉切块", 2, "切块"),
        ("第一步 切块", 1, "切块"),
        ("第十二步：切块", 12, "切块"),
        ("第 3 步　切块", 3, "切块"),
        ("步骤1 切块", 1, "切块"),
        ("步骤二：切块", 2, "切块"),
        ("STEP 3　切块", 3, "切块"),
        ("Step4. 切块", 4, "切块"),
        ("一、切块", 1, "切块"),
        ("二十一、切块", 21, "切块"),
        ("（三）切块", 3, "切块"),
        ("1 切块", 1, "切块"),
        ("1切块", 1, "切块"),
        ("2  切块", 2, "切块"),
        ("步骤1", 1, ""),
    ],
)
def test_a_step_s_number_in_every_form(line: str, number: int, rest: str) -> None:
    mark = mark_of(line)
    assert mark is not None
    assert (mark.number, mark.rest) == (number, rest)


@pytest.mark.parametrize(
    "line",
    ["", "切块", "3克盐", "10 分钟后出锅", "2个鸡蛋打散", "1.5厘米的丁", "350度烤熟", "1/2勺盐", "5-6只虾", "5~6 只虾",
     "一个鸡蛋", "三成热时下锅", "2025年", "99. 切块", "1小勺糖"],
)  # fmt: skip
def test_amounts_and_words_are_no_numbers_of_steps(line: str) -> None:
    assert mark_of(line) is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("①切块。②焯水。③炖。", [(1, "切块。"), (2, "焯水。"), (3, "炖。")]),
        ("1.切块。2.焯3.5分钟。3.炖。", [(1, "切块。"), (2, "焯3.5分钟。"), (3, "炖。")]),
        ("（1）切块；（2）焯水（见图（1））；（3）炖", [(1, "切块；"), (2, "焯水（见图（1））；"), (3, "炖")]),
        ("先洗净：①切块②炖", [(None, "先洗净："), (1, "切块"), (2, "炖")]),
        ("第一步，切块。第二步，炖。", [(1, "切块。"), (2, "炖。")]),
        ("一、切块。二、炖。", [(1, "切块。"), (2, "炖。")]),
        ("步骤1：切块。步骤2：炖。", [(1, "切块。"), (2, "炖。")]),
        ("3) 切块。4) 炖。", [(3, "切块。"), (4, "炖。")]),
        ("1、切块，照方案A2、调味。2、炖。", [(1, "切块，照方案A2、调味。"), (2, "炖。")]),
        ("放盐1克、糖2克拌匀。", [(None, "放盐1克、糖2克拌匀。")]),
        ("加水，约2、3碗。", [(None, "加水，约2、3碗。")]),
        ("①切块。③炖。", [(None, "①切块。③炖。")]),
        ("", [(None, "")]),
    ],
)
def test_running_text_is_cut_at_numbers_that_count_up(text: str, pieces: list[tuple[int | None, str]]) -> None:
    assert cut_at_marks(text) == pieces


def test_a_numbered_step_is_cut_at_its_own_kind_of_number_only() -> None:
    text = "1. 调汁：①醋2勺；②糖1勺。"
    assert len(cut_at_marks(text)) > 1
    assert cut_at_marks(text, "point") == [(None, text)]


@settings(max_examples=200, deadline=None)
@given(st.text("①②③一二三1234.、。（）() 切步骤第STEP", max_size=40))
def test_cutting_loses_no_words(text: str) -> None:
    pieces = cut_at_marks(text)
    kept = "".join(words for _, words in pieces)
    assert kept.count("切") == text.count("切")
    numbers = [number for number, _ in pieces if number is not None]
    assert all(b == a + 1 for a, b in pairwise(numbers))


@pytest.mark.parametrize(
    ("line", "bare"),
    [("· 盐 3克", "盐 3克"), ("- 盐", "盐"), ("•盐", "盐"), ("🌟 盐", "盐"), ("※ 盐", "盐"), ("  盐", None),
     ("【盐】", None), ("①盐", None), ("½勺盐", None), ("～5克", None), ("“盐”", None), ("—", None)],
)  # fmt: skip
def test_bullets(line: str, bare: str | None) -> None:
    assert without_bullet(line) == ((bare, True) if bare else (line.strip(), False))


# --- facts ---------------------------------------------------------------------------------------------------


def facts_of(line: str) -> dict[Part, str] | None:
    """What is taken of a line below a title; None where it is no line of facts."""
    facts: dict[Part, str] = {}
    return facts if take_line(facts, line) else None


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("3人份", {"servings": "3人份"}),
        ("2-3人份｜1小时", {"servings": "2-3人份", "minutes": "1小时"}),
        ("3人份 · 40分钟 · ★★", {"servings": "3人份", "minutes": "40分钟", "difficulty": "★★"}),
        ("约30分钟  简单", {"minutes": "约30分钟", "difficulty": "简单"}),
        ("份量：2人 时间：40分钟", {"servings": "2人", "minutes": "时间：40分钟"}),
        ("难度：★★★☆☆", {"difficulty": "★★★☆☆"}),
        ("口味：酸甜 | 菜系：川菜", {"tastes": "酸甜", "cuisine": "川菜"}),
        ("准备10分钟｜烹饪20分钟", {"part_minutes": "准备10分钟", "minutes": "烹饪20分钟"}),
        ("（又名：东坡肉）", {"aliases": "东坡肉"}),
        ("也叫糖醋里脊", {"aliases": "糖醋里脊"}),
        ("350大卡", {"calories": "350大卡"}),
        ("Braised Pork Belly", {}),
        ("hóng shāo ròu", {}),
    ],
)
def test_facts_below_a_title(line: str, facts: dict[Part, str]) -> None:
    assert facts_of(line) == facts


@pytest.mark.parametrize(
    "line", ["五花肉 500克", "盐 3克", "这道菜要炖1小时。", "肥而不腻，入口即化", "红烧肉", "", "放30分钟", "材料：盐"]
)
def test_what_is_no_line_of_facts(line: str) -> None:
    assert facts_of(line) is None


def test_what_was_said_first_stands() -> None:
    facts: dict[Part, str] = {"servings": "2人份"}
    assert take_line(facts, "4人份｜20分钟")
    assert facts == {"servings": "2人份", "minutes": "20分钟"}


def test_labelled_facts_among_other_labels() -> None:
    facts: dict[Part, str] = {}
    assert take_labelled(facts, "份量：4人 产地：四川 难度：中等")
    assert facts == {"servings": "4人", "difficulty": "中等"}
    assert not take_labelled(facts, "腌料：盐3克")


@pytest.mark.parametrize(
    ("line", "fact"), [("份量 约24块", True), ("时间 1小时", True), ("食盐 3克", False), ("份量", False)]
)
def test_a_fact_behind_a_space(line: str, fact: bool) -> None:
    assert is_fact(line) is fact
