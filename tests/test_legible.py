"""Whether a text layer is text: what books say, and what broken fonts and bad scanners make of it."""

import pytest

from shishen.pdf_pages.legible import is_legible

CHINESE = "五花肉500克切成大块，冷水下锅，焯透捞出；炒糖色，下肉翻炒，加生抽2勺、八角1个。"
TRADITIONAL = "豬肉500公克切塊，冷水下鍋，燙透撈出；炒糖色，下肉翻炒，加醬油2匙、八角1個。"
ENGLISH = "Cut the pork belly into large pieces, blanch in cold water, fry with 30 g sugar until brown, add soy sauce."
FRENCH = "Coupez la poitrine de porc en gros dés, blanchissez-la à l'eau, faites dorer à feu doux; réservez au frais."
DOTTED = "Introduction.....................................1 Braised pork........................................27"
CONTENTS = "".join(f"三杯鸡{'.' * 60}{page}可乐鸡翅{'…' * 30}{page}" for page in range(3, 30))
JAPANESE = "豚バラ肉500gを大きめに切り、下茹でしてから砂糖で炒め、しょうゆ大さじ2と八角を加えます。"


@pytest.mark.parametrize(
    "text", [CHINESE, TRADITIONAL, ENGLISH, FRENCH, JAPANESE, "5/12", "MENU", "• 盐 3克", "第 12 页"]
)
def test_text(text: str) -> None:
    assert is_legible(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\ufffd" * 60,
        "\ue001\ue002\ue003" * 20,
        # UTF-8 taken for GBK, for Latin; GBK taken for Latin.
        CHINESE.encode().decode("gb18030", "replace"),
        CHINESE.encode().decode("latin-1"),
        CHINESE.encode("gb18030").decode("latin-1"),
        # The glyphs of a font by their numbers.
        "".join(chr(0x1400 + 97 * n % 4000) for n in range(60)),
        "".join(chr(0x21 + n % 90) for n in range(120)),
        "".join(chr(ord(c) + 1) for c in "cutporkbellyintolargepiecesblanchincoldwaterfrywithsugaruntilbrown"),
        # Characters of Chinese by chance.
        "".join(chr(0x4E00 + 7919 * n % 20_000) for n in range(120)),
        "㡑⪖㨸" * 20,
    ],
)
def test_no_text(text: str) -> None:
    assert not is_legible(text)


def test_what_stands_behind_a_picture_must_be_chinese() -> None:
    assert is_legible(CHINESE, unseen=True)
    assert is_legible(TRADITIONAL, unseen=True)
    assert not is_legible(ENGLISH, unseen=True)


def test_a_few_odd_signs_do_no_harm() -> None:
    assert is_legible("\uf0b7五花肉500克" * 8)
    assert is_legible("㸆鱼一条" * 8)
