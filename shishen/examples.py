"""Examples: the dialogues that a model learns from, and the JSON Lines file that they are kept in.

A line of such a file is one `Example` with all its fields; other programs' forms are in `training/formats/`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shishen.errors import BadRecord, ShishenError
from shishen.records import Message, Rejected
from shishen.system_reason import reason_of

SPLITS = ("train", "dev", "test")
Split = Literal["train", "dev", "test"]
# An answer longer than any recipe is a file that was taken for one.
LONGEST_MESSAGE = 100_000
# A line of all fields of the longest dialogue; what is longer is no JSON Lines.
LONGEST_LINE = 8_000_000


class Evidence(Struct, frozen=True, kw_only=True):
    """Where in its document an answer stands: characters `start` to `end` of the page's (or the file's) text."""

    path: str
    page: int | None = None
    start: int
    end: int


class Example(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dialogue to learn from: at most one system message, then user and assistant in turn, assistant last.

    `kind` is what is asked (method, ingredients, refusal …), `recipes` the ids of the records that the answers stand
    on, `source` the file they come from. Examples of one `cluster` are near-equal and never stand in two splits.
    `evidence` is set where the answer stands in a document that is no recipe.
    """

    id: str
    messages: tuple[Message, ...]
    kind: str = ""
    recipes: tuple[str, ...] = ()
    source: str = ""
    cluster: str = ""
    evidence: Evidence | UnsetType = UNSET

    @property
    def system(self) -> str:
        """The system message, '' where there is none."""
        return self.messages[0].content if self.messages and self.messages[0].role == "system" else ""

    @property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """Each question with its answer, in order."""
        spoken = [m.content for m in self.messages if m.role != "system"]
        return tuple(zip(spoken[::2], spoken[1::2], strict=True))

    @property
    def answers(self) -> tuple[str, ...]:
        """What the assistant says, in order."""
        return tuple(m.content for m in self.messages if m.role == "assistant")


def example_id(messages: Sequence[Message], *parts: str) -> str:
    """An id from what is said and whatever else parts it from its like: 16 hexadecimal digits of BLAKE2b."""
    identity = "\0".join((*parts, *(part for m in messages for part in (m.role, m.content))))
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def dialogue(turns: Iterable[tuple[str, str]], system: str = "") -> tuple[Message, ...]:
    """The messages of questions and answers in turn, after a system message where there is one."""
    spoken = [m for question, said in turns for m in (Message("user", question), Message("assistant", said))]
    return (*((Message("system", system),) if system else ()), *spoken)


def check_messages(messages: Sequence[Message]) -> None:
    """Raises BadRecord, with the reason, where these are no dialogue that a model can learn from."""
    if not messages:
        raise BadRecord("没有对话（messages 是空的）")
    systems = sum(m.role == "system" for m in messages)
    if systems > 1:
        raise BadRecord(f"有 {systems} 条 system 消息，最多一条")
    if systems and messages[0].role != "system":
        raise BadRecord("system 消息不在最前面")
    spoken = messages[systems:]
    if not any(m.role == "assistant" for m in spoken):
        raise BadRecord("只有问题，没有回答（没有 assistant 消息）")
    for n, message in enumerate(spoken):
        expected = "user" if n % 2 == 0 else "assistant"
        if message.role != expected:
            raise BadRecord(f"第 {n + systems + 1} 条消息的 role 是 {message.role}，应为 {expected}（一问一答轮流）")
        if not message.content.strip():
            raise BadRecord(f"第 {n + systems + 1} 条消息（{message.role}）是空的")
    if spoken[-1].role != "assistant":
        raise BadRecord("最后一条是问题，没有回答")
    for n, message in enumerate(messages, 1):
        if len(message.content) > LONGEST_MESSAGE:
            raise BadRecord(f"第 {n} 条消息有 {len(message.content)} 个字，最多 {LONGEST_MESSAGE} 个")
        if any("\ud800" <= c <= "\udfff" for c in message.content):
            raise BadRecord(f"第 {n} 条消息里有坏的字符（不成对的代理字符）")


def encode_example(example: Example) -> bytes:
    """One line of an examples file, its line break included."""
    return msgspec.json.encode(example) + b"\n"


def split_files(folder: Path, split: str) -> list[Path]:
    """The files of a split in a dataset folder: `train.jsonl`, or `train-00000.jsonl` and those after it."""
    whole = folder / f"{split}.jsonl"
    return [whole] if whole.is_file() else sorted(folder.glob(f"{split}-[0-9][0-9][0-9][0-9][0-9].jsonl"))


def read_examples(path: Path) -> Iterator[Example | Rejected]:
    """Every example of a file of ours, streaming; a line that is none is rejected with its number and the reason.

    Raises ShishenError where the file cannot be opened.
    """
    decoder = msgspec.json.Decoder(Example)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ShishenError(f"打不开 {path}：{reason_of(error)}；数据集用 shishen dataset build 生成。") from error
    with stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                yield Rejected(path=str(path), line=number, reason=f"这一行超过 {LONGEST_LINE // 1_000_000} MB")
                while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                continue
            if not line.strip():
                continue
            try:
                example = decoder.decode(line)
                check_messages(example.messages)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                yield Rejected(path=str(path), line=number, reason=f"不是正确的一行：{error}")
            except BadRecord as error:
                yield Rejected(path=str(path), line=number, reason=str(error))
            else:
                yield example
