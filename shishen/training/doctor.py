"""The label doctor: does a model learn what it is meant to? Looked at before every training, and by `dataset inspect`.

What is learned is shown token by token by the model's own template. Training is refused where no token is learned, an
answer's end is not (the model would never stop), the padding is the end and masked with it, the template taught is
not the one that will be served, or cutting takes answers away.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.errors import ShishenError
from shishen.examples import Example
from shishen.local_models.chat_template import answer_end, encode, prompt_ids, render, surroundings
from shishen.records import Message, Rejected

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from shishen.training.batches import Batch, Place
    from shishen.training.token_store import TokenStore

_IGNORED = -100


class Token(Struct, frozen=True):
    """One token as it is read, and whether it is learned. `text` is '' for a part of a character."""

    id: int
    text: str
    learned: bool


class Finding(Struct, frozen=True):
    """Something that stands in the way of training (`refused`), or that should be known."""

    refused: bool
    words: str


class Inspection(Struct, frozen=True, kw_only=True):
    """What was seen of a dataset with a tokenizer: some examples token by token, lengths of all, findings.

    `lengths` are tokens of each sequence, `over` how many are longer than `longest`, `cut_answers` how many of these
    would lose learned tokens.
    """

    shown: tuple[tuple[Token, ...], ...]
    examples: int
    sequences: int
    tokens: int
    learned: int
    lengths: tuple[int, ...]
    longest: int
    over: int
    cut_answers: int
    rejected: int
    findings: tuple[Finding, ...]


def tokens_of(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[list[Token]]:
    """Every token of each sequence that a dialogue gives, with its text; a character of several tokens stands with its
    last one."""
    shown = []
    for sequence in encode(tokenizer, messages):
        row: list[Token] = []
        before: list[int] = []
        waiting: list[int] = []
        for n, (token, learned) in enumerate(zip(sequence.ids, sequence.learned, strict=True), 1):
            waiting.append(token)
            text = _text_behind(tokenizer, before, waiting)
            whole = not text.endswith("\ufffd") or n == len(sequence.ids)
            row.append(Token(token, text if whole else "", learned))
            if whole:
                before, waiting = waiting, []
        shown.append(row)
    return shown


def _text_behind(tokenizer: "PreTrainedTokenizerBase", before: list[int], ids: list[int]) -> str:
    """What tokens say behind others: at the beginning of a text some tokenizers leave out a space."""

    def read(tokens: list[int]) -> str:
        return str(tokenizer.decode(tokens, clean_up_tokenization_spaces=False))

    return read([*before, *ids])[len(read(before)) :]


def inspect(
    examples: Iterable[Example | Rejected],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    served_template: str | None = None,
    longest: int = 2048,
    show: int = 3,
) -> Inspection:
    """Look at a dataset as a training would see it. `served_template`: what the model is served with, where known."""
    shown: list[tuple[Token, ...]] = []
    lengths: list[int] = []
    count = tokens = learned = over = cut = rejected = unended = 0
    end = answer_end(tokenizer)
    for example in examples:
        if isinstance(example, Rejected):
            rejected += 1
            continue
        count += 1
        if len(shown) < show:
            shown += [tuple(row) for row in tokens_of(tokenizer, example.messages)]
        for sequence in encode(tokenizer, example.messages):
            lengths.append(len(sequence.ids))
            tokens += len(sequence.ids)
            learned += sum(sequence.learned)
            if len(sequence.ids) > longest:
                over += 1
                cut += any(sequence.learned[longest:])
            unended += _lacks_end(sequence.ids, sequence.learned, end)
    findings = [*tokenizer_findings(tokenizer, served_template)]
    if not learned:
        findings.append(Finding(True, "没有一个词元是要学的：数据是空的，或者没有回答"))
    if unended and end is not None:
        findings.append(Finding(True, f"{unended} 条的回答没有学到结束符，模型学完会停不下来"))
    if cut:
        findings.append(
            Finding(
                True,
                f"{cut} 条超过 {longest} 个词元，截断会丢掉回答的结尾；"
                f"把 batch.longest 设为 {max(lengths)} 就都放得下，或设 batch.too_long = drop 不要它们",
            )
        )
    if rejected:
        findings.append(Finding(False, f"{rejected} 条不是可以学的对话，会跳过"))
    return Inspection(
        shown=tuple(shown[: max(show, 1)] if show else ()),
        examples=count,
        sequences=len(lengths),
        tokens=tokens,
        learned=learned,
        lengths=tuple(lengths),
        longest=longest,
        over=over,
        cut_answers=cut,
        rejected=rejected,
        findings=tuple(findings),
    )


def tokenizer_findings(tokenizer: "PreTrainedTokenizerBase", served_template: str | None = None) -> list[Finding]:
    """What of a tokenizer and its template stands in the way of training."""
    findings = []
    opening, _, _ = surroundings(tokenizer)
    end = answer_end(tokenizer)
    if end is None:
        findings.append(Finding(True, "对话模板在回答后面没有写结束符，模型学完会停不下来；请换一个模板"))
    if not opening.startswith(render(tokenizer, [Message("user", "甲")], prompt=True)):
        findings.append(Finding(True, "对话模板在问与答之间写的字，和让模型开始回答时写的不一样，学的就不是用的"))
    if served_template is not None and served_template.strip() != str(tokenizer.chat_template).strip():
        if _asks_alike(tokenizer, served_template):
            findings.append(Finding(False, "训练用的对话模板和部署用的写法不同，但写出来的问题一样"))
        else:
            findings.append(Finding(True, "训练用的对话模板和部署用的不一样；请让 template 和部署时的一致"))
    return findings


def _asks_alike(tokenizer: "PreTrainedTokenizerBase", served: str) -> bool:
    """Whether two templates give a model the same tokens to answer."""
    asked = [
        [Message("user", "盐放多少？")],
        [
            Message("system", "你是厨师。"),
            Message("user", "鱼怎么做"),
            Message("assistant", "蒸。"),
            Message("user", "多久"),
        ],
    ]
    own = tokenizer.chat_template
    ours = [_try_prompt(tokenizer, messages) for messages in asked]
    try:
        tokenizer.chat_template = served
        theirs = [_try_prompt(tokenizer, messages) for messages in asked]
    finally:
        tokenizer.chat_template = own
    return ours == theirs


def _try_prompt(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[int] | None:
    try:
        return prompt_ids(tokenizer, messages)
    except ShishenError:
        return None


def _lacks_end(ids: Sequence[int], learned: Sequence[bool], end: int | None) -> int:
    """Whether a learned stretch of a sequence does not close with the end token."""
    last = [n for n, (a, b) in enumerate(zip(learned, (*learned[1:], False), strict=True)) if a and not b]
    return int(any(ids[n] != end for n in last))


def check_tokenizer(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Raises ShishenError with every finding that stands in the way."""
    if refused := [finding.words for finding in tokenizer_findings(tokenizer) if finding.refused]:
        raise ShishenError("；".join(refused) + "。")


