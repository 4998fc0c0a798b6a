"""Dialogues of one dish: every kind, over the house cookbook and HowToCook, each answer on its record."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from shishen.domains.cooking.composing import rows
from shishen.domains.cooking.dialogues.dialogue import Dialogue, checked
from shishen.domains.cooking.dialogues.writing import KINDS, RECIPE_KINDS, of_recipe
from shishen.domains.cooking.grounding import grounded_in
from shishen.domains.cooking.recipes import read_recipe
from shishen.domains.cooking.scaling import scale
from shishen.engines.reader import cookbook, howtocook, xtuner
from shishen.errors import BadSettings
from shishen.examples import Example, check_messages
from shishen.kitchen import Kitchen
from shishen.records import Draft, DraftLine, DraftStep, Message, Recipe, Rejected, Source
from shishen.source_file import SourceFile
from tests.recipes_of import recipes_of

COOKBOOK = Path(__file__).parent.parent / "shishen" / "cookbook"


@pytest.fixture(scope="module")
def dishes() -> list[Recipe]:
    """The house cookbook, read without a library."""
    reader = cookbook.build(cookbook.Options())
    found = [
        recipe
        for path in sorted(COOKBOOK.glob("*.md"))
        for recipe in recipes_of(SourceFile(path, f"shishen/cookbook/{path.name}"), reader)
        if isinstance(recipe, Recipe)
    ]
    assert len(found) == 60
    return found


def named(dishes: list[Recipe], name: str) -> Recipe:
    return next(recipe for recipe in dishes if recipe.name == name)


def examples_of(recipe: Recipe, *kinds: str, seed: int = 1, phrasings: int = 1) -> list[Example]:
    found = list(of_recipe(recipe, kinds or tuple(RECIPE_KINDS), seed, phrasings))
    assert not [one for one in found if isinstance(one, Rejected)]
    return [one for one in found if isinstance(one, Example)]


def sparse(**fields: object) -> Recipe:
    """A dish of which little is known."""
    recipe = read_recipe(
        Draft(
            title="炒青菜",
            source=Source(path="几道菜.txt", line=3),
            lines=(DraftLine("青菜 300 克"), DraftLine("盐")),
            steps=(DraftStep("青菜洗净。"), DraftStep("下锅炒 2 分钟，加盐。")),
        )
    )
    return replace(recipe, **fields)


def test_every_house_dish_gives_every_kind(dishes: list[Recipe]) -> None:
    for recipe in dishes:
        found = examples_of(recipe)
        assert {one.kind for one in found} == set(RECIPE_KINDS), recipe.name
        assert len({one.id for one in found}) == len(found)
        for one in found:
            check_messages(one.messages)
            assert one.recipes[0] == recipe.id
            assert one.source == recipe.source.path
            assert one.cluster == ""


def test_howtocook_gives_nothing_that_fails(howtocook: Path) -> None:
    reader = howtocook_recipes(howtocook)
    counts: Counter[str] = Counter()
    failed = []
    for recipe in reader:
        for one in of_recipe(recipe, tuple(RECIPE_KINDS), 7, 2):
            if isinstance(one, Rejected):
                failed.append(one.reason)
            else:
                counts[one.kind] += 1
    assert failed == []
    assert counts["method"] > 600
    # HowToCook has no 特点; all else is there.
    assert set(counts) == set(RECIPE_KINDS) - {"features"}


def howtocook_recipes(folder: Path) -> Iterator[Recipe]:
    reader = howtocook.build(howtocook.Options())
    for path in sorted((folder / "dishes").rglob("*.md")):
        for recipe in recipes_of(SourceFile(path, str(path.relative_to(folder))), reader):
            if isinstance(recipe, Recipe):
                yield recipe


def test_answers_are_the_records_own(dishes: list[Recipe]) -> None:
    recipe = named(dishes, "口水鸡")
    said = {one.kind: one.answers[0] for one in examples_of(recipe) if one.kind not in ("fact", "follow_up")}
    assert "\n".join(rows(recipe.ingredients)) in said["ingredients"]
    assert said["method"].endswith("撒熟花生碎、其余的熟白芝麻和葱花，吃时拌匀。")
    steps = said["method"].partition("\n\n")[2]
    assert steps.startswith("1. 鸡腿擦干")
    assert steps in said["recipe"]
    assert said["features"] == "「口水鸡」的特点：麻辣鲜香，鸡肉嫩滑，料汁回味微甜微酸。"
    assert said["tips"].count("\n- ") == 4
    # A path that was learned is a path that can be made up.
    assert "来源" not in said["recipe"]


def test_chance_depends_on_nothing_but_seed_recipe_and_kind(dishes: list[Recipe]) -> None:
    forwards = {one.id for recipe in dishes for one in examples_of(recipe, phrasings=2)}
    backwards = {one.id for recipe in reversed(dishes) for one in examples_of(recipe, phrasings=2)}
    assert forwards == backwards
    recipe = dishes[0]
    together = [one for one in examples_of(recipe) if one.kind == "tips"]
    assert examples_of(recipe, "tips") == together
    assert examples_of(recipe, "tips", "recipe", seed=2) != examples_of(recipe, "tips", "recipe", seed=1)


def test_more_phrasings_are_other_words_for_the_same(dishes: list[Recipe]) -> None:
    recipe = dishes[3]
    found = examples_of(recipe, "method", phrasings=12)
    assert len({one.turns[0][0] for one in found}) == 12
    assert len({one.answers for one in found}) == 1
    few = examples_of(recipe, "method", phrasings=3)
    assert few == found[:3]
    # There are only so many ways to say it.
    every = examples_of(recipe, "method", phrasings=10_000)
    assert 30 <= len(every) == len({one.turns[0][0] for one in every})


def test_no_question_of_one_dish_has_two_answers(dishes: list[Recipe]) -> None:
    for recipe in dishes[:3]:
        answers: dict[str, set[str]] = {}
        for one in examples_of(recipe, phrasings=200):
            if one.kind != "follow_up":
                answers.setdefault(one.turns[0][0], set()).add(one.answers[0])
        assert len(answers) > 200
        assert all(len(said) == 1 for said in answers.values())


def test_what_a_record_lacks_is_not_made_up() -> None:
    recipe = sparse()
    found = examples_of(recipe, phrasings=1)
    assert {one.kind for one in found} == {"recipe", "ingredients", "method", "plain", "fact", "follow_up"}
    unsaid = [one for one in found if one.kind == "fact" and "没有写" in one.answers[0]]
    assert len(unsaid) == 1
    bare = sparse(ingredients=())
    assert {one.kind for one in examples_of(bare)} == {"recipe", "method", "fact", "follow_up"}
    captions = tuple(replace(step, noise=True) for step in recipe.steps)
    assert not {"recipe", "method", "plain"} & {one.kind for one in examples_of(sparse(steps=captions))}


def test_plain_is_the_known_form_and_is_read_back(dishes: list[Recipe], tmp_path: Path) -> None:
    tricky = sparse(name='它\'s "辣"\\n', steps=(replace(sparse().steps[0], text="加 5\u3000克 'x'\n3/4\n杯\u200b"),))
    recipes = [*dishes, tricky]
    plain = [examples_of(recipe, "plain")[0] for recipe in recipes]
    assert plain[1].turns[0][0] == f"{dishes[1].name}的做法"
    assert re.fullmatch(r"您需要准备以下食材:\n\['.*'\]\n按以下方法制作:\n\['.*'\]", plain[1].answers[0])
    path = tmp_path / "plain.json"
    path.write_bytes(
        msgspec.json.encode(
            [{"conversation": [{"system": "", "input": q, "output": a} for q, a in one.turns]} for one in plain]
        )
    )
    back = [r for r in recipes_of(SourceFile(path), xtuner.build(xtuner.Options())) if isinstance(r, Recipe)]
    assert len(back) == len(recipes)
    for was, now in zip(dishes, back, strict=False):
        assert now.name == was.name
        assert [s.text for s in now.steps] == [s.text for s in was.steps if not s.noise]
        read = [(i.name, i.min, i.max, i.unit) for i in now.ingredients]
        assert read == [(i.name, i.min, i.max, i.unit) for i in was.ingredients], was.name
    assert back[-1].steps[0].text == "加 5 克 'x'\n3/4\n杯"


def mutations(answer: str) -> Iterator[str]:
    """The answer with one number changed; those that count a list's lines, and headings, are left alone."""
    for found in re.finditer(r"\d+(?:\.\d+)?", answer):
        line = answer[answer.rfind("\n", 0, found.start()) + 1 : found.end() + 1]
        if not re.match(r"\d+\. ?$|#", line):
            yield f"{answer[: found.start()]}7913{answer[found.end() :]}"


