"""Messages to tokens: what is taught begins with what will be asked; only answers and their ends are learned."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("transformers")

from shishen.errors import NotFound, ShishenError
from shishen.examples import dialogue
from shishen.local_models.chat_template import answer_end, encode, end_tokens, prompt_ids, set_template, templates
from shishen.records import Message
from tests.toy_tokenizers import LLAMA3, MISTRAL, PLAIN, QWEN3, SILENT, TWO_FACED, bytewise, llama3, ours, sentencepiece

CHATML = (Path(__file__).parent.parent / "shishen/local_models/templates/chatml.jinja").read_text(encoding="utf-8")
# How each is made, whether earlier turns stay as they were, its end.
KINDS: dict[str, tuple[Any, bool, str]] = {
    "chatml": (ours("chatml"), True, "<|im_end|>"),
    "internlm2": (ours("internlm2"), True, "<|im_end|>"),
    "chatglm3": (ours("chatglm3"), False, "</s>"),
    "qwen3": (lambda: bytewise(QWEN3), False, "<|im_end|>"),
    "llama3": (llama3, True, "<|eot_id|>"),
    "mistral": (lambda: bytewise(MISTRAL.replace("bos_token", "''")), True, "<|im_end|>"),
    "sentencepiece mistral": (sentencepiece, True, "</s>"),
    "sentencepiece chatml": (lambda: sentencepiece(CHATML), True, "<|im_end|>"),
}
DIALOGUES = [
    dialogue([("红烧肉怎么做", "五花肉切块，焯水。\n加酱油和糖，炖一小时。")]),
    dialogue([("虾煮多久", "三分钟。"), ("要放姜吗", "要。"), ("盐呢", "放盐 3 克。")]),
    dialogue([("a dish", "Fry two eggs 🍳."), ("生僻字", "𠮷野家的牛肉饭")]),
    dialogue([("几步", "1. 洗净。\n2. 蒸 8 分钟。"), ("然后", "淋油。")], "你是厨师。"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(len(DIALOGUES)))
def test_prompts_are_prefixes_of_what_is_taught(kind: str, number: int) -> None:
    make, _, end = KINDS[kind]
    tokenizer, messages = make(), DIALOGUES[number]
    if messages[0].role == "system" and "mistral" in kind:
        with pytest.raises(ShishenError, match="对话模板不接受这段对话：no system message here"):
            encode(tokenizer, messages)
        messages = messages[1:]
    (end_id,) = tokenizer(end, add_special_tokens=False)["input_ids"]
    sequences = encode(tokenizer, messages)
    prompts = [prompt_ids(tokenizer, messages[:n]) for n, m in enumerate(messages) if m.role == "assistant"]
    answers = [m.content for m in messages if m.role == "assistant"]
    found: list[str] = []
    for sequence in sequences:
        assert len(sequence.ids) == len(sequence.learned)
        stretches = learned_stretches(sequence.learned)
        for begin, over in stretches:
            # What stands before an answer is token for token what the model will be given.
            prompt, answer = prompts[len(found)], answers[len(found)]
            assert list(sequence.ids[:begin]) == prompt
            # What is learned is the answer and its end, and nothing else.
            assert sequence.ids[over - 1] == end_id
            said = tokenizer.decode([*prompt, *sequence.ids[begin : over - 1]])[len(tokenizer.decode(prompt)) :]
            assert said.strip(" ") == answer
            found.append(answer)
        # Nothing stands behind the last end.
        assert stretches[-1][1] == len(sequence.ids)
    assert found == answers


def learned_stretches(learned: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Where stretches that are learned begin and end."""
    edges = [n for n, (a, b) in enumerate(zip((False, *learned), (*learned, False), strict=True)) if a != b]
    return list(zip(edges[::2], edges[1::2], strict=True))


@pytest.mark.parametrize("kind", [name for name, (_, whole, _) in KINDS.items() if whole])
def test_several_answers_are_learned_in_one_sequence(kind: str) -> None:
    (sequence,) = encode(KINDS[kind][0](), DIALOGUES[1])
    assert len(learned_stretches(sequence.learned)) == 3


