"""Labels that OCR reads as one with what stands behind them."""

import pytest

from shishen.domains.cooking.structuring.labels import fused_label


@pytest.mark.parametrize(
    ("text", "part", "words", "rest"),
    [
        ("原料猪瘦肉250克，青椒150克。", "ingredients", "原料", "猪瘦肉250克，青椒150克。"),
        ("原料鸭腿4只。", "ingredients", "原料", "鸭腿4只。"),
        ("调料酱油、料酒各10克，精盐2克", "group", "调料", "酱油、料酒各10克，精盐2克"),
        ("调料盐5克，糖3克", "group", "调料", "盐5克，糖3克"),
        ("制法①将猪肉洗净，切成细丝。", "method", "制法", "①将猪肉洗净，切成细丝。"),
        ("制作方法1、将鸡洗净，擦干。", "method", "制作方法", "1、将鸡洗净，擦干。"),
        ("特点肉丝滑嫩，咸鲜可口。", "features", "特点", "肉丝滑嫩，咸鲜可口。"),
        ("◆特點色澤紅亮，酥爛。", "features", "特點", "色澤紅亮，酥爛。"),
    ],
)
def test_a_label_is_split_off_where_what_follows_fits(text: str, part: str, words: str, rest: str) -> None:
    label = fused_label(text)
    assert label
    assert (label.part, label.words, label.rest) == (part, words, rest)


@pytest.mark.parametrize(
    "text",
    [
        "制作精良的红烧肉",
        "配料丰富的炒饭",
        "原料准备：",
        "步骤1五花肉刮净皮，切成5毫米厚的片。",
        "调料油10克，盐3克",
        "香料粉5克，盐3克",
        "卤料100克",
        "用料考究，做工精细。",
        "特点是肉嫩，鲜美。",
        "特色小炒肉",
        "做法1.5公斤",
        "材料",
        "原料",
        "",
    ],
)
def test_foods_titles_and_sentences_have_no_label(text: str) -> None:
    assert fused_label(text) is None