@pytest.mark.parametrize("kind", sorted(RECIPE_KINDS))
def test_a_changed_number_is_rejected(kind: str, dishes: list[Recipe]) -> None:
    changed = 0
    for recipe in dishes[::6]:
        for one in examples_of(recipe, kind):
            # A scaled dish is checked with what it was scaled to, which the example does not hold.
            if "换算" in "".join(one.answers):
                continue
            assert isinstance(next(checked([Dialogue(kind, one.turns, (recipe,))])), Example)
            for answer in one.answers:
                for wrong in mutations(answer):
                    changed += 1
                    verdict = next(checked([Dialogue(kind, (("问", wrong),), (recipe,))]))
                    assert isinstance(verdict, Rejected), wrong
                    assert recipe.name in verdict.reason
                    assert kind in verdict.reason
                    assert verdict.path == recipe.source.path
    assert changed > 5 or kind == "features"


def test_a_changed_row_or_step_is_rejected(dishes: list[Recipe]) -> None:
    recipe = named(dishes, "口水鸡")

    def is_sound(answer: str) -> bool:
        return isinstance(next(checked([Dialogue("x", (("问", answer),), (recipe,))])), Example)

    # Both numbers stand in the record, but not of this.
    assert is_sound("| 盐 | 2 克 |  |")
    assert not is_sound("| 盐 | 15 克 |  |")
    assert is_sound("「口水鸡」一共 8 步。")
    assert not is_sound("「口水鸡」一共 5 步。")
    eighth = "撒熟花生碎、其余的熟白芝麻和葱花，吃时拌匀。"
    assert is_sound(f"**第 8 步**（共 8 步）：{eighth}")
    assert not is_sound(f"**第 7 步**（共 8 步）：{eighth}")
    assert not is_sound(f"**第 8 步**（共 5 步）：{eighth}")
    assert is_sound(f"- 第 8 步：{eighth}")
    assert not is_sound(f"- 第 9 步：{eighth}")