@pytest.mark.parametrize("kind", [name for name, (_, whole, _) in KINDS.items() if not whole])
def test_rewritten_turns_give_a_sequence_an_answer(kind: str) -> None:
    assert [len(learned_stretches(s.learned)) for s in encode(KINDS[kind][0](), DIALOGUES[1])] == [1, 1, 1]


def test_an_empty_thought_is_asked_with_and_not_learned() -> None:
    tokenizer = bytewise(QWEN3)
    (sequence,) = encode(tokenizer, DIALOGUES[0])
    (thought,) = tokenizer("</think>", add_special_tokens=False)["input_ids"]
    place = sequence.ids.index(thought)
    assert not any(sequence.learned[: place + 1])
    assert sequence.learned[-1]


def test_an_answer_that_melts_into_its_prompt_is_still_taught_behind_it() -> None:
    # A line break at its beginning would make one token with that of the template.
    messages = dialogue([("怎么做", "\n\n先洗净。"), ("然后", "下锅。")])
    tokenizer = bytewise()
    sequences = encode(tokenizer, messages)
    assert len(sequences) == 2
    for sequence, n in zip(sequences, (1, 3), strict=True):
        prompt = prompt_ids(tokenizer, messages[:n])
        assert list(sequence.ids[: len(prompt)]) == prompt
        assert not any(sequence.learned[: len(prompt)])


@pytest.mark.parametrize("kind", KINDS)
def test_every_end_is_found(kind: str) -> None:
    make, _, end = KINDS[kind]
    tokenizer = make()
    (own,) = tokenizer(end, add_special_tokens=False)["input_ids"]
    assert answer_end(tokenizer) == own
    assert end_tokens(tokenizer) == {own, tokenizer.eos_token_id}
    assert end_tokens(tokenizer, SimpleNamespace(eos_token_id=[3, own])) == {own, tokenizer.eos_token_id, 3}
    assert end_tokens(tokenizer, SimpleNamespace(eos_token_id=7)) == {own, tokenizer.eos_token_id, 7}


def test_a_template_without_an_end_has_none() -> None:
    assert answer_end(bytewise(PLAIN)) is None


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(ShishenError, match="不一样，学的就不是用的"):
        encode(bytewise(TWO_FACED), DIALOGUES[0])
    with pytest.raises(ShishenError, match="没有把回答写出来"):
        encode(bytewise(SILENT), DIALOGUES[0])
    with pytest.raises(ShishenError, match="对话模板不接受") as fault:
        encode(bytewise("{{ messages[3].content.nothing.here }}{% for %}"), DIALOGUES[0])
    assert "\n" not in str(fault.value)


def test_templates_are_set_by_name_or_file(tmp_path: Path) -> None:
    assert {"chatml", "internlm2", "chatglm3"} <= templates().keys()
    tokenizer = bytewise()
    own = tokenizer.chat_template
    set_template(tokenizer, None)
    assert tokenizer.chat_template == own
    path = tmp_path / "own.jinja"
    path.write_text(PLAIN, encoding="utf-8")
    set_template(tokenizer, str(path))
    assert tokenizer.chat_template == PLAIN
    with pytest.raises(NotFound, match=r"没有名为 没有 的对话模板；可用：.*chatml"):
        set_template(tokenizer, "没有")
    path.write_text(LLAMA3, encoding="utf-8")
    with pytest.raises(ShishenError, match="分词器没有它"):
        set_template(tokenizer, str(path))
    tokenizer.chat_template = None
    with pytest.raises(ShishenError, match=r"没有对话模板.*请设 template"):
        set_template(tokenizer, None)


def test_one_message_more_changes_nothing_before_it() -> None:
    tokenizer = bytewise()
    one = encode(tokenizer, DIALOGUES[1][:2])[0]
    three = encode(tokenizer, DIALOGUES[1])[0]
    assert three.ids[: len(one.ids)] == one.ids
    assert encode(tokenizer, [Message("user", "只有问题")]) == []
