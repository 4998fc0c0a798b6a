"""The words of dish names and their aliases."""

import pytest

from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.words import (
    Lexicon,
    aliases,
    bare,
    canonical_dish,
    canonical_ingredient,
    canonical_words,
    segment,
)


def cut(text: str) -> list[str]:
    return [word.text for word in segment(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("红烧鲈鱼怎么做", ["红烧", "鲈鱼", "怎么做"]),
        ("鸡蛋饼", ["鸡蛋饼"]),
        ("我想吃番茄鸡蛋汤", ["我想吃", "番茄", "鸡蛋", "汤"]),
        ("mapo doufu", ["mapo", "doufu"]),
        ("b52轰炸", ["b52", "轰", "炸"]),
        ("，。！", []),
    ],
)
def test_a_text_is_cut_into_known_words(text: str, words: list[str]) -> None:
    assert cut(text) == words


def test_words_keep_their_place() -> None:
    text = "请问 红烧肉！"
    assert [text[word.start : word.end] for word in segment(text)] == cut(text)


@pytest.mark.parametrize(
    "group", [("西红柿", "番茄", "蕃茄"), ("土豆", "马铃薯", "洋芋"), ("包菜", "卷心菜", "圆白菜")]
)
def test_the_aliases_of_the_issue_are_one_thing(group: tuple[str, ...]) -> None:
    assert len({canonical_ingredient(name) for name in group}) == 1


def test_the_alias_tables_are_large_and_sound() -> None:
    ingredients, dishes = knowledge("ingredient_names"), knowledge("dish_names")
    assert len(ingredients["ingredient"]) + len(dishes["dish"]) >= 150
    for table, kinds in ((ingredients, ("ingredient", "fragment")), (dishes, ("dish",))):
        for kind in kinds:
            names = [n for g in table[kind] for n in (g["name"], *g["aliases"], *g.get("misspellings", ()))]
            assert len(names) == len(set(names)), f"a {kind} stands in two groups"
            assert {g["source"] for g in table[kind]} <= set(table["sources"])


def test_canonical_names() -> None:
    assert canonical_words("蕃茄炒鸡蛋") == canonical_words("西红柿炒鸡蛋")
    assert canonical_dish("番茄炒蛋") == canonical_dish("西红柿炒鸡蛋")
    assert canonical_ingredient("没听说过的东西") == "没听说过的东西"
    assert aliases("dish")[canonical_dish("番茄炒蛋")] == canonical_dish("番茄炒蛋")


def test_bare_text() -> None:
    assert bare(" 可樂 雞翅！") == "可乐鸡翅"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("花生酱花生", ["花生酱", "花生"]),
        ("不吃花", []),
        # A text may end within what a longer word of the same beginning would need.
        ("吃花生", ["花生"]),
        ("生花生米粉", ["花生米"]),
        ("", []),
    ],
)
def test_a_lexicon_finds_the_longest_word_at_each_place(text: str, found: list[str]) -> None:
    spans = list(Lexicon(["花生", "花生酱", "花生米", "米粉"]).find(text))
    assert [text[start:end] for start, end in spans] == found
    assert all(end <= len(text) for _, end in spans)
