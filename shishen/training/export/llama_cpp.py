"""A GGUF file run for real, where llama-cpp-python is installed: what it reads, says, and where it stops.

https://llama-cpp-python.readthedocs.io
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from shishen.errors import ShishenError
from shishen.local_models.chat_template import render
from shishen.training.export.parity import Bound, Parity, Reading, check_answers, check_logits, check_tokens


def installed() -> bool:
    """Whether files can be run here."""
    return find_spec("llama_cpp") is not None


def check_run(path: Path, expected: Sequence[Reading], ends: frozenset[int], bound: Bound, tokenizer: Any) -> Parity:
    """How near llama.cpp comes with a file to the model that it was made of. Raises ShishenError beyond the bound.

    `tokenizer` only renders the template (llama.cpp reads the text by the file's own vocabulary).
    """
    import llama_cpp
    import torch

    form = f"{path.name}（llama.cpp 运行）"
    with _opened(path, max(len(one.ids) + len(one.answer) for one in expected) + 8) as model:
        vocabulary = llama_cpp.llama_model_get_vocab(model.model)
        missing = [end for end in ends if not llama_cpp.llama_vocab_is_eog(vocabulary, end)]
        if missing:
            raise ShishenError(f"{form} 不在这些词元处停：{'、'.join(map(repr, tokenizer.batch_decode(missing)))}。")
        texts = [render(tokenizer, one.prompt, prompt=True).encode() for one in expected]
        read = [model.tokenize(text, add_bos=False, special=True) for text in texts]
        check_tokens(form, expected, read, tokenizer)
        said, answers = [], []
        for one in expected:
            ids = one.ids + one.answer
            model.reset()
            model.eval(list(ids))
            said.append(torch.tensor(model.scores[: len(ids)])[-len(one.logits) :])
            # Where its own likeliest tokens lead, as long as they lead the same way as the model's.
            answers.append(_followed(model, one, lambda token: llama_cpp.llama_vocab_is_eog(vocabulary, token)))
        parity = check_logits(form, expected, said, bound, tokenizer)
        ended, turned = check_answers(form, expected, answers, parity.share, tokenizer)
    return msgspec.structs.replace(parity, ended=ended, other_turns=turned)


def _followed(model: Any, one: Reading, is_end: Any) -> tuple[int, ...]:
    """The greedy answer up to where it takes another turn than the given one; one more token where it goes past it."""
    answer: list[int] = []
    for place, token in enumerate(one.answer):
        own = int(model.scores[len(one.ids) + place - 1].argmax())
        answer.append(own)
        if own != token or is_end(own):
            break
    return tuple(answer)


@contextmanager
def _opened(path: Path, context: int) -> Iterator[Any]:
    import llama_cpp
    import torch

    # Its threads wait by spinning: more than torch was given would stand in the way of everybody else.
    threads = torch.get_num_threads()
    try:
        model = llama_cpp.Llama(
            str(path),
            n_ctx=context,
            n_batch=context,
            n_threads=threads,
            n_threads_batch=threads,
            logits_all=True,
            verbose=False,
        )
    except (ValueError, RuntimeError, AssertionError) as error:
        raise ShishenError(f"llama.cpp 打不开 {path.name}：{error}。") from error
    try:
        yield model
    finally:
        model.close()
