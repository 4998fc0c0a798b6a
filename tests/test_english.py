"""English words of the kitchen become Chinese ones; everything else stays as it was said."""

import re
import time
from itertools import chain

import pytest

from shishen.domains.cooking.english import translated
from shishen.domains.cooking.exclusion_reading import read_exclusions
from shishen.domains.cooking.knowledge import knowledge
from shishen.domains.cooking.wishes import wanted
from shishen.domains.cooking.words import aliases, segment

# What the wishes and the exclusions read in English, and a food by itself does not mean in Chinese.
FOODS_AND_TASTES = {"chili", "chilli", "curry", "meat", "salad", "with rice", "steaming"}
# Groups that are no foods: their Chinese words are those of wishes.toml, tools.toml and units.toml.
NO_FOODS = {"kept", "tools", "tastes", "courses", "cuisines", "techniques", "units", "kinds"}
GROUPS = knowledge("english")
ENGLISH = [
    (group, chinese, phrase.strip())
    for group, entries in GROUPS.items()
    for chinese, phrases in entries.items()
    for phrase in phrases.split(",")
]

SENTENCES = [
    ("how much salt", "how much 盐"),
    ("how much light soy sauce do i need", "how much 生抽 do i need"),
    ("can i use soy sauce instead of dark soy sauce?", "can i use 酱油 instead of 老抽?"),
    ("i have 土豆 and two eggs", "i have 土豆 and two 鸡蛋"),
    ("i have tomatoes, eggs and green onions", "i have 番茄, 鸡蛋 and 葱"),
    ("i have spring onion, ginger and garlic cloves in my fridge", "i have 葱, 姜 and 蒜 in my fridge"),
    ("without cilantro please", "without 香菜 please"),
    ("no coriander", "no 香菜"),
    ("how to make coke chicken wings", "how to make coke chicken wings"),
    ("mapo tofu recipe", "mapo tofu recipe"),
    ("how do i cook kung pao chicken without peanuts", "how do i cook kung pao chicken without 花生"),
    ("i'm allergic to shrimp. recommend 3 dishes please", "i'm allergic to 虾. recommend 3 dishes please"),
    ("i'm allergic to prawns and peanuts", "i'm allergic to 虾 and 花生"),
    ("what can i make with ground pork and tofu", "what can i make with 猪肉末 and 豆腐"),
    ("what can i use instead of cornstarch", "what can i use instead of 淀粉"),
    ("don't have any shaoxing wine", "don't have any 料酒"),
    ("can i leave out the cooking wine", "can i leave out the 料酒"),
    ("recommend three vegetable dishes", "recommend three 素菜"),
    ("something spicy, not too sweet", "something 辣, not too 甜的"),
    ("do i need a wok or an oven?", "do i need a 炒锅 or an 烤箱?"),
    ("i don't have a rice cooker", "i don't have a 电饭锅"),
    ("200 grams of beef brisket", "200 克 of 牛腩"),
    ("two tablespoons of vinegar", "two 汤匙 of 醋"),
    ("1 tsp sugar and 2 tbsp oyster sauce", "1 茶匙 糖 and 2 汤匙 蚝油"),
    ("half a pound of pork belly", "half a 磅 of 五花肉"),
    ("sugar-free dessert", "sugar-free 甜品"),
    ("suggest a soup for 4 people", "suggest a 汤 for 4 people"),
    ("steamed eggplant", "蒸茄子"),
    ("braised pork ribs", "红烧排骨"),
    ("potato and beef soup", "土豆 and 牛肉汤"),
    ("any sichuan food?", "any 川菜?"),
    ("how long should i boil the noodles", "how long should i 煮 the 面条"),
    ("what do i do after marinating the chicken", "what do i do after 腌制 the 鸡肉"),
    ("怎么做braised pork ribs", "怎么做红烧排骨"),
    ("番茄炒蛋要放多少盐", "番茄炒蛋要放多少盐"),
    ("bell peppers, black pepper and sichuan peppercorns", "青椒, 黑胡椒 and 花椒"),
    ("next step please", "next step please"),
    ("who are you", "who are you"),
    ("tomato and egg", "tomato and egg"),
    ("i only have tomato and egg", "i only have 番茄 and 鸡蛋"),
    ("is eggplant the same as egg?", "is 茄子 the same as 鸡蛋?"),
    ("i ate hamsters", "i ate hamsters"),
    ("da pan ji zen me zuo", "da pan ji zen me zuo"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_food_words_become_chinese_and_the_rest_stays(text: str, expected: str) -> None:
    assert translated(text) == expected


def test_no_phrase_stands_twice() -> None:
    phrases = [phrase for _, _, phrase in ENGLISH]
    assert sorted(phrases) == sorted(set(phrases))
    assert len(phrases) > 500


@pytest.mark.parametrize("phrase", [phrase for _, chinese, phrase in ENGLISH if chinese])
def test_every_phrase_is_found_by_itself(phrase: str) -> None:
    assert not re.search("[a-z]", translated(phrase)), translated(phrase)


def test_every_food_is_a_word_that_the_kitchen_knows() -> None:
    excluded = {word for entry in knowledge("exclusions")["class"] for word in (entry["name"], *entry["words"].split())}
    unknown = [
        (chinese, phrase)
        for group, chinese, phrase in ENGLISH
        if group not in NO_FOODS and chinese not in excluded
        for word in segment(chinese)
        if word.kind == "unknown"
    ]
    assert unknown == []


def test_a_wish_in_english_stays_a_wish() -> None:
    phrases = chain.from_iterable(wish.get("phrases", ()) for wish in knowledge("wishes")["wish"])
    for phrase in set(phrases) - FOODS_AND_TASTES:
        said = {(want.kind, want.value) for want in wanted(f"something {phrase}")}
        assert said <= {(want.kind, want.value) for want in wanted(translated(f"something {phrase}"))}, phrase


@pytest.mark.parametrize(
    "food", ["peanuts", "shrimp", "eggs", "milk", "crab", "soy", "sesame", "nuts", "seafood", "pork"]
)
def test_an_allergy_in_english_stays_an_allergy(food: str) -> None:
    said = {exclusion.name for exclusion in read_exclusions(f"i am allergic to {food}").added}
    assert said
    assert {exclusion.name for exclusion in read_exclusions(translated(f"i am allergic to {food}")).added} == said


def test_the_names_of_dishes_stay() -> None:
    listed = {phrase for _, _, phrase in ENGLISH}
    for name in aliases("dish"):
        if re.fullmatch("[a-z]+(?:[ -][a-z]+)+", name) and name not in listed:
            text = f"how do i make {name}"
            # The plural of a food is one too: `boiled dumplings`, `pork ribs`.
            assert translated(text) == text or name.rstrip("s") in listed, name


@pytest.mark.parametrize(
    ("one", "other"),
    [("stir-fried beef", "stir fried beef"), ("cherry", "cherries"), ("knife", "knives"), ("radish", "radishes")],
)
def test_plurals_and_hyphens(one: str, other: str) -> None:
    assert translated(one) == translated(other) != one


@pytest.mark.parametrize("text", ["salted", "porky", "lemonade", "sugar-free", "sugar free", "low-salt", "riceless"])
def test_parts_of_words_stay(text: str) -> None:
    assert translated(text) == text


def test_chinese_text_is_given_back_itself() -> None:
    text = "红烧肉怎么做" * 3
    assert translated(text) is text


def test_a_long_turn_is_quick() -> None:
    translated("salt")
    text = "i have tofu and stir-fried pork with spring onions, " * 400
    start = time.process_time()
    assert "豆腐" in translated(text)
    assert time.process_time() - start < 0.5
