"""The gate for a GGUF file: what it holds is read back and held against the model that it was made of.

Its vocabulary and weights number by number, its tokens, logits and ends as in `parity`; by llama.cpp too, where it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from shishen.errors import ShishenError
from shishen.local_models.chat_template import answer_end, prompt_ids
from shishen.training.export import llama_cpp
from shishen.training.export.gguf import Kind, check_weights, read_model
from shishen.training.export.parity import (
    Bound,
    Parity,
    Reading,
    check_answers,
    check_ends,
    check_logits,
    check_tokens,
    greedy,
    logits,
)
from shishen.training.export.vocabulary import Vocabulary, read_vocabulary, tokenizer_of, vocabulary

# Measured as those of `training.merging`, with the weights read back: f16 2% of the spread at the worst place and
# 7e-7 in the mean, q8_0 45% and 4e-4. llama.cpp keeps keys and values in f16 and multiplies q8_0 with activations of
# 8 bits: f16 3% and 2e-6, q8_0 60% and 8e-4.
BOUNDS = {"f16": Bound(share=0.06, divergence=1e-4), "q8_0": Bound(share=1.0, divergence=1e-2)}
RUN_BOUNDS = {"f16": Bound(share=0.12, divergence=2e-4), "q8_0": Bound(share=1.5, divergence=2e-2)}
_NAMES = {
    "tokens": "词元",
    "types": "词元的种类",
    "merges": "合并规则",
    "pre": "切分方式",
    "template": "对话模板",
    "add_bos": "add_bos_token",
    "eos": "eos",
    "eot": "eot",
    "eom": "eom",
    "bos": "bos",
    "pad": "pad",
}


def check_gguf(
    path: Path,
    folder: Path,
    kind: Kind,
    expected: Sequence[Reading],
    ends: frozenset[int],
    tokenizer: Any,
    already: Bound | None = None,
) -> list[Parity]:
    """How near a file is to the readings of its model; `already` is what the folder's own numbers may drift.

    Raises ShishenError where something is not as it should be, with what and where.
    """
    bound, run_bound = wider(BOUNDS[kind], already), wider(RUN_BOUNDS[kind], already)
    words = read_vocabulary(path)
    reader = tokenizer_of(words)
    check_tokens(path.name, expected, [prompt_ids(reader, one.prompt) for one in expected], tokenizer)
    check_ends(path.name, ends, words.ends, tokenizer)
    _check_vocabulary(path.name, vocabulary(tokenizer, ends, answer_end(tokenizer), len(words.tokens)), words)
    model = read_model(path, folder)
    said = [logits(model, one.ids + one.answer) for one in expected]
    parity = check_logits(path.name, expected, said, bound, tokenizer)
    answers = [greedy(model, one.ids, words.ends, max(1, len(one.answer))) for one in expected]
    ended, turned = check_answers(path.name, expected, answers, parity.share, tokenizer)
    check_weights(path, model, folder, kind)
    del model
    found = [msgspec.structs.replace(parity, ended=ended, other_turns=turned)]
    if llama_cpp.installed():
        found.append(llama_cpp.check_run(path, expected, ends, run_bound, reader))
    return found


def wider(bound: Bound, already: Bound | None) -> Bound:
    """A bound for what was rounded twice."""
    if already is None:
        return bound
    return Bound(share=bound.share + already.share, divergence=bound.divergence + already.divergence)


def _check_vocabulary(name: str, expected: Vocabulary, found: Vocabulary) -> None:
    for field in expected.__struct_fields__:
        own, there = getattr(expected, field), getattr(found, field)
        if own == there:
            continue
        if isinstance(own, tuple):
            pairs = zip(own, there, strict=False)
            place = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(own), len(there)))
            own, there = own[place : place + 1], there[place : place + 1]
            raise ShishenError(f"{name} 的{_NAMES[field]}和模型的不一样：第 {place} 个原是 {own!r}，写的是 {there!r}。")
        raise ShishenError(f"{name} 的{_NAMES[field]}和模型的不一样：原是 {own!r:.80}，写的是 {there!r:.80}。")
