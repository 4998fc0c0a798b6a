"""Steps: Markdown removed, durations read, noise marked only where nothing is to be done."""

import pytest

from shishen.domains.cooking.steps import is_noise, plain_text, read_step
from shishen.records import DraftStep, Range


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("加入 **盐** 和 `糖`", "加入 盐 和 糖"),
        ("参考[米饭](./米饭/电饭煲.md)煮好", "参考米饭煮好"),
        ("切好 ![图](./a.jpg)", "切好"),
        ("用手揉成*光滑柔软*的面团", "用手揉成光滑柔软的面团"),
        ("切成 4cm*4cm*2cm 的块", "切成 4cm*4cm*2cm 的块"),
        ("加入份数 * 8ml 油", "加入份数 * 8ml 油"),
        ("豆角斜切*4-10cm*小段", "豆角斜切4-10cm小段"),
        ("腌肉\n  - 加盐\n  - 加糖", "腌肉\n加盐\n加糖"),
        ("盖上盖<br/>焖", "盖上盖焖"),
    ],
)
def test_plain_text(markdown: str, text: str) -> None:
    assert plain_text(markdown) == text


def test_an_image_alone_is_no_step() -> None:
    assert read_step(DraftStep("![改刀](./改刀.jpg)")) is None


def test_a_step_has_its_heading_and_durations() -> None:
    step = read_step(DraftStep("大火蒸 **8-10 分钟**，关火焖半小时", "蒸鱼"))
    assert step is not None
    assert step.section == "蒸鱼"
    assert step.minutes == (Range(8, 10), Range(30, 30))
    assert not step.noise


@pytest.mark.parametrize(
    "text",
    [
        "成品图",
        "完成",
        "如图",
        "开吃啦！！！",
        "好吃😋",
        "么么哒",
        "😋",
        "来个特写😀",
        "拍个美照。",
        "祝大家用餐愉快！",
        "欢迎关注微信公众号",
        "食材大合照。",
        "一份香而不膻、超级下饭的葱爆羊肉就做好了。",
        "香喷喷的炒米饭做好啦！",
        "煮好的糖浆是这个样子的",
        "出锅后的样子",
        "有没有很好看😄",
        "更多美食👆",
        "切好的牛轧糖",
        "刷干净的虾尾：",
        "美美的豆腐脑出锅喽。",
        "这是脱膜后的背面",
        "忘记放桂皮啦",
        "夏日必备～一起享用吧",
    ],
)
def test_noise(text: str) -> None:
    assert is_noise(text)


@pytest.mark.parametrize(
    "text",
    [
        "出锅",
        "切片",
        "起锅烧油如图",
        "加入两勺蜂蜜，就做好了",
        "装盘开吃！！",
        "如图用刮刀整理下盆边",
        "焖两分钟 开吃吧 太香了",
        "四勺料酒",
        "补水",
        "烤箱180度，30分钟",
        "壽司飯壓平，鋪三文魚，捲卷",
        "微波炉高火 4 分钟",
        "在容器中刷一层薄薄的食用油。",
        "快出锅的时候放盐就行啦",
        "上笼蒸十分钟左右就好了",
        "饼坯都做好后可以电饼铛烙了",
        "切好的土豆下锅",
        "等到萝卜焖软之后就完成",
        "备料！",
    ],
)
def test_an_instruction_is_no_noise(text: str) -> None:
    assert not is_noise(text)


def test_the_name_of_the_dish_is_no_instruction() -> None:
    assert is_noise("香煎豆腐", "香煎豆腐")