def check_batch(
    batch: "Batch", tokenizer: "PreTrainedTokenizerBase", places: Sequence["Place"], stores: Sequence["TokenStore"]
) -> None:
    """Look at a batch as the model will be given it. Raises ShishenError where what is learned was lost on the way."""
    labels = _labels(batch)
    wanted = sum(int(learned[1:].sum()) for learned in (stores[store][n][1] for store, n in places))
    check_labels([int(t) for t in batch.ids.flatten().tolist()], labels, tokenizer)
    if sum(label != _IGNORED for label in labels) != wanted:
        raise ShishenError(f"一批里要学 {wanted} 个词元，只学到 {sum(label != _IGNORED for label in labels)} 个。")


def _labels(batch: "Batch") -> list[int]:
    """What is learned, in the usual form: the token itself at each place that is learned, else -100."""
    labels = [_IGNORED] * int(batch.ids.numel())
    for place, target in zip(batch.chosen.tolist(), batch.targets.tolist(), strict=True):
        labels[place + 1] = target
    return labels


def check_labels(ids: Sequence[int], labels: Sequence[int], tokenizer: "PreTrainedTokenizerBase") -> None:
    """The labels of a batch, flattened, with -100 where nothing is learned. Raises ShishenError where no end is."""
    end = answer_end(tokenizer)
    learned = [n for n, label in enumerate(labels) if label != _IGNORED]
    if not learned:
        raise ShishenError("这一批里没有一个词元是要学的。")
    if end is not None and end in ids and not any(labels[n] == end for n in learned):
        same = tokenizer.pad_token_id == end
        why = "填充符和结束符是同一个，把填充遮住时结束符也遮住了" if same else "结束符没有一个是要学的"
        raise ShishenError(f"{why}，模型学完会停不下来；请换一个分词器或模板。")


def marked(row: Iterable[Token]) -> str:
    """A row as plain text: tokens apart by ｜, runs of learned ones between ⟦ and ⟧."""
    runs = (
        (learned, "｜".join(token.text.replace("\n", "↵\n") for token in run))
        for learned, run in groupby(row, lambda token: token.learned)
    )
    return "｜".join(f"⟦{text}⟧" if learned else text for learned, text in runs)


def facts_of(inspection: Inspection) -> dict[str, Any]:
    """An inspection in numbers, and the examples shown as tokens, for `--json`."""
    ordered = sorted(inspection.lengths)
    spread = {f"{q:.0%}": ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in (0.5, 0.9, 0.99, 1) if ordered}
    return {
        "examples": inspection.examples,
        "sequences": inspection.sequences,
        "tokens": inspection.tokens,
        "learned": inspection.learned,
        "lengths": spread,
        "longest": inspection.longest,
        "over": inspection.over,
        "cut_answers": inspection.cut_answers,
        "rejected": inspection.rejected,
        "findings": [{"refused": f.refused, "words": f.words} for f in inspection.findings],
        "shown": inspection.shown,
    }
