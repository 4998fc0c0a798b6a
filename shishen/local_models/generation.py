"""Answers of a local model: one in pieces as they come, or many at once; each over at any of the model's end tokens."""

from collections.abc import Generator, Iterator, Sequence
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from shishen.local_models.chat_template import prompt_ids
from shishen.local_models.loading import LocalModel
from shishen.records import Message

if TYPE_CHECKING:
    import torch


class Sampling(Struct, frozen=True, kw_only=True):
    """How answers are drawn: greedy at `temperature` 0; at most `longest` new tokens."""

    longest: int = 1024
    temperature: float = 0.0
    top_p: float = 0.9
    repetition_penalty: float = 1.0
    seed: int = 0


class Said(Struct, frozen=True):
    """An answer: its text, whether it came to an end by itself, and how many tokens it has."""

    text: str
    ended: bool
    tokens: int


def answers(
    local: LocalModel, prompts: Sequence[Sequence[Message]], sampling: Sampling, at_once: int = 16
) -> Iterator[Said]:
    """An answer to each of the prompts, in their order; `at_once` are generated together, those of like length."""
    import torch

    encoded = [prompt_ids(local.tokenizer, messages) for messages in prompts]
    order = sorted(range(len(encoded)), key=lambda n: len(encoded[n]))
    ready: dict[int, Said] = {}
    given = 0
    for start in range(0, len(order), at_once):
        chosen = order[start : start + at_once]
        torch.manual_seed(sampling.seed)
        for n, said in zip(chosen, _together(local, [encoded[n] for n in chosen], sampling), strict=True):
            ready[n] = said
        while given in ready:
            yield ready.pop(given)
            given += 1


def _together(local: LocalModel, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Said]:
    import torch

    width = max(len(ids) for ids in prompts)
    padding = _padding(local)
    # Padded on the left, so that every answer begins in the same column.
    ids = torch.tensor([[padding] * (width - len(p)) + list(p) for p in prompts], device=local.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=local.device)
    with torch.inference_mode():
        out = local.model.generate(input_ids=ids, attention_mask=mask, **_settings(local, sampling, width))
    return [_cut(local, row[width:].tolist()) for row in out]


def _cut(local: LocalModel, tokens: list[int]) -> Said:
    """What was generated up to its end; padding behind it belongs to others of the batch."""
    end = next((n for n, token in enumerate(tokens) if token in local.ends), None)
    kept = tokens if end is None else tokens[:end]
    return Said(local.tokenizer.decode(kept, skip_special_tokens=True), end is not None, len(kept))


def stream(local: LocalModel, messages: Sequence[Message], sampling: Sampling) -> Generator[str, None, bool]:
    """One answer in pieces as they come; whoever stops listening stops the model too.

    Returns whether it came to an end by itself, and was not cut off at its longest.
    """
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

    class Unheard(StoppingCriteria):
        def __call__(self, input_ids: "torch.Tensor", *_: Any, **__: Any) -> "torch.Tensor":
            return torch.full((input_ids.shape[0],), stopped.is_set(), device=input_ids.device)

    stopped = Event()
    fault: list[BaseException] = []
    ended = False
    streamer = TextIteratorStreamer(local.tokenizer, skip_prompt=True, skip_special_tokens=True)
    ids = torch.tensor([prompt_ids(local.tokenizer, messages)], device=local.device)

    def generate() -> None:
        nonlocal ended
        try:
            torch.manual_seed(sampling.seed)
            with torch.inference_mode():
                out = local.model.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    streamer=streamer,
                    stopping_criteria=StoppingCriteriaList([Unheard()]),
                    **_settings(local, sampling, ids.shape[1]),
                )
            ended = int(out[0, -1]) in local.ends
        except BaseException as error:
            fault.append(error)
            streamer.end()

    worker = Thread(target=generate, daemon=True)
    worker.start()
    try:
        for piece in streamer:
            if piece:
                yield piece
    finally:
        stopped.set()
        # A generator that nobody closed may be cleared away in the worker itself.
        if current_thread() is not worker:
            worker.join()
    if fault:
        raise fault[0]
    return ended


def _settings(local: LocalModel, sampling: Sampling, width: int) -> dict[str, Any]:
    from transformers import GenerationConfig

    longest = sampling.longest
    room = getattr(local.model.config, "max_position_embeddings", None)
    if isinstance(room, int):
        longest = max(1, min(longest, room - width))
    drawn = (
        {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p}
        if sampling.temperature > 0
        else {"do_sample": False}
    )
    return {
        "generation_config": GenerationConfig(
            max_new_tokens=longest,
            eos_token_id=sorted(local.ends),
            pad_token_id=_padding(local),
            repetition_penalty=sampling.repetition_penalty,
            **drawn,
        )
    }


def _padding(local: LocalModel) -> int:
    padding = local.tokenizer.pad_token_id
    return int(padding if padding is not None else min(local.ends, default=0))
