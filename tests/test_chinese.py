"""Text as the search sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shishen.chinese import blurred, normalise, readings, simplify, split_pinyin, syllable, tokens, toneless


def test_normalise_folds_script_width_case_and_space() -> None:
    assert normalise("  可樂　雞翅ＡＢＣ１２ ") == "可乐 鸡翅abc12"


def test_simplify_keeps_the_wording() -> None:
    assert simplify("乾煸四季豆") == "干煸四季豆"


def test_half_a_character_stops_nobody() -> None:
    assert simplify("乾煸\udcff四季豆") == "干煸?四季豆"
    assert simplify("a\udcff") == "a\udcff"


@given(st.text(max_size=200))
def test_normalise_is_total_and_settles(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("mapodoufu", ("ma", "po", "dou", "fu")),
        ("hongshaorou", ("hong", "shao", "rou")),
        ("XiHongShi", ("xi", "hong", "shi")),
        ("lvdouzhou", ("lv", "dou", "zhou")),
        ("recipe", None),
        ("how", None),
        ("x", None),
    ],
)
def test_pinyin_is_split_into_syllables(word: str, syllables: tuple[str, ...] | None) -> None:
    assert split_pinyin(word) == syllables


def test_tones_go_and_the_umlaut_stays() -> None:
    assert toneless("lǜ") == "lv"
    assert toneless("fǔ") == "fu"
    assert syllable("腐") == "fu"


def test_every_reading_of_a_character() -> None:
    assert {"qie", "jia"} <= readings("茄")


def test_blur_folds_what_speakers_mix_up() -> None:
    assert blurred("niu") == blurred("liu")
    assert blurred("zhang") == blurred("zan")
    assert blurred("hui") == blurred("fei")
    assert blurred("huang") == blurred("fang")
    assert blurred("ma") != blurred("pa")


def test_tokens_of_mixed_text() -> None:
    found = tokens("麻婆 doufu")
    assert found.characters == ["麻", "婆"]
    assert found.bigrams == ["麻婆"]
    assert found.syllables == ["ma", "po", "dou", "fu"]
    assert found.syllable_bigrams == ["ma_po", "po_dou", "dou_fu"]
