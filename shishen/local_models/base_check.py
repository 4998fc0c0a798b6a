"""Whether a base is the one that an adapter was trained over, by what a run of ours wrote down beside it."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from shishen.errors import ShishenError
from shishen.local_models.folder import ModelFolder, adapter_base, configuration

_ENDS = 1_000_000


def check_base(folder: ModelFolder) -> None:
    """Raises ShishenError where a run of ours says that its adapter was trained over other weights than these.

    Weights of the same shapes fit whatever they say: without this an adapter would speak nonsense, and nobody know why.
    """
    if folder.adapter is None or not folder.local:
        return
    try:
        record = configuration(folder.adapter.parent, "run.json")
    except ShishenError:
        # Not a run of ours: only shapes and names can be compared.
        return
    trained_on = record.get("base")
    # A base that was taken from a hub is recorded by its name.
    known = isinstance(trained_on, str) and re.fullmatch("[0-9a-f]{32}", trained_on)
    if known and trained_on != folder_fingerprint(Path(folder.base)):
        raise ShishenError(
            f"适配器 {folder.adapter} 不是在 {folder.base} 上训练的（权重不一样）；"
            f"请用它训练时的底座（适配器里写的是 {adapter_base(folder.adapter)}）；"
            "确知无妨时用 shishen merge --any-base 合并。"
        )


def folder_fingerprint(folder: Path) -> str:
    """A model folder by its configuration and its weights: sizes, and the first and last megabyte of each file."""
    return files_fingerprint(sorted((*folder.glob("config.json"), *folder.glob("*.safetensors"))))


def files_fingerprint(paths: Iterable[Path]) -> str:
    """Files by their names, sizes, and first and last megabytes; 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with path.open("rb") as stream:
            digest.update(stream.read(_ENDS))
            if size > _ENDS:
                stream.seek(-min(size - _ENDS, _ENDS), 2)
                digest.update(stream.read())
    return digest.hexdigest()
