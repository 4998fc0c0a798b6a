"""Structure by a model, against a scripted server that is right, late, cut short, busy, or makes things up."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shishen import model_client
from shishen.domains.cooking.page_grounding import grounded
from shishen.engines.structurer import openai, rules
from shishen.engines.structurer.openai import Options, Reply, read_reply, schema
from shishen.errors import BadRecord, ShishenError
from shishen.pages import Passage, PrintedLine, Reading
from shishen.protocols import Cost, Structurer
from shishen.records import Draft, DraftLine, DraftStep, Rejected, Source
from tests.scripted_model import Answered, Asked, Script, ScriptedModel, refused, said, scripted

KEY = "sk-secret-0123456789"
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(model_client, "_FIRST_PAUSE", 0.01)


# --- passages, and a model that reads them ---------------------------------------------------------------------


def passage(number: int, *, reading: bool = False, sure: float = 0.5) -> Passage:
    """A dish of its own number: 菜1, with that many grams."""
    words = [f"菜{number}", f"材料：豆腐{number}克 盐适量", f"做法：1.豆腐切块，煮{number}分", "钟。2.加盐。"]
    lines = tuple(PrintedLine(text=text, page=number) for text in words)
    draft = Draft(title=f"菜{number}", source=Source(path="书.pdf", page=number, line=3), steps=(DraftStep("按规则"),))
    found = Reading(draft=draft, confidence={"title": 1.0, "steps": sure}, doubts=("步骤只有一步",), lines=lines)
    return Passage(path="书.pdf", lines=lines, reading=found if reading else None)


def dish(number: int | str, **changed: Any) -> dict[str, Any]:
    return {
        "title": f"菜{number}",
        "ingredients": [{"text": f"豆腐{number}克", "group": "材料"}, {"text": "盐适量", "group": "材料"}],
        "steps": [{"text": f"豆腐切块，煮{number}分钟。"}, {"text": "加盐。"}],
        **changed,
    }


def answer(*dishes: dict[str, Any]) -> str:
    return json.dumps({"dishes": dishes}, ensure_ascii=False)


def number_in(asked: Asked) -> str:
    """Which passage a request is about; it stays so when a repair is asked for."""
    return next(found[1] for m in asked.body["messages"][1:] if (found := re.search(r"菜(\d+)", m["content"])))


def right(asked: Asked) -> Answered:
    return said(answer(dish(number_in(asked))))


@contextmanager
def serving(
    script: Script | list[Answered], folder: Path | None = None, **options: Any
) -> Iterator[tuple[ScriptedModel, Structurer]]:
    with scripted(script).running() as server:
        given = {"base_url": server.url, "model": "m", "retries": 1, "path": str(folder or ""), **options}
        yield server, openai.build(Options(**given))


def titles(results: list[Reading | Rejected]) -> list[str]:
    return [result.draft.title if isinstance(result, Reading) else result.reason for result in results]


# --- by rules --------------------------------------------------------------------------------------------------


def test_the_rules_give_back_what_they_are_given() -> None:
    structurer = rules.build(rules.Options())
    passages = [passage(1, reading=True), passage(2), passage(3, reading=True)]
    assert list(structurer.structure(iter(passages))) == [passages[0].reading, passages[2].reading]
    assert structurer.estimate(passages) is None
    assert structurer.spent() is None


# --- what is asked, what comes of it ---------------------------------------------------------------------------


def test_a_right_answer_becomes_a_reading() -> None:
    full = dish(
        1,
        aliases=["豆腐煲", " "],
        category="汤羹",
        servings="2人份",
        minutes=30,
        difficulty=2,
        description="家常\n做法",
        tips=["别煮太久"],
        features="",
    )
    with serving([said(answer(full))]) as (server, structurer):
        (reading,) = structurer.structure([passage(1)])
        assert isinstance(reading, Reading)
        assert reading.draft == Draft(
            title="菜1",
            source=Source(path="书.pdf", page=1),
            aliases=("豆腐煲",),
            category="汤羹",
            servings="2人份",
            minutes=30,
            difficulty=2,
            description="家常 做法",
            lines=(DraftLine("豆腐1克", "材料"), DraftLine("盐适量", "材料")),
            steps=(DraftStep("豆腐切块，煮1分钟。"), DraftStep("加盐。")),
            tips=("别煮太久",),
        )
        assert reading.lines == passage(1).lines
        assert set(reading.confidence) == {"title", "ingredients", "steps"}
        assert isinstance(grounded(reading, passage(1).text), Reading)
        (asked,) = server.asked
        assert asked.body["messages"][1] == {"role": "user", "content": passage(1).text}
        assert asked.body["messages"][0]["role"] == "system"
        assert asked.body["response_format"]["json_schema"]["schema"] == schema()


def test_the_place_is_the_rules_place() -> None:
    with serving(right) as (_, structurer):
        (reading,) = structurer.structure([passage(7, reading=True)])
        assert isinstance(reading, Reading)
        assert reading.draft.source == Source(path="书.pdf", page=7, line=3)


def test_several_dishes_of_a_passage_stand_on_their_pages() -> None:
    lines = tuple(PrintedLine(text=text, page=page) for text, page in (("菜1", 4), ("豆腐1克", 4), ("菜 2", 5)))
    with serving([said(answer(dish(1), dish(2)))]) as (_, structurer):
        readings = list(structurer.structure([Passage(path="书.pdf", lines=lines)]))
        assert [r.draft.source.page for r in readings if isinstance(r, Reading)] == [4, 5]


def test_the_schema_is_one_that_strict_servers_take() -> None:
    """Every object closed, every field required, a null where a field may be unknown; and it fits our own type."""

    def objects(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            if part.get("type") == "object":
                yield part
            for value in part.values():
                yield from objects(value)
        elif isinstance(part, list):
            for value in part:
                yield from objects(value)

    found = list(objects(schema()))
    assert len(found) == 4
    for part in found:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    assert '"default"' not in json.dumps(schema())
    assert schema()["type"] == "object"


def test_the_prompt_s_own_example_holds() -> None:
    """What the prompt shows the model is read as it should be, and stands in its own text."""
    prompt = (openai.PROMPTS / "structure.md").read_text(encoding="utf-8")
    text, shown = re.findall(r"```(?:json)?\n(.*?)```", prompt, re.DOTALL)
    with serving([said(shown)]) as (_, structurer):
        (reading,) = structurer.structure(
            [Passage(path="a", lines=tuple(PrintedLine(text=t) for t in text.split("\n")))]
        )
        assert isinstance(reading, Reading)
        checked = grounded(reading, text)
        assert isinstance(checked, Reading)
        assert (checked.draft, checked.doubts) == (reading.draft, ())
        assert len(reading.draft.lines) == 5
    assert set(json.loads(shown)["dishes"][0]) == {field.name for field in msgspec.structs.fields(openai.Dish)}


@pytest.mark.parametrize(
    ("form", "sent"), [("json_object", {"type": "json_object"}), ("none", None), ("json_schema", None)]
)
def test_forms_of_answering(form: Any, sent: dict[str, str] | None) -> None:
    """A server that takes no schema is told it in the prompt."""
    with serving(right, response_format=form, max_tokens=0) as (server, structurer):
        list(structurer.structure([passage(1)]))
        body = server.asked[0].body
        in_prompt = '"additionalProperties"' in body["messages"][0]["content"]
        assert "max_tokens" not in body
        if form == "json_schema":
            assert body["response_format"]["type"] == "json_schema"
            assert not in_prompt
        else:
            assert body.get("response_format") == sent
            assert in_prompt


@pytest.mark.parametrize(
    "text",
    [
        "好的，整理如下：\n```json\n{}\n```\n希望有帮助！",
        "{}",
        "\ufeff {} \n",
        "<think>要{不要}呢</think>\n{}",
        "```\n{}```",
    ],
)
def test_words_around_the_answer(text: str) -> None:
    assert read_reply(text.replace("{}", answer(dish(1)))).dishes[0].title == "菜1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "我不知道",
        "}{",
        answer(dish(1))[:-30],
        answer(dish(" ")).replace("菜 ", " "),
        '{"dishes": {}}',
        '{"dish": []}',
        '{"dishes": [{"title": 7, "ingredients": [], "steps": []}]}',
        '{"dishes": [{"title": "菜", "steps": []}]}',
        answer(dish(1, minutes="半小时")),
        answer(dish(1, difficulty=9)),
        "{" * 100_000 + "}",
        '{"dishes": ' + "[" * 100_000 + "]}",
        '{"a": "\ud800"}',
    ],
)
def test_what_is_no_answer_is_said(text: str) -> None:
    with pytest.raises(BadRecord) as raised:
        read_reply(text)
    assert len(str(raised.value)) < 300


def test_a_dish_given_twice_is_one() -> None:
    short = dish(1, steps=[])
    with serving([said(answer(short, dish(1), dish(1), dish(2)))]) as (_, structurer):
        readings = list(structurer.structure([passage(1)]))
        assert titles(readings) == ["菜1", "菜2"]
        assert isinstance(readings[0], Reading)
        assert len(readings[0].draft.steps) == 2


# --- what goes wrong -------------------------------------------------------------------------------------------


def test_half_an_answer_is_repaired_once() -> None:
    with serving([said(answer(dish(1))[:-20], usage=(100, 40)), said(answer(dish(1)), usage=(180, 50))]) as (
        server,
        structurer,
    ):
        assert titles(list(structurer.structure([passage(1)]))) == ["菜1"]
        first, repair = server.asked
        assert repair.body["messages"][:2] == first.body["messages"]
        assert repair.body["messages"][2] == {"role": "assistant", "content": answer(dish(1))[:-20]}
        assert "JSON 不完整" in repair.last
        assert structurer.spent() == Cost(requests=2, input_tokens=280, output_tokens=90)


@pytest.mark.parametrize("bad", ["没有", answer(dish(1))[:40], '{"dishes": 1}', ""])
def test_twice_wrong_is_rejected_with_page_and_reason_or_read_by_rules(bad: str) -> None:
    with serving([said(bad)]) as (server, structurer):
        by_nobody, by_rules = structurer.structure([passage(5), passage(6, reading=True)])
        assert len(server.asked) == 4
    assert isinstance(by_nobody, Rejected)
    assert by_nobody.path == "书.pdf"
    assert by_nobody.reason.startswith("第 5 页：模型没有读成：改过一次仍不行，")
    assert isinstance(by_rules, Reading)
    known = passage(6, reading=True).reading
    assert known is not None
    assert by_rules.draft == known.draft
    assert by_rules.doubts[:-1] == known.doubts
    assert "按规则读的" in by_rules.doubts[-1]


def test_a_model_that_never_holds_to_the_form_is_not_paid_for_a_whole_book() -> None:
    with serving([said("我不会")], concurrency=2) as (server, structurer):
        with pytest.raises(ShishenError, match=r"模型 m 开头 \d+ 段都没有按格式回答.*response_format"):
            list(structurer.structure(passage(n) for n in range(300)))
        _settled(server)
        assert len(server.asked) <= 24


def test_an_answer_that_was_too_long_says_so() -> None:
    with serving([said(answer(dish(1))[:60], "length")]) as (_, structurer):
        (rejected,) = structurer.structure([passage(1)])
        assert isinstance(rejected, Rejected)
        assert "太长，被截断了" in rejected.reason


@pytest.mark.parametrize(
    "fault",
    [
        Answered(delay=1.0),
        refused(500),
        refused(400, "content filter"),
        Answered(b"<html></html>", headers={"Content-Type": "text/html"}),
        Answered(b'{"choi', cut=True),
    ],
    ids=["silent", "500", "400", "html", "half"],
)
def test_one_that_is_never_answered_does_not_stop_the_others(fault: Answered) -> None:
    def script(asked: Asked) -> Answered:
        return fault if number_in(asked) == "2" else right(asked)

    with serving(script, timeout_seconds=0.5) as (_, structurer):
        results = list(structurer.structure(passage(n) for n in range(1, 5)))
    assert [isinstance(result, Reading) for result in results] == [True, False, True, True]
    assert titles(results)[1].startswith("第 2 页：模型没有读成：")


def test_busy_then_right() -> None:
    with serving([refused(429, "slow", retry_after="1"), refused(500), said(answer(dish(1)))], retries=2) as (
        server,
        structurer,
    ):
        begun = time.monotonic()
        assert titles(list(structurer.structure([passage(1)]))) == ["菜1"]
        assert time.monotonic() - begun >= 1
        assert len(server.asked) == 3


def test_a_wrong_key_stops_it_in_one_line() -> None:
    with serving([refused(401, f"bad key {KEY}")]) as (_, structurer), pytest.raises(ShishenError) as raised:
        list(structurer.structure(passage(n) for n in range(50)))
    assert "OPENAI_API_KEY" in str(raised.value)
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nothing_set_names_the_settings() -> None:
    with pytest.raises(ShishenError, match=r"structurer\.openai\.model"):
        list(openai.build(Options()).structure([passage(1)]))
    with pytest.raises(ShishenError, match=r"structurer\.openai\.base_url"):
        list(openai.build(Options(model="m")).structure([passage(1)]))
    with pytest.raises(ShishenError, match="连不上模型服务"):
        list(openai.build(Options(model="m", base_url="http://127.0.0.1:9/v1")).structure([passage(1)]))


def test_a_model_that_finds_nothing() -> None:
    """Where the rules had something it stays, doubted; where they had nothing there is nothing."""
    with serving([said('{"dishes": []}')]) as (_, structurer):
        (kept,) = structurer.structure([passage(1), passage(2, reading=True)])
        assert isinstance(kept, Reading)
        assert "模型认为这里没有菜谱；这里是按规则读的" in kept.doubts


def test_what_a_model_makes_up_falls_to_grounding() -> None:
    made_up = dish(1, ingredients=[{"text": "豆腐99克"}, {"text": "龙虾2只"}], servings="8人份", minutes=45)
    with serving([said(answer(made_up)), said(answer(dish(2)))], concurrency=1) as (_, structurer):
        partly, wholly = structurer.structure([passage(1), passage(1)])
    assert isinstance(partly, Reading)
    checked = grounded(partly, passage(1).text)
    assert isinstance(checked, Reading)
    assert [line.text for line in checked.draft.lines] == ["豆腐"]
    assert (checked.draft.servings, checked.draft.minutes) == (None, None)
    assert isinstance(wholly, Reading)
    assert isinstance(grounded(wholly, passage(1).text), Rejected)


@pytest.mark.parametrize("text", ["", " \n\u3000", "\x00"])
def test_nothing_to_read_is_not_sent(text: str) -> None:
    with serving(right) as (server, structurer):
        assert list(structurer.structure([Passage(path="a", lines=(PrintedLine(text=text),))])) == []
        assert server.asked == []


def test_what_no_font_table_names_can_be_sent() -> None:
    lines = (PrintedLine(text="菜1\ud800\x00\x07\udfff", page=1),)
    with serving(right) as (server, structurer):
        assert titles(list(structurer.structure([Passage(path="a", lines=lines)]))) == ["菜1"]
        assert server.asked[0].last == "菜1"


def test_what_is_longer_than_a_dish_is_not_paid_for() -> None:
    lines = (PrintedLine(text="菜" * 30_000, page=2),)
    with serving(right) as (server, structurer):
        long = Passage(path="a", lines=lines)
        assert structurer.estimate([long]) == Cost()
        (rejected,) = structurer.structure([long])
        assert isinstance(rejected, Rejected)
        assert "30000 个字，太长" in rejected.reason
        assert server.asked == []


# --- only what is uncertain ------------------------------------------------------------------------------------


def test_only_what_the_rules_were_unsure_of_is_sent() -> None:
    passages = [passage(1, reading=True, sure=0.95), passage(2, reading=True, sure=0.8), passage(3)]
    with serving(right, only_uncertain=True, threshold=0.9) as (server, structurer):
        estimate = structurer.estimate(passages)
        assert estimate is not None
        assert estimate.requests == 2
        results = list(structurer.structure(passages))
        assert results[0] == passages[0].reading
        assert titles(results) == ["菜1", "菜2", "菜3"]
        assert sorted(number_in(asked) for asked in server.asked) == ["2", "3"]
    with serving(right, only_uncertain=False) as (server, structurer):
        list(structurer.structure(passages))
        assert len(server.asked) == 3


# --- order, concurrency, streaming -----------------------------------------------------------------------------


def test_order_is_kept_whoever_answers_first() -> None:
    def script(asked: Asked) -> Answered:
        given = right(asked)
        given.delay = 0.1 if int(number_in(asked)) % 3 == 0 else 0.0
        return given

    with serving(script, concurrency=4) as (server, structurer):
        results = list(structurer.structure(passage(n) for n in range(30)))
        assert titles(results) == [f"菜{n}" for n in range(30)]
        assert 2 <= server.most_at_once <= 4


def test_as_many_at_once_as_were_asked_for() -> None:
    def script(asked: Asked) -> Answered:
        given = right(asked)
        given.delay = 0.3
        return given

    with serving(script, concurrency=5) as (server, structurer):
        begun = time.monotonic()
        assert len(list(structurer.structure(passage(n) for n in range(10)))) == 10
        assert server.most_at_once == 5
        assert time.monotonic() - begun < 1.5


def test_passages_without_end_stream() -> None:
    taken = count()

    def endless() -> Iterator[Passage]:
        for number in taken:
            yield passage(number)

    with serving(right, concurrency=2) as (server, structurer):
        results = list(islice(structurer.structure(endless()), 20))
        assert titles(results) == [f"菜{n}" for n in range(20)]
        assert next(taken) <= 20 + 2 * 4 + 1
        assert len(server.asked) <= 20 + 2 * 4


def test_what_is_ready_is_given_before_more_is_taken() -> None:
    """A slow source (OCR) does not keep back what is done."""
    given: list[int] = []

    def slow() -> Iterator[Passage]:
        for number in range(4):
            time.sleep(0.15)
            given.append(number)
            yield passage(number)

    with serving(right, concurrency=4) as (_, structurer):
        next(structurer.structure(slow()))
        assert len(given) <= 2


# --- the cache -------------------------------------------------------------------------------------------------


def test_nothing_is_paid_twice(tmp_path: Path) -> None:
    passages = [passage(n) for n in range(6)]
    with serving(right, tmp_path, input_price=1.0) as (server, structurer):
        first = list(structurer.structure(passages))
        again = openai.build(Options(base_url=server.url, model="m", path=str(tmp_path), input_price=1.0))
        assert again.estimate(passages) == Cost(money=0.0)
        assert list(again.structure(passages)) == first
        assert again.spent() == Cost(money=0.0)
        assert len(server.asked) == 6


def test_a_run_that_stops_half_way_goes_on(tmp_path: Path) -> None:
    with serving(right, tmp_path, concurrency=2) as (server, structurer):
        run = structurer.structure(passage(n) for n in range(40))
        assert len(list(islice(run, 10))) == 10
        run.close()  # type: ignore[attr-defined]
        _settled(server)
        once = len(server.asked)
        assert 10 <= once < 25
        again = openai.build(Options(base_url=server.url, model="m", path=str(tmp_path)))
        assert titles(list(again.structure(passage(n) for n in range(40)))) == [f"菜{n}" for n in range(40)]
        assert len(server.asked) == 40
        assert len({number_in(asked) for asked in server.asked}) == 40


KILLED = """
import sys
from shishen.engines.structurer.openai import Options, build
from tests.test_structurer import passage
for number, _ in enumerate(build(Options(base_url=sys.argv[1], model="m", path=sys.argv[2], concurrency=2)).structure(
        passage(n) for n in range(40))):
    print(number, flush=True)