def test_one_bad_answer_takes_no_good_one_with_it(dishes: list[Recipe]) -> None:
    recipe = dishes[0]
    good = [Dialogue("x", ((f"问{n}", f"「{recipe.name}」"),), (recipe,)) for n in range(3)]
    bad = Dialogue("x", (("问", "盐 7913 克"),), (recipe,))
    verdicts = list(checked([good[0], bad, *good[1:]]))
    assert [isinstance(one, Example) for one in verdicts] == [True, False, True, True]


def test_follow_ups_say_what_the_cook_says(dishes: list[Recipe], house: Kitchen) -> None:
    """The same put to the cook in plain words: its answers hold ours, which other code has made."""
    compared: Counter[str] = Counter()
    for recipe in dishes[::3]:
        for one in examples_of(recipe, "follow_up", phrasings=3):
            for answer in one.answers[1:]:
                if not (question := in_plain_words(answer)):
                    continue
                asked = [Message("user", f"{recipe.name}怎么做"), Message("assistant", "好"), Message("user", question)]
                if "换算" in "".join(one.answers) and "换算" not in answer:
                    # A step of a scaled dish; that the dish was scaled is in another turn.
                    continue
                assert answer in house.ask(asked, seed=1).text
                compared[question[:1]] += 1
    assert compared["第"] >= 20
    assert sum(compared.values()) - compared["第"] >= 10


def in_plain_words(answer: str) -> str:
    """The question of an answer that was scaled, or that is a step; '' for others."""
    if found := re.match(r"\*\*第 (\d+) 步", answer):
        return f"第{found[1]}步怎么做"
    if found := re.match(r"## \S+\n\n已换算成(?:原方的 (\S+) 倍|(\d+) 人份)", answer):
        return f"{found[2]}人份" if found[2] else {"2": "双份", "3": "三倍的量", "0.5": "减半"}[found[1]]
    return ""


def test_scaled_amounts_are_worked_out(dishes: list[Recipe]) -> None:
    """Whatever is scaled stays so to the end of the dialogue, and is what `scaling` gives."""
    tables = amounts = 0
    for recipe in dishes:
        for one in examples_of(recipe, "follow_up", phrasings=6):
            factor = None
            for answer in one.answers:
                if found := re.search(r"已换算成(?:原方的 ([\d.]+) 倍| \S+ 人份（[^）]*× ([\d.]+)）)", answer):
                    factor = float(found[1] or found[2])
                    if found[1]:
                        scaled = scale(recipe, factor).recipe
                        assert grounded_in(answer.partition("###")[2], [recipe, scaled])
                        tables += "\n".join(rows(scaled.ingredients)) in answer
                elif factor is not None:
                    # The scaling is said again wherever an amount is.
                    assert "」里，" not in answer
                amounts += "」里，" in answer
    assert tables > 20
    assert amounts > 100


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(BadSettings, match="没有「菜谱」这种对话；可选：recipe、"):
        list(of_recipe(sparse(), ["菜谱"], 1))
    # Kinds of a library are passed over, so that one list serves both.
    assert {one.kind for one in examples_of(sparse(), *KINDS)} <= set(RECIPE_KINDS)


def test_what_is_too_long_is_rejected() -> None:
    long = sparse(steps=(replace(sparse().steps[0], text="切" * 200_000),))
    verdicts = list(of_recipe(long, ["plain", "ingredients"], 1))
    reasons = [one.reason for one in verdicts if isinstance(one, Rejected)]
    assert reasons == ["「炒青菜」plain：有一句 200042 个字，最多 100000 个"]
    assert [one.kind for one in verdicts if isinstance(one, Example)] == ["ingredients"]
