"""Small models that really say something: made from nothing and taught a few dialogues by heart, in seconds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from shishen.examples import dialogue
from shishen.local_models.chat_template import encode
from shishen.local_models.saving import save_model, save_tokenizer
from shishen.records import Message
from shishen.training.tiny import SHAPES, tiny_model, tiny_tokenizer

CONTEXT = 2048
SMALLEST = (128, 2, 2, 352)


def taught(
    folder: Path,
    dialogues: Sequence[Sequence[Message]],
    enough: float = 0.02,
    most: int = 300,
    texts: Sequence[Sequence[Message]] = (),
) -> Path:
    """A model in a folder that says the answers of these dialogues; taught until the loss is below `enough`.

    Its tokenizer is learned from the dialogues in `texts`, or else from these.
    """
    import torch

    # More threads than free cores wait for one another: a model this small is quickest on one.
    torch.set_num_threads(1)
    tokenizer = tiny_tokenizer((m.content for messages in texts or dialogues for m in messages), 800, CONTEXT)
    with patch.dict(SHAPES, {"1M": SMALLEST}):
        model: Any = tiny_model("1M", tokenizer, CONTEXT, seed=0)
    encoded = [one for messages in dialogues for one in encode(tokenizer, messages)]
    width = max(len(one.ids) for one in encoded)
    ids = torch.tensor([[*one.ids, *[0] * (width - len(one.ids))] for one in encoded])
    labels = torch.tensor(
        [
            [
                *(i if learned else -100 for i, learned in zip(one.ids, one.learned, strict=True)),
                *[-100] * (width - len(one.ids)),
            ]
            for one in encoded
        ]
    )
    mask = torch.tensor([[1] * len(one.ids) + [0] * (width - len(one.ids)) for one in encoded])
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.0)
    for _ in range(most):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        if float(loss.detach()) < enough:
            break
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    folder.mkdir(parents=True, exist_ok=True)
    save_model(model, folder)
    save_tokenizer(tokenizer, folder)
    return folder


def untaught(folder: Path, dialogues: Sequence[Sequence[Message]]) -> Path:
    """The same model before anything was taught."""
    return taught(folder, dialogues, enough=1e9)


def said(question: str, answer: str) -> tuple[Message, ...]:
    """A dialogue of one question."""
    return dialogue([(question, answer)])