"""


def test_a_killed_process_loses_only_what_was_under_way(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answered:
        given = right(asked)
        given.delay = 0.05
        return given

    with serving(script, tmp_path) as (server, structurer):
        command = [sys.executable, "-c", KILLED, server.url, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            while "9" not in process.stdout.readline():
                pass
            process.kill()
        _settled(server)
        once = len(server.asked)
        assert 10 <= once < 40
        assert len(list(structurer.structure(passage(n) for n in range(40)))) == 40
        # The two requests that were under way when it was killed.
        assert len(server.asked) <= 40 + 2


def _settled(server: ScriptedModel) -> None:
    """Wait until nobody asks any more."""
    seen = -1
    while seen != len(server.asked):
        seen = len(server.asked)
        time.sleep(0.3)


@pytest.mark.parametrize(
    "changed", [{"model": "other"}, {"max_tokens": 99}, {"response_format": "json_object"}], ids=lambda c: next(iter(c))
)
def test_what_shapes_an_answer_asks_anew(tmp_path: Path, changed: dict[str, Any]) -> None:
    with serving(right, tmp_path) as (server, structurer):
        list(structurer.structure([passage(1)]))
        other = Options(**{"base_url": server.url, "model": "m", "path": str(tmp_path), **changed})
        list(openai.build(other).structure([passage(1)]))
        assert len(server.asked) == 2
        same = Options(base_url=server.url, model="m", path=str(tmp_path), concurrency=9, timeout_seconds=7)
        list(openai.build(same).structure([passage(1, reading=True)]))
        assert len(server.asked) == 2


def test_failures_are_not_kept(tmp_path: Path) -> None:
    with serving([said("?"), said("?"), said(answer(dish(1)))], tmp_path) as (_, structurer):
        assert isinstance(next(structurer.structure([passage(1)])), Rejected)
        assert isinstance(next(structurer.structure([passage(1)])), Reading)


def test_a_broken_cache_costs_only_asking_again(tmp_path: Path) -> None:
    with serving(right, tmp_path) as (server, structurer):
        list(structurer.structure([passage(1)]))
        (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
        kept = file.read_bytes()
        assert KEY.encode() not in kept
        file.write_bytes(kept[:-5])
        assert titles(list(structurer.structure([passage(1)]))) == ["菜1"]
        assert len(server.asked) == 2


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with serving(right, tmp_path / "file") as (_, structurer), pytest.raises(ShishenError, match="写不进缓存文件夹"):
        list(structurer.structure([passage(1)]))


# --- what it costs ---------------------------------------------------------------------------------------------


def test_costs_add_up() -> None:
    with serving([said(answer(dish(1)), usage=(1000, 200))], input_price=2.0, output_price=8.0) as (_, structurer):
        passages = [passage(n) for n in range(10)]
        estimate = structurer.estimate(passages)
        assert estimate is not None
        assert estimate.requests == 10
        assert estimate.money == pytest.approx((estimate.input_tokens * 2 + estimate.output_tokens * 8) / 1e6)
        assert structurer.spent() == Cost(money=0.0)
        list(structurer.structure(passages))
        assert structurer.spent() == Cost(requests=10, input_tokens=10_000, output_tokens=2000, money=0.036)
    with serving(right) as (_, structurer):
        without = structurer.estimate(passages)
        assert without is not None
        assert without.money is None
        assert without.requests == 10


def test_the_estimate_is_of_the_size_of_what_is_sent() -> None:
    """Between half and twice what a tokenizer of 0.7 tokens a Chinese character would count."""
    with serving(right) as (server, structurer):
        estimate = structurer.estimate([passage(1)])
        assert estimate is not None
        list(structurer.structure([passage(1)]))
        sent = "".join(message["content"] for message in server.asked[0].body["messages"])
        assert 0.5 < estimate.input_tokens / (0.7 * len(sent)) < 2


def test_threads_end_with_the_run() -> None:
    with serving(right) as (_, structurer):
        list(structurer.structure(passage(n) for n in range(5)))
    for _ in range(50):
        if not any(thread.name.startswith("structurer") for thread in threading.enumerate()):
            return
        time.sleep(0.05)
    raise AssertionError("a thread of the run is still there")


def test_who_stops_does_not_leave_threads_waiting() -> None:
    """Those that wait for a busy server give up; nobody waits a minute for them at the end of the program."""

    def script(asked: Asked) -> Answered:
        return right(asked) if number_in(asked) == "1" else refused(429, "slow", retry_after="60")

    with serving(script, concurrency=3) as (_, structurer):
        run = structurer.structure(passage(n) for n in range(1, 9))
        next(run)
        time.sleep(0.2)
        run.close()  # type: ignore[attr-defined]
        test_threads_end_with_the_run()


def test_what_is_kept_is_the_answer() -> None:
    reply = read_reply(answer(dish(1), dish(2)))
    assert msgspec.json.decode(msgspec.json.encode(reply), type=Reply) == reply
