"""A model and its tokenizer into a folder that any reader of such folders takes, old ones too."""

from pathlib import Path
from typing import Any

import msgspec


def save_model(model: Any, folder: Path) -> None:
    """Weights in safetensors, configuration and generation settings."""
    model.save_pretrained(str(folder), safe_serialization=True)
    open_to_others(folder)


def open_to_others(folder: Path) -> None:
    """Give weights the rights of a usual file: safetensors writes them for their owner alone."""
    usual = folder.stat().st_mode & 0o666
    for path in folder.glob("*.safetensors"):
        path.chmod(usual)


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """The tokenizer with its chat template.

    Version 5 of transformers names a class that version 4 does not know, and keeps the template in a file of its own
    that older programs do not look for; both are put right, and version 5 reads that as well.
    """
    tokenizer.save_pretrained(str(folder))
    path = folder / "tokenizer_config.json"
    settings = msgspec.json.decode(path.read_bytes())
    if settings.get("tokenizer_class") in ("TokenizersBackend", "PreTrainedTokenizer", None):
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    settings["chat_template"] = tokenizer.chat_template
    path.write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n")
