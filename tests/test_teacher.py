"""A teacher's wordings of the questions of a dataset, against a scripted server that is right, sloppy or down."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shishen import model_client
from shishen.engines.teacher import none, openai
from shishen.engines.teacher.openai import Options
from shishen.errors import ShishenError
from shishen.examples import Example
from shishen.protocols import Cost, Lesson, Taught, Teacher, Untaught
from shishen.training.dataset.folder import examples_of_split
from tests.command_line import Done, Shishen, is_fault
from tests.scripted_model import Answered, Asked, Script, ScriptedModel, refused, said, scripted


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(model_client, "_FIRST_PAUSE", 0.01)


@contextmanager
def serving(
    script: Script | list[Answered], folder: Path | None = None, **options: Any
) -> Iterator[tuple[ScriptedModel, Teacher]]:
    with scripted(script).running() as server:
        given = {"base_url": server.url, "model": "m", "retries": 1, "path": str(folder or ""), **options}
        yield server, openai.build(Options(**given))


def asked_for(asked: Asked) -> list[tuple[int, str]]:
    """The numbered questions of a request for wordings; it stays so when a repair is asked for."""
    return [(int(n), q) for n, q in re.findall(r"^(\d+)\. (.*)$", asked.body["messages"][1]["content"], re.MULTILINE)]


def wordings(asked: Asked, *forms: str) -> Answered:
    found = [{"number": n, "wordings": [form.format(q) for form in forms]} for n, q in asked_for(asked)]
    return said(json.dumps({"questions": found}, ensure_ascii=False))


def polite(asked: Asked) -> Answered:
    return wordings(asked, "劳驾，{}，想听听", "跟我讲讲：{}")


# --- the engine ------------------------------------------------------------------------------------------------


def test_nobody_refuses_and_names_the_setting() -> None:
    teacher = none.build(none.Options())
    lesson = Lesson(title="a", text="b", count=1)
    for ask in (
        lambda: teacher.paraphrase(["a"], 1),
        lambda: teacher.questions([lesson]),
        lambda: teacher.estimate(()),
    ):
        with pytest.raises(ShishenError, match=r"teacher\.engine=openai"):
            ask()
    assert teacher.spent() is None


def test_questions_go_several_at_a_time_and_come_back_in_order() -> None:
    questions = [f"第{n}道菜怎么做" for n in range(20)]
    with serving(polite) as (server, teacher):
        estimate = teacher.estimate(questions, 2)
        came = list(teacher.paraphrase(iter(questions), 2))
        assert came == [(f"劳驾，{q}，想听听", f"跟我讲讲：{q}") for q in questions]
        assert len(server.asked) == 3
        assert estimate
        assert (estimate.requests, estimate.money) == (3, None)
        assert teacher.spent() == Cost(requests=3, input_tokens=300, output_tokens=150)


def test_a_question_that_the_model_left_out_has_no_wordings() -> None:
    answer = {"questions": [{"number": 2, "wordings": ["二", "三", "四"]}, {"number": 9, "wordings": ["无"]}]}
    with serving([said(json.dumps(answer))]) as (_, teacher):
        first, second = teacher.paraphrase(["一怎么做", "二怎么做"], 2)
        assert isinstance(first, Untaught)
        assert second == ("二", "三")


def test_a_broken_answer_is_repaired_once_and_kept(tmp_path: Path) -> None:
    pair = {"question": "几册？", "answer": "五册。", "quote": "五册"}
    good = said("好的：```json\n" + json.dumps({"pairs": [pair]}, ensure_ascii=False) + "\n```")
    lesson = Lesson(title="规定", text="可借五册。", count=1)
    with serving([said('{"pairs": [{"question"'), good], tmp_path) as (server, teacher):
        assert list(teacher.questions([lesson])) == [(Taught(question="几册？", answer="五册。", quote="五册"),)]
        assert "不合要求" in server.asked[1].last
        assert list(teacher.questions([lesson])) == [(Taught(question="几册？", answer="五册。", quote="五册"),)]
        estimate = teacher.estimate([lesson])
        assert estimate
        assert (len(server.asked), estimate.requests) == (2, 0)


def test_one_passage_that_fails_takes_nothing_from_the_others() -> None:
    def script(asked: Asked) -> Answered:
        if "坏的" in asked.body["messages"][1]["content"]:
            return said("不会")
        return said('{"pairs": []}')

    lessons = [Lesson(title="a", text=text, count=1) for text in ("好的一", "坏的", "好的二")]
    with serving(script) as (_, teacher):
        first, second, third = teacher.questions(lessons)
        assert (first, third) == ((), ())
        assert isinstance(second, Untaught)
        assert "改过一次仍不行" in second.reason


def test_a_wrong_key_stops_everything() -> None:
    with serving([refused(401)]) as (server, teacher), pytest.raises(ShishenError, match="OPENAI_API_KEY"):
        list(teacher.paraphrase(["一", "二"], 1))
    assert "sk-secret" not in repr(server.asked[0].body)


def test_the_prompts_show_what_is_read() -> None:
    """The examples in the prompts have the form of the answers, and hold what they ask for."""
    prompts = {path.stem: path.read_text(encoding="utf-8") for path in openai.PROMPTS.glob("*.md")}
    shown = {name: re.findall(r"```json\n(.*?)```", text, re.DOTALL) for name, text in prompts.items()}
    source = re.findall(r"原文：\n\n(.*?)\n```", prompts["questions"], re.DOTALL)[0]
    with serving([said(shown["questions"][0])]) as (_, teacher):
        (pairs,) = teacher.questions([Lesson(title="图书馆借阅规定", text=source, count=2)])
        assert isinstance(pairs, tuple)
        assert len(pairs) == 2
        assert all(pair.quote in source for pair in pairs)
    with serving([said(shown["paraphrase"][0])]) as (_, teacher):
        assert [len(came) for came in teacher.paraphrase(["一", "二"], 2) if isinstance(came, tuple)] == [2, 2]


# --- wordings in a dataset ---------------------------------------------------------------------------------------

OPTIONS = ("--kinds", "recipe,fact,plain,follow_up", "--limit", "12", "--phrasings", "1")


def build(shishen: Shishen, url: str, output: Path, *more: str) -> Done:
    settings = ("teacher.engine=openai", f"teacher.openai.base_url={url}", "teacher.openai.model=m")
    sets = [part for one in (*settings, "teacher.openai.retries=0") for part in ("--set", one)]
    return shishen(*sets, "dataset", "build", "--output", str(output), *OPTIONS, "--json", *more)


def examples(folder: Path, split: str) -> list[Example]:
    return [one for one in examples_of_split(folder, split) if isinstance(one, Example)]


def test_wordings_are_added_for_training_alone(shishen: Shishen, tmp_path: Path) -> None:
    plain = shishen("dataset", "build", "--output", str(tmp_path / "without"), *OPTIONS, "--json")
    with scripted(polite).running() as server:
        done = build(shishen, server.url, tmp_path / "with", "--paraphrase", "2")
        asked = len(server.asked)
        assert "要问模型：约" in done.err
        assert "模型一共用了" in done.err
        before, after = plain.json["examples"], done.json["examples"]
        assert after["train"] > before["train"] * 1.5
        assert (after["dev"], after["test"]) == (before["dev"], before["test"])
        without = {one.id: one for one in examples(tmp_path / "without", "train")}
        added = [one for one in examples(tmp_path / "with", "train") if one.id not in without]
        answers = {(one.kind, one.recipes): set() for one in without.values()}  # type: ignore[var-annotated]
        for one in without.values():
            answers[one.kind, one.recipes] |= set(one.answers)
        for one in added:
            assert one.kind in ("recipe", "fact")
            assert set(one.answers) <= answers[one.kind, one.recipes]
            assert one.turns[0][0].startswith(("劳驾", "跟我讲讲"))
        # Again, from the cache: the same bytes, and nothing is asked.
        again = build(shishen, server.url, tmp_path / "again", "--paraphrase", "2")
        assert (again.json["fingerprint"], len(server.asked)) == (done.json["fingerprint"], asked)
        assert "要问模型" not in again.err


def test_wordings_that_ask_something_else_are_left_out(shishen: Shishen, tmp_path: Path) -> None:
    def sloppy(asked: Asked) -> Answered:
        return wordings(asked, "这道菜怎么弄呀", "{}，要做 37 份", "{}？", "好好{}" + "的呀" * 40)

    with scripted(sloppy).running() as server:
        done = build(shishen, server.url, tmp_path / "out", "--paraphrase", "4")
    plain = shishen("dataset", "build", "--output", str(tmp_path / "without"), *OPTIONS, "--json")
    assert done.json["examples"] == plain.json["examples"]
    counts = {key: count for key, count in done.json["left_out"].items() if key.startswith("wording")}
    assert set(counts) == {"wording_lost", "wording_number", "wording_again", "wording_long"}
    assert len(set(counts.values())) == 1
    rejected = (tmp_path / "out" / "rejected.jsonl").read_text(encoding="utf-8")
    assert "要做 37 份" in rejected


def test_a_template_s_own_words_are_no_new_wording(shishen: Shishen, tmp_path: Path) -> None:
    """They may be those of another kind, which has another answer."""

    def other(asked: Asked) -> Answered:
        found = [
            {"number": n, "wordings": [f"{dish[1]}的步骤是什么" if (dish := re.search(r"(?:做)(\w+)", q)) else "无"]}
            for n, q in asked_for(asked)
        ]
        return said(json.dumps({"questions": found}, ensure_ascii=False))

    with scripted(other).running() as server:
        done = build(shishen, server.url, tmp_path / "out", "--paraphrase", "1")
    assert {"wording_again", "wording_lost"} >= {k for k in done.json["left_out"] if k.startswith("wording")}


def test_a_server_that_fails_stops_and_is_gone_on_with(shishen: Shishen, tmp_path: Path) -> None:
    def down(asked: Asked) -> Answered:
        return polite(asked) if len(server.asked) < 3 else refused(401)

    with scripted(down).running() as server:
        done = build(shishen, server.url, tmp_path / "out", "--paraphrase", "2")
        assert (done.status, done.out) == (2, "")
        assert "OPENAI_API_KEY" in done.err
        assert not (tmp_path / "out" / "dataset.json").exists()
    with scripted(polite).running() as server:
        assert build(shishen, server.url, tmp_path / "out", "--paraphrase", "2").status == 0
        first = len(server.asked)
    with scripted(polite).running() as server:
        build(shishen, server.url, tmp_path / "whole", "--paraphrase", "2")
        assert (first > 0, len(server.asked)) == (True, 0)


def test_without_a_teacher_it_is_refused_before_any_work(shishen: Shishen, tmp_path: Path) -> None:
    done = shishen("dataset", "build", "--output", str(tmp_path / "out"), "--paraphrase", "2")
    assert is_fault(done, "teacher.engine=openai")
    assert not (tmp_path / "out").exists()
