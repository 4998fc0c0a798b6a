"""Examples as tokens, kept in files: any number of them in bounded memory.

A folder with `ids.bin` (uint32), `learned.bin` (one byte a token, 1 where it is learned) and `starts.npy` (int64, where
each sequence begins, and the end). `store.json` is written last: its presence means that the rest is whole.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.examples import Example
from shishen.local_models.chat_template import encode
from shishen.records import Rejected

if TYPE_CHECKING:
    import numpy
    from transformers import PreTrainedTokenizerBase

# What is said of lengths is said of these shares of the sequences.
_SHARES = (0.5, 0.9, 0.99, 1.0)


class NothingLearned(ShishenError):
    """Examples of which nothing would be learned."""


class StoreFacts(Struct, frozen=True, kw_only=True):
    """What a store holds: sequences, tokens, of these learned; sequences that were too long, and by how much.

    `needed` is the length that would have let all of them in; `fingerprint` tells whether two stores are equal.
    """

    sequences: int
    tokens: int
    learned: int
    too_long: int = 0
    cut_answers: int = 0
    needed: int = 0
    longest_kept: int = 0
    rejected: int = 0
    fingerprint: str = ""
    lengths: dict[str, int] = {}


class TokenStore:
    """The sequences of a store: `store[n]` is (ids, learned) of the n-th, two arrays of its length."""

    def __init__(self, folder: Path) -> None:
        import numpy

        try:
            self.facts = msgspec.json.decode((folder / "store.json").read_bytes(), type=StoreFacts)
            self.starts: Any = numpy.load(folder / "starts.npy")
            shape = (self.facts.tokens,)
            self._ids: Any = numpy.memmap(folder / "ids.bin", numpy.uint32, "r", shape=shape) if shape[0] else None
            self._learned: Any = (
                numpy.memmap(folder / "learned.bin", numpy.uint8, "r", shape=shape) if shape[0] else None
            )
        except (OSError, ValueError, msgspec.DecodeError) as error:
            raise ShishenError(f"{folder} 不完整（{error}）；请换一个 output 重新训练。") from error

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, n: int) -> tuple["numpy.ndarray[Any, Any]", "numpy.ndarray[Any, Any]"]:
        begin, end = int(self.starts[n]), int(self.starts[n + 1])
        return self._ids[begin:end], self._learned[begin:end]

    @property
    def lengths(self) -> "numpy.ndarray[Any, Any]":
        """Tokens of each sequence."""
        import numpy

        lengths: numpy.ndarray[Any, Any] = numpy.diff(self.starts)
        return lengths

    @property
    def learned_counts(self) -> "numpy.ndarray[Any, Any]":
        """Learned tokens of each sequence; the first token of one is never predicted and so never counted."""
        import numpy

        if not len(self):
            return numpy.zeros(0, numpy.int64)
        sums = numpy.concatenate(([0], numpy.cumsum(self._learned, dtype=numpy.int64)))
        unpredicted = self._learned[self.starts[:-1]] > 0
        counts: numpy.ndarray[Any, Any] = sums[self.starts[1:]] - sums[self.starts[:-1]] - unpredicted
        return counts


def write_store(
    folder: Path,
    examples: Iterable[Example | Rejected],
    tokenizer: "PreTrainedTokenizerBase",
    longest: int,
    too_long: Literal["refuse", "drop", "cut"],
) -> StoreFacts:
    """Encode examples into a store. Raises ShishenError where nothing is learned, or something is too long.

    With `refuse` all are looked at first, so that the error can say how many are too long and what length would do.
    """
    import numpy

    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.blake2b(digest_size=16)
    starts, lengths = [0], []
    tokens = learned_tokens = over = cut_answers = rejected = 0
    first_fault: Rejected | None = None
    with (folder / "ids.bin").open("wb") as ids_file, (folder / "learned.bin").open("wb") as learned_file:
        for example in examples:
            if isinstance(example, Rejected):
                rejected += 1
                first_fault = first_fault or example
                continue
            for sequence in encode(tokenizer, example.messages):
                lengths.append(len(sequence.ids))
                if len(sequence.ids) > longest:
                    over += 1
                    cut_answers += any(sequence.learned[longest:])
                    if too_long != "cut" or not any(sequence.learned[1:longest]):
                        continue
                ids = numpy.array(sequence.ids[:longest], numpy.uint32).tobytes()
                learned = bytes(sequence.learned[:longest])
                ids_file.write(ids)
                learned_file.write(learned)
                digest.update(ids)
                digest.update(learned)
                tokens += len(learned)
                learned_tokens += sum(learned)
                starts.append(tokens)
    facts = StoreFacts(
        sequences=len(starts) - 1,
        tokens=tokens,
        learned=learned_tokens,
        too_long=over,
        cut_answers=cut_answers,
        needed=max(lengths, default=0),
        longest_kept=int(max(numpy.diff(starts), default=0)),
        rejected=rejected,
        fingerprint=digest.hexdigest(),
        lengths=_spread(lengths),
    )
    if over and too_long == "refuse":
        raise ShishenError(
            f"{over} 条比 batch.longest = {longest} 个词元长，截断会丢掉 {cut_answers} 个回答的结尾；"
            f"最长的一条有 {facts.needed} 个（九成不超过 {facts.lengths['90%']} 个）。"
            f"请设 batch.longest = {facts.needed}，或 batch.too_long = drop 不要它们（cut 截断）。"
        )
    if not learned_tokens:
        why = f"；第一处：{first_fault.path} 第 {first_fault.line} 行，{first_fault.reason}" if first_fault else ""
        raise NothingLearned(f"数据里没有可以学的：{rejected} 条读不了，{over} 条太长，没有一个词元在回答里{why}。")
    numpy.save(folder / "starts.npy", numpy.array(starts, numpy.int64))
    # Last: its presence means that the rest is whole.
    partial = folder / ".store.json.partial"
    partial.write_bytes(msgspec.json.encode(facts))
    partial.replace(folder / "store.json")
    return facts


def _spread(lengths: Sequence[int]) -> dict[str, int]:
    ordered = sorted(lengths)
    return {f"{share:.0%}": ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in _SHARES if ordered}


def sequences_of(store: TokenStore) -> Iterator[tuple[Any, Any]]:
    """Every sequence in order."""
    return (store[n] for n in range(len(store)))
