"""The checker of conversations: every check passes where it should, and fails where it should."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from benchmarks.conversation_checks import Checks, Conversation, Library, Named, Reply, broken, last_list
from benchmarks.conversations import load, play, summary
from shishen.records import Ingredient, Range, Recipe, Source, Step

NOODLES = Recipe(
    id="1",
    name="葱油拌面",
    title="葱油拌面的做法",
    source=Source(path="a.md"),
    category="主食",
    difficulty=2,
    minutes=90,
    calories=355,
    servings=Range(min=1, max=2),
    ingredients=(
        Ingredient(raw="小葱 100 g", name="小葱", min=100, max=100, unit="g"),
        Ingredient(raw="鸡蛋两个", name="鸡蛋", min=2, max=2, unit="个", alt=("花生",)),
        Ingredient(raw="生抽 10 ～ 12 毫升", name="生抽", min=10, max=12, unit="毫升"),
    ),
    steps=(
        Step(text="小葱 100 g 洗净，切成长段", minutes=()),
        Step(text="锅中加入食用油，煸炒至微黄，约 0.5 分钟", minutes=(Range(min=0.5, max=0.5),)),
        Step(text="出锅"),
    ),
)
PEANUTS = Recipe(
    id="2",
    name="花生米",
    title="花生米",
    source=Source(path="b.md"),
    category="素菜",
    difficulty=4,
    ingredients=(Ingredient(raw="花生", name="花生"),),
    steps=(Step(text="花生下锅"),),
)
LIBRARY = Library([NOODLES, PEANUTS])
METHOD = "1. 小葱 200 g 洗净，切成长段\n2. 锅中加入食用油，煸炒至微黄\n3. 出锅"


def reply(text: str = "", names: str = "", *, refused: bool = False, **state: Any) -> Reply:
    ids = {"葱油拌面": "1", "花生米": "2"}
    dishes = tuple(Named(ids.get(name, "?" + name), name) for name in names.split())
    return Reply(text, refused, dishes, state)


def holds(checks: dict[str, Any], given: Reply, earlier: tuple[Reply, ...] = ()) -> bool:
    return not broken(msgspec.convert(checks, Checks), given, earlier, LIBRARY)


@pytest.mark.parametrize(
    ("checks", "right", "wrong"),
    [
        ({"dish": "葱油拌面"}, reply(names="葱油拌面 花生米"), reply(names="花生米 葱油拌面")),
        ({"dish": "葱油拌面"}, reply(names="葱油拌面"), reply()),
        ({"dish": ["花生米", "葱油拌面"]}, reply(names="葱油拌面"), reply(names="油泼面")),
        ({"focus": "葱油拌面"}, reply(dish={"id": "1", "name": "葱油拌面"}), reply(dish=None)),
        (
            {"focus": ["葱油拌面"]},
            reply(dish={"id": "1", "name": "葱油拌面"}),
            reply(dish={"id": "2", "name": "花生米"}),
        ),
        ({"focus": None}, reply(dish=None), reply(dish={"id": "1", "name": "葱油拌面"})),
        ({"refused": True}, reply(refused=True), reply()),
        ({"refused": False}, reply(), reply(refused=True)),
        ({"all": ["10g", "小葱"]}, reply("用 10 G 小葱"), reply("用 110 g 小葱")),
        ({"all": ["1.5个"]}, reply("1.5 个"), reply("21.5 个")),
        ({"all": ["蔥油"]}, reply("葱 油"), reply("葱")),
        ({"all": ["40"]}, reply("难度 3 40 分钟"), reply("340 分钟")),
        ({"all": ["40"]}, reply("40"), reply("40.5")),
        ({"all": ["5个"]}, reply("3. 5 个鸡蛋"), reply("3.5 个鸡蛋")),
        ({"any": [["一个", "1个"], ["盐"]]}, reply("盐，1 个"), reply("盐，11 个")),
        ({"any": [["一个", "1个"], ["盐"]]}, reply("一个盐"), reply("一个")),
        ({"none": ["安全"]}, reply("未检出"), reply("很安 全")),
        ({"count": 2}, reply(names="葱油拌面 花生米"), reply(names="葱油拌面 葱油拌面")),
        ({"count": [1, 2]}, reply(names="葱油拌面"), reply()),
        ({"count": [0, 1]}, reply(), reply(names="葱油拌面 花生米")),
        ({"listed": {"without": ["下锅"]}}, reply(names="葱油拌面"), reply(names="葱油拌面 花生米")),
        ({"listed": {"without": ["豆豉"]}}, reply(names="葱油拌面"), reply(names="没有的菜")),
        ({"listed": {"without": ["花生"]}}, reply(), reply(names="葱油拌面")),
        ({"listed": {"with": ["葱", "生抽"]}}, reply(names="葱油拌面"), reply(names="花生米")),
        ({"listed": {"with_any": ["葱", "豆"]}}, reply(names="葱油拌面"), reply(names="花生米")),
        ({"listed": {"category": ["主食"]}}, reply(names="葱油拌面"), reply(names="花生米")),
        ({"listed": {"minutes_max": 90}}, reply(names="葱油拌面"), reply(names="花生米")),
        ({"listed": {"difficulty_max": 2}}, reply(names="葱油拌面"), reply(names="花生米")),
        ({"numbers_from": "葱油拌面"}, reply("100克 2个 10–12ml 30秒 355千卡"), reply("小葱 150 g")),
        ({"numbers_from": "葱油拌面"}, reply("1小时30分钟，1.5 小时，1–2 人"), reply("20 分钟")),
        ({"numbers_from": "葱油拌面"}, reply("第 77 步"), reply("10–15 毫升")),
        ({"numbers_from": "葱油拌面"}, reply("100 g"), reply("100 ml")),
        ({"numbers_from": "没有的菜"}, reply("很香"), reply("1 g")),
        ({"state": {"servings": 4}}, reply(servings=4.0), reply(servings=3.0)),
        ({"state": {"step": 2}}, reply(step=2), reply()),
        ({"state": {"pantry_has": ["土豆"]}}, reply(pantry=["小土豆"]), reply(pantry=["青椒"])),
        (
            {"state": {"excludes": ["花生"]}},
            reply(exclusions=[{"name": "花生", "kind": "allergy", "scope": "conversation"}]),
            reply(exclusions=[]),
        ),
        ({"recipe_given": True}, reply(METHOD, "葱油拌面"), reply("1. 葱油拌面\n2. 花生米\n3. 油泼面", "葱油拌面")),
        ({"recipe_given": True}, reply(METHOD, dish={"id": "1", "name": "葱油拌面"}), reply(METHOD, "花生米")),
        ({"recipe_given": False}, reply("第 2 步：锅中加入食用油，煸炒至微黄", "葱油拌面"), reply(METHOD)),
    ],
)
def test_a_check_passes_and_fails(checks: dict[str, Any], right: Reply, wrong: Reply) -> None:
    assert holds(checks, right)
    assert not holds(checks, wrong)


def test_not_again_looks_at_every_earlier_turn() -> None:
    earlier = (reply(names="葱油拌面"), reply(names="油泼面"))
    assert holds({"not_again": True}, reply(names="花生米"), earlier)
    assert not holds({"not_again": True}, reply(names="花生米 葱油拌面"), earlier)


def test_from_list_is_of_the_last_list_of_several() -> None:
    earlier = (reply(names="油泼面 饺子"), reply(names="花生米 葱油拌面"), reply(names="花生米"), reply())
    assert holds({"from_list": 2}, reply(names="葱油拌面"), earlier)
    assert not holds({"from_list": 1}, reply(names="葱油拌面"), earlier)
    assert not holds({"from_list": 3}, reply(names="葱油拌面"), earlier)
    assert not holds({"from_list": 1}, reply(names="葱油拌面"))
    assert [dish.name for dish in last_list((reply(names="花生米"),))] == ["花生米"]


def test_a_server_that_broke_is_never_right() -> None:
    assert not holds({}, Reply("", fault="HTTP 500"))


def test_an_unknown_key_is_a_fault() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"dishes": "葱油拌面"}, Checks)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"state": {"pantry": []}}, Checks)


def test_a_conversation_is_played_with_its_history() -> None:
    asked: list[list[dict[str, str]]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        messages = msgspec.json.decode(request.content)["messages"]
        asked.append(messages)
        if messages[-1]["content"] == "坏":
            return httpx.Response(400, json={"error": {"message": "太长"}})
        choice = {"message": {"role": "assistant", "content": f"答{len(asked)}"}}
        more = {"intent": "x", "refused": False, "recipes": [], "state": {"dish": None}, "verified": True}
        return httpx.Response(200, json={"choices": [choice], "shishen": more})

    turns = [
        {"user": "一", "checks": {"all": ["答1"]}},
        {"user": "二", "checks": {"all": ["答1"]}},
        {"user": "坏", "checks": {"refused": True, "all": ["太长"]}},
    ]
    talk = msgspec.convert({"id": "a", "tags": ["x", "y"], "turns": turns}, Conversation)
    with httpx.Client(base_url="http://test", transport=httpx.MockTransport(handler)) as client:
        outcomes = list(play(client, talk, LIBRARY))
    assert [m["content"] for m in asked[2]] == ["一", "答1", "二", "答2", "坏"]
    assert [bool(outcome.failed) for outcome in outcomes] == [False, True, False]
    figures = summary(outcomes)
    assert figures["tags"] == {"x": [2, 3], "y": [2, 3]}
    assert (figures["turns"], figures["conversations"]) == ([2, 3], [0, 1])


def test_the_labelled_conversations_are_well_formed() -> None:
    files = sorted((Path(__file__).parent / "data" / "conversations").glob("*.jsonl"))
    talks = [talk for path in files for talk in load(path)]
    assert len({talk.id for talk in talks}) == len(talks) >= 80
    for talk in talks:
        assert 2 <= len(talk.turns) <= 6, talk.id
        assert talk.tags, talk.id
