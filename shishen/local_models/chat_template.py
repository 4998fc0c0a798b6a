"""Messages ↔ tokens by a model's own chat template: what is asked, what of it is learned, where an answer ends.

The tokens of a dialogue are those of its prompt, read on its own as a model is served, followed by those of the answer.
An answer's tokens end with the one that the template sets after it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.errors import NotFound, ShishenError
from shishen.records import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEMPLATES = Path(__file__).parent / "templates"
# Asked of a template to see what it sets around an answer.
_PROBE = (Message("user", "甲"), Message("assistant", "乙"))
_MARK = "\ue000"


class Encoded(Struct, frozen=True):
    """The tokens of a dialogue, and which of them are learned: the answers with their ends. Of equal lengths."""

    ids: tuple[int, ...]
    learned: tuple[bool, ...]


def templates() -> dict[str, Path]:
    """The chat templates that come with the program, by name."""
    return {path.stem: path for path in sorted(TEMPLATES.glob("*.jinja"))}


def set_template(tokenizer: "PreTrainedTokenizerBase", template: str | None) -> None:
    """Give a tokenizer a chat template: one of ours by name, or a file; None keeps its own.

    Raises ShishenError where it has none, or the template needs tokens that it lacks.
    """
    if template:
        found = templates().get(template) or Path(template).expanduser()
        if not found.is_file():
            raise NotFound(f"没有名为 {template} 的对话模板；可用：{'、'.join(templates())}，或一个 .jinja 文件。")
        tokenizer.chat_template = found.read_text(encoding="utf-8")
    if not tokenizer.chat_template:
        raise ShishenError(
            f"{tokenizer.name_or_path} 没有对话模板（它多半是未经对话训练的底座）；"
            f"请设 template，可用：{'、'.join(templates())}，或一个 .jinja 文件。"
        )
    if not template:
        return
    # Some are put together from a role only when they are written.
    written = str(tokenizer.chat_template) + render(tokenizer, _PROBE)
    for mark in dict.fromkeys(re.findall(r"<\|[^<>|'\"{}\s]+\|>", written)):
        if len(_ids(tokenizer, mark)) != 1:
            raise ShishenError(f"对话模板 {template} 要用 {mark}，而这个模型的分词器没有它；请换一个模板。")


def render(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], *, prompt: bool = False) -> str:
    """The text of messages by the template; with `prompt`, up to where the next answer begins.

    Raises ShishenError where the template refuses them (no system message allowed …).
    """
    turns = [{"role": m.role, "content": m.content} for m in messages]
    try:
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt, enable_thinking=False)
    except Exception as error:
        # Templates refuse by raising whatever they like; jinja's errors have no common base with them.
        raise ShishenError(f"对话模板不接受这段对话：{' '.join(str(error).split())[:200]}") from error
    return str(text)


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[int]:
    """The tokens that a model is given before it answers `messages`."""
    return _ids(tokenizer, render(tokenizer, messages, prompt=True))


def encode(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[Encoded]:
    """A dialogue's tokens, each answer behind exactly the text that will stand before it when it is asked for.

    One sequence with every answer learned; where the template rewrites earlier turns once there are later ones (as
    those do that drop thoughts), or their tokens would not be the ones that are served, one sequence an answer.
    Raises ShishenError where the template cannot be learned.
    """
    answers = [n for n, message in enumerate(messages) if message.role == "assistant"]
    each = [
        _encoded(tokenizer, render(tokenizer, messages[:n], prompt=True), _said(tokenizer, messages, n))
        for n in answers
    ]
    if not each:
        return []
    last = each[-1]
    learned = list(last.learned)
    for one in each[:-1]:
        # A later prompt must hold an earlier one and its answer, token for token.
        if last.ids[: len(one.ids)] != one.ids:
            return each
        learned[: len(one.ids)] = [a or b for a, b in zip(learned, one.learned, strict=False)]
    return [Encoded(last.ids, tuple(learned))]


def _encoded(tokenizer: "PreTrainedTokenizerBase", before: str, said: str) -> Encoded:
    """A prompt and its answer. The answer's tokens are those that it has behind the prompt, where these can be parted:
    by itself a tokenizer of words would begin it with a space."""
    prompt, whole = _ids(tokenizer, before), _ids(tokenizer, before + said)
    ids = whole if whole[: len(prompt)] == prompt else prompt + _ids(tokenizer, said)
    return Encoded(tuple(ids), tuple(n >= len(prompt) for n in range(len(ids))))


def _said(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], n: int) -> str:
    """The n-th message, an answer, as the template writes it, up to its end and with it."""
    before = render(tokenizer, messages[:n], prompt=True)
    whole = render(tokenizer, messages[: n + 1])
    _, _, rest = surroundings(tokenizer)
    if not whole.startswith(before):
        raise ShishenError("对话模板在问与答之间写的字，和让模型开始回答时写的不一样，学的就不是用的；请换一个模板。")
    return whole[len(before) :].removesuffix(rest) if rest else whole[len(before) :]


def surroundings(tokenizer: "PreTrainedTokenizerBase") -> tuple[str, str, str]:
    """(what stands before an answer, what ends it, what follows the end) by the template: the end is learned."""
    return _surroundings(tokenizer, str(tokenizer.chat_template))


@lru_cache(maxsize=16)
def _surroundings(tokenizer: Any, template: str) -> tuple[str, str, str]:  # noqa: ARG001
    question, answer = _PROBE
    whole = render(tokenizer, [question, Message("assistant", answer.content + _MARK)])
    opening, found, tail = whole.partition(answer.content + _MARK)
    if not found:
        raise ShishenError("对话模板没有把回答写出来；请换一个模板。")
    # The end is the first token of its own kind behind the answer; not all that end one are named special.
    marks = {*tokenizer.all_special_tokens, *map(str, getattr(tokenizer, "added_tokens_decoder", {}).values())}
    for token in sorted((mark for mark in marks if mark.strip()), key=lambda mark: (-len(mark), mark)):
        place = tail.find(token)
        if place >= 0 and not tail[:place].strip():
            end = place + len(token)
            return opening, tail[:end], tail[end:]
    return opening, "", tail


def answer_end(tokenizer: "PreTrainedTokenizerBase") -> int | None:
    """The token that the template sets after an answer; None where it sets none."""
    closing = surroundings(tokenizer)[1]
    return _ids(tokenizer, closing)[-1] if closing else None


def end_tokens(tokenizer: "PreTrainedTokenizerBase", generation: Any = None) -> frozenset[int]:
    """Every token at which an answer is over: the template's, the tokenizer's, those of the generation settings."""
    declared = getattr(generation, "eos_token_id", None)
    several = declared if isinstance(declared, list | tuple) else [declared]
    ends = {answer_end(tokenizer), tokenizer.eos_token_id, *several}
    return frozenset(end for end in ends if isinstance(end, int))


def _ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"] if text else []
    return found
