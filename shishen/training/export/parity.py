"""The parity gate: every form of a model is given the same tokens, says the same of them, and stops where it should.

What one form reads and answers is taken down as readings, and those of another are held against them:
1. the tokens of each prompt are identical;
2. the logits, along the end of the prompt and along the first form's own greedy answer, drift within a bound: their
   greatest difference as a part of the spread (standard deviation) of the logits there, and the Kullback–Leibler
   divergence of the next-token distributions, in nats;
3. left to itself, it ends its answers at an end token where the first does, unless it took another turn before, at a
   place where two tokens were so near that the drift decides.
"""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.errors import ShishenError
from shishen.local_models.chat_template import prompt_ids
from shishen.records import Message

if TYPE_CHECKING:
    import torch

Prompt = tuple[Message, ...]
# Logits are kept of so many last places of a sequence: earlier faults show there too, through attention, and memory
# stays bounded with 150,000 tokens in the vocabulary (10 prompts, 64 places: 400 MB).
_PLACES = 64


class Bound(Struct, frozen=True):
    """How far logits may drift: `share` of their spread at a place, `divergence` in the mean; `exact` caps the
    difference itself, where both forms compute in fp32 from the same weights.
    """

    share: float
    divergence: float
    exact: float | None = None


class Reading(Struct, frozen=True):
    """What a form made of a prompt: its tokens, its greedy answer, the logits (places, vocabulary) of the last."""

    prompt: Prompt
    ids: tuple[int, ...]
    answer: tuple[int, ...]
    ended: bool
    logits: Any


class Parity(Struct, frozen=True, kw_only=True):
    """How near a form came: the greatest difference, that as a share of the spread, mean and greatest divergence;
    of how many prompts, how many answers that ended, how many that took another turn at a near tie.
    """

    form: str
    prompts: int
    difference: float
    share: float
    divergence: float
    greatest_divergence: float
    ended: int
    other_turns: int


def default_prompts() -> list[Prompt]:
    """The ten prompts that every form is asked."""
    found = tomllib.loads(Path(__file__).with_name("parity_prompts.toml").read_text(encoding="utf-8"))
    return [tuple(Message(role, text) for role, text in one["messages"]) for one in found["prompts"]]


def allowed(model: Any, tokenizer: Any, prompts: Iterable[Prompt]) -> list[Prompt]:
    """The prompts that the chat template takes (some allow no system message) and that the model has room for.

    Raises ShishenError where none is left.
    """
    room = getattr(model.config, "max_position_embeddings", None)
    kept: list[Prompt] = []
    for prompt in prompts:
        taken = prompt
        try:
            ids = prompt_ids(tokenizer, taken)
        except ShishenError:
            taken = tuple(message for message in prompt if message.role != "system")
            ids = prompt_ids(tokenizer, taken)
        if not isinstance(room, int) or len(ids) < room:
            kept.append(taken)
    if not kept:
        raise ShishenError(f"这个模型只容得下 {room} 个词元，核对用的提问一个也放不下；请另给短些的提问。")
    return kept


def readings(
    model: Any, tokenizer: Any, ends: frozenset[int], prompts: Sequence[Prompt], longest: int = 96
) -> list[Reading]:
    """What a model makes of the prompts, each with its greedy answer of at most `longest` tokens."""
    found = []
    for prompt in prompts:
        ids = tuple(prompt_ids(tokenizer, prompt))
        answer = greedy(model, ids, ends, longest)
        ended = bool(answer) and answer[-1] in ends
        found.append(Reading(prompt, ids, answer, ended, logits(model, ids + answer)))
    return found


def greedy(model: Any, ids: Sequence[int], ends: frozenset[int], longest: int) -> tuple[int, ...]:
    """The likeliest tokens one after another, the end token with them."""
    import torch
    from transformers import GenerationConfig

    room = getattr(model.config, "max_position_embeddings", None)
    longest = min(longest, room - len(ids)) if isinstance(room, int) else longest
    if longest < 1:
        return ()
    given = torch.tensor([list(ids)], device=_device(model))
    settings = GenerationConfig(
        max_new_tokens=longest, do_sample=False, eos_token_id=sorted(ends), pad_token_id=min(ends, default=0)
    )
    with torch.inference_mode():
        out = model.generate(input_ids=given, attention_mask=torch.ones_like(given), generation_config=settings)
    return tuple(out[0, len(ids) :].tolist())


def logits(model: Any, ids: Sequence[int]) -> "torch.Tensor":
    """What a model says comes after each of the last places, in fp32: (places, vocabulary)."""
    import torch

    with torch.inference_mode():
        out = model(input_ids=torch.tensor([list(ids)], device=_device(model))).logits
    return out[0, -_PLACES:].float().cpu()  # type: ignore[no-any-return]


def check_tokens(form: str, expected: Sequence[Reading], found: Sequence[Sequence[int]], tokenizer: Any) -> None:
    """Raises ShishenError at the first prompt that a form reads as other tokens, with the place and the tokens."""
    for number, (reading, ids) in enumerate(zip(expected, found, strict=True), 1):
        if tuple(ids) == reading.ids:
            continue
        place = next(
            (n for n, (a, b) in enumerate(zip(reading.ids, ids, strict=False)) if a != b),
            min(len(reading.ids), len(ids)),
        )
        raise ShishenError(
            f"{form} 读提问的方式变了：第 {number} 个提问「{_short(reading.prompt)}」第 {place} 个词元，"
            f"原来是 {_named(tokenizer, reading.ids[place : place + 3])}，"
            f"现在是 {_named(tokenizer, list(ids)[place : place + 3])}。"
        )


