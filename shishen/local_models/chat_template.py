"""Messages ↔ tokens by a model's own chat template: what is asked, what of it is learned, where an answer ends.

The tokens of a dialogue are those of its prompt followed by those of the answer, each read on its own: so is a model
served, and so it must be taught. An answer's tokens end with the one that the template sets after it.
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
    for mark in dict.fromkeys(re.findall(r"<\|[^<>|]+\|>", str(tokenizer.chat_template))):
        if template and len(_ids(tokenizer, mark)) != 1:
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
    those do that drop thoughts), one sequence an answer. Raises ShishenError where the template cannot be learned.
    """
    answers = [n for n, message in enumerate(messages) if message.role == "assistant"]
    pairs = [(render(tokenizer, messages[:n], prompt=True), _said(tokenizer, messages, n)) for n in answers]
    _, _, rest = surroundings(tokenizer)
    texts: list[tuple[str, bool]] = []
    done = ""
    for before, said in pairs:
        if not before.startswith(done):
            return [_encoded(tokenizer, [(before, False), (said, True)]) for before, said in pairs]
        texts += [(before[len(done) :], False), (said, True)]
        done = before + said + rest
        texts.append((rest, False))
    # What follows the last end is never read by anybody.
    return [_encoded(tokenizer, texts[:-1])]


def _encoded(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[tuple[str, bool]]) -> Encoded:
    parts = [(_ids(tokenizer, text), learned) for text, learned in texts]
    ids = tuple(token for tokens, _ in parts for token in tokens)
    return Encoded(ids, tuple(learned for tokens, learned in parts for _ in tokens))


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
    # The end is the first special token behind the answer.
    for token in sorted(tokenizer.all_special_tokens, key=len, reverse=True):
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
