"""The dish in a title; what is set off from it goes, what is fused to it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shishen.domains.cooking.titles import other_names, plain_title


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("西红柿炒鸡蛋的做法", "西红柿炒鸡蛋"),
        ("红烧肉的家常做法", "红烧肉"),
        ("健康营养肉酱意面🍅的做法", "健康营养肉酱意面"),
        ("火山🌋排骨 #上饭青柠汁#的做法", "火山排骨"),
        ("＃酸奶盆栽＃的做法", "酸奶盆栽"),
        ("【干锅虾】的做法", "干锅虾"),
        ("『外焦里嫩成功率超高的锅包肉』的做法", "外焦里嫩成功率超高的锅包肉"),
        ("【独家】巴斯克草莓芝士蛋糕的做法", "巴斯克草莓芝士蛋糕"),
        ("【杭椒牛肉】快手下饭菜的做法", "杭椒牛肉"),
        ("五谷杂豆粥【电炖锅食谱】的做法", "五谷杂豆粥"),
        ("酸汤肥牛「miu的食光记」的做法", "酸汤肥牛"),
        ("西红柿肥牛汤（2人食快手菜）的做法", "西红柿肥牛汤"),
        ("香煎（蒸）鱼（多此一举）的做法", "香煎鱼"),
        ("八个月宝宝辅食（西兰花猪肝面）的做法", "西兰花猪肝面"),
        ("粤菜：鲍鱼汁辣椒炒土鱿的做法", "鲍鱼汁辣椒炒土鱿"),
        ("烹饪 | 煎牛小排配芝麻菜沙拉（内附酱汁做法）的做法", "煎牛小排配芝麻菜沙拉"),
        ("减脂早餐-花样吐司的做法", "花样吐司"),
        ("1元小蟹——蟹炒年糕的做法", "蟹炒年糕"),
        ("1分钟早餐 —— 鸡汤面的做法", "鸡汤面"),
        ("鸡蛋酱 蘸酱菜必备的做法", "鸡蛋酱"),
        ("366 香蕉草莓奥利奥冰激凌的做法", "香蕉草莓奥利奥冰激凌"),
        ("江米条，休闲小零嘴的做法", "江米条"),
        ("小朋友超喜欢的巧克力奶香馒头（自发粉版）的做法", "小朋友超喜欢的巧克力奶香馒头"),
        ("莜面窝窝/鱼鱼的做法", "莜面窝窝/鱼鱼"),
        ("二妞的【烤冷面皮】和【烤冷面酱】的做法", "烤冷面皮和烤冷面酱"),
        ("HelloKitty小米蒸蛋糕的做法", "HelloKitty小米蒸蛋糕"),
        ("🍋🍋", "🍋🍋"),
        ("Crème brûlée: the easy way (no oven) 🍮", "Crème brûlée: the easy way (no oven)"),
        ("西葫芦鸡汤面 Chicken zoodle & coodle soup的做法", "西葫芦鸡汤面"),
    ],
)
def test_plain_title(title: str, name: str) -> None:
    assert plain_title(title) == name


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_never_empty(title: str) -> None:
    assert plain_title(title)


def test_other_names() -> None:
    assert other_names("菜头粿（又名萝卜糕）的做法") == ("萝卜糕",)
    assert other_names("红豆酥（步骤齐全版）的做法") == ()