def check_ends(form: str, expected: frozenset[int], found: frozenset[int], tokenizer: Any) -> None:
    """Raises ShishenError where a form does not stop at every end token, or at others."""
    if expected != found:
        raise ShishenError(
            f"{form} 的结束词元不对：应是 {_named(tokenizer, sorted(expected))}，"
            f"写的是 {_named(tokenizer, sorted(found))}。"
        )


def check_logits(
    form: str, expected: Sequence[Reading], found: Sequence["torch.Tensor"], bound: Bound, tokenizer: Any
) -> Parity:
    """How far the logits of a form drift. Raises ShishenError where it is beyond the bound, with the worst place."""
    import torch

    difference = share = greatest = 0.0
    divergences = []
    worst: tuple[float, str] = (0.0, "")
    for number, (reading, own) in enumerate(zip(expected, found, strict=True), 1):
        # A form may pad its vocabulary; what is beyond that of the first is never a token.
        reference, own = reading.logits, own[:, : reading.logits.shape[1]]
        if own.shape != reference.shape or not torch.isfinite(own).all():
            raise ShishenError(
                f"{form} 的输出不成样子：第 {number} 个提问「{_short(reading.prompt)}」，形状或数值不对。"
            )
        gaps = (own - reference).abs().amax(dim=1)
        shares = gaps / reference.std(dim=1).clamp_min(1e-6)
        there = torch.log_softmax(reference, dim=1)
        divergence = (there.exp() * (there - torch.log_softmax(own, dim=1))).sum(dim=1).clamp_min(0)
        divergences += divergence.tolist()
        difference, share = max(difference, float(gaps.max())), max(share, float(shares.max()))
        greatest = max(greatest, float(divergence.max()))
        place = int(shares.argmax())
        if float(shares[place]) > worst[0]:
            token = len(reading.ids) + len(reading.answer) - reference.shape[0] + place
            tops = (int(reference[place].argmax()), int(own[place].argmax()))
            worst = (
                float(shares[place]),
                f"第 {number} 个提问「{_short(reading.prompt)}」第 {token} 个词元之后，"
                f"最可能的原是 {_named(tokenizer, tops[:1])}，现在是 {_named(tokenizer, tops[1:])}",
            )
    mean = sum(divergences) / len(divergences)
    scale = max((float(reading.logits.abs().max()) for reading in expected), default=0.0)
    # fp32 has 24 bits: from 32 up, what sums in another order differ by grows with the numbers.
    exact = None if bound.exact is None else bound.exact * max(1.0, scale / 32)
    if share > bound.share or mean > bound.divergence or (exact is not None and difference > exact):
        allowed = f"{exact:.1e}" if exact is not None else f"离散度的 {bound.share:.1%}、KL {bound.divergence:.1e}"
        raise ShishenError(
            f"{form} 的输出偏了：logits 最多差 {difference:.2e}（离散度的 {share:.2%}，平均 KL {mean:.1e}），"
            f"容许 {allowed}；最差在{worst[1]}。"
        )
    return Parity(
        form=form,
        prompts=len(expected),
        difference=difference,
        share=share,
        divergence=mean,
        greatest_divergence=greatest,
        ended=0,
        other_turns=0,
    )


def check_answers(
    form: str, expected: Sequence[Reading], found: Sequence[Sequence[int]], share: float, tokenizer: Any
) -> tuple[int, int]:
    """(answers that end where the first form's do, answers that took another turn at a near tie).

    `share` is the drift that was found, of the spread: two tokens nearer than twice that may change places. Raises
    ShishenError where an answer goes on past its end, ends before it, or turns where nothing was near a tie.
    """
    ended = turned = 0
    for number, (reading, answer) in enumerate(zip(expected, found, strict=True), 1):
        if tuple(answer) == reading.answer:
            ended += reading.ended
            continue
        place = next(
            (n for n, (a, b) in enumerate(zip(reading.answer, answer, strict=False)) if a != b),
            min(len(reading.answer), len(answer)),
        )
        # The logits that chose this token stand at the place before it.
        row = place - 1 - len(reading.answer)
        both = place < len(reading.answer) and place < len(answer)
        if both and -row <= reading.logits.shape[0]:
            said = reading.logits[row]
            margin = float(said[reading.answer[place]] - said[answer[place]])
            # A little more, for sums that a cache of keys and values does in another order.
            if margin <= 2 * share * float(said.std()) + 1e-3:
                turned += 1
                continue
        elif both:
            turned += 1
            continue
        what = "没有在该停的地方停" if len(answer) > len(reading.answer) else "回答变了"
        raise ShishenError(
            f"{form} {what}：第 {number} 个提问「{_short(reading.prompt)}」，回答的第 {place} 个词元，"
            f"原来是 {_named(tokenizer, reading.answer[place : place + 1])}，"
            f"现在是 {_named(tokenizer, list(answer)[place : place + 1])}。"
        )
    return ended, turned


def _named(tokenizer: Any, ids: Sequence[int]) -> str:
    return "、".join(f"{n}（{tokenizer.decode([n])!r}）" for n in ids) or "没有"


def _short(prompt: Prompt) -> str:
    text = " ".join(prompt[-1].content.split())
    return text if len(text) <= 20 else text[:20] + "…"


def _device(model: Any) -> Any:
    return model.get_input_embeddings().weight.device
