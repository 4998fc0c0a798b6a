"""The judge of exclusions: what gives an excluded thing away, and what does not."""

import pytest

from benchmarks.exclusions import BY_NAME, generate, judge_dishes, judge_substitutes
from shishen.records import Ingredient, Recipe, Source, Step


def recipe(name: str, ingredients: str = "", step: str = "", alt: tuple[str, ...] = ()) -> Recipe:
    items = tuple(Ingredient(raw=item, name=item, alt=alt) for item in ingredients.split())
    return Recipe(id=name, name=name, title=name, source=Source(path=name), ingredients=items, steps=(Step(text=step),))


@pytest.mark.parametrize(
    ("excluded", "dish"),
    [
        ("花生", recipe("皮蛋豆腐", "皮蛋 花生碎")),
        ("花生", recipe("宫保鸡丁", "鸡肉", "撒上花生")),
        ("花生", recipe("拌面", "芝麻酱", alt=("花生酱",))),
        ("海鲜", recipe("蚝油生菜", "生菜")),
        ("海鲜", recipe("素炒豆角", "耗油")),
        ("贝类", recipe("蚝油生菜", "生菜")),
        ("鸡蛋", recipe("三明治", "吐司 沙拉酱")),
        ("牛奶", recipe("饼干", "黄油")),
        ("麸质", recipe("红烧肉", "五花肉 生抽")),
        ("大豆", recipe("红烧肉", "五花肉 老抽")),
        ("猪肉", recipe("炒饭", "米饭 火腿")),
        ("素食", recipe("手撕包菜", "包菜", "煸炒五花肉")),
        ("纯素", recipe("炒蛋", "鸡蛋")),
        ("纯素", recipe("奶茶", "牛奶")),
        ("清真", recipe("牛肉", "牛肉 料酒")),
        ("辣", recipe("土豆丝", "土豆 干辣椒")),
        ("辣", recipe("回锅肉", "豆瓣酱")),
        ("孕妇", recipe("提拉米苏", "朗姆酒")),
        ("葱", recipe("汤", "盐", "撒葱花")),
    ],
)
def test_a_break_is_found(excluded: str, dish: Recipe) -> None:
    assert [found[0] for found in judge_dishes([dish], [excluded])] == [excluded]


@pytest.mark.parametrize(
    ("excluded", "dish"),
    [
        ("海鲜", recipe("鱼香茄子", "茄子", "油温升至冒鱼眼泡")),
        ("牛奶", recipe("椰奶冻", "椰奶 腐乳")),
        ("大豆", recipe("拔丝土豆", "土豆 红豆 日本豆腐")),
        ("猪肉", recipe("黑椒牛柳", "牛里脊 牛肉丝")),
        ("素食", recipe("卤味素", "肉桂 牛奶 鸡蛋 果肉 鸡腿菇")),
        ("葱", recipe("洋葱圈", "洋葱")),
        ("辣", recipe("沙拉", "彩椒 黑胡椒 花椒")),
        ("鸡肉", recipe("菌菇汤", "鸡腿菇 鸡蛋")),
    ],
)
def test_a_trap_is_no_break(excluded: str, dish: Recipe) -> None:
    assert not list(judge_dishes([dish], [excluded]))


def test_a_substitute_is_judged_by_what_it_proposes() -> None:
    proposed = list(judge_substitutes("没有黄油，可以用花生酱、橄榄油代替。", ["黄油"], ["花生", "牛奶"]))
    assert [(name, word) for name, _, word in proposed] == [("花生", "花生")]
    assert list(judge_substitutes("花生可以换成花生酱。", ["花生"], ["花生"]))
    assert not list(judge_substitutes("花生可以换成芝麻；您花生过敏，已避开花生酱。", ["花生"], ["花生"]))
    assert not list(judge_substitutes("第 7 步：\n下入熟花生干辣椒和花椒", ["料酒"], ["花生"]))


def test_requests_are_the_same_for_the_same_seed() -> None:
    library = [recipe("宫保鸡丁", "鸡肉 花生"), recipe("炒饭", "米饭")]
    first = list(generate(400, 1, library))
    assert first == list(generate(400, 1, library)) != list(generate(400, 2, library))
    assert {request.kind for request in first} == {"recommend", "pantry", "substitute"}
    assert {name for request in first for name in request.excluded} == set(BY_NAME)
    assert {request.judged_from for request in first} >= {1, 2, 3}
    assert all(request.judged_from <= len(request.said) for request in first)
