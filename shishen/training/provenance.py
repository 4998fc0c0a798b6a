"""What a run was made of: data, base, programs, devices; so that one that goes on is the one that was begun."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.examples import split_files
from shishen.local_models.base_check import files_fingerprint, folder_fingerprint
from shishen.training.preparing import Prepared
from shishen.training.processes import Processes
from shishen.training.run_config import RunConfig
from shishen.training.run_folder import RunFolder

_PACKAGES = ("shishen", "torch", "transformers", "peft", "tokenizers", "bitsandbytes", "deepspeed")


class Provenance(Struct, frozen=True, kw_only=True):
    """`data` are the fingerprints of what was learned, replayed and measured, `sources` those of the files that it was
    read from, by name; `base` that of the base's files.
    """

    data: dict[str, str]
    sources: dict[str, str] = {}
    sequences: dict[str, int]
    tokens: dict[str, int]
    learned: dict[str, int]
    base: str
    template: str
    processes: int
    device: str
    threads: int
    versions: dict[str, str]
    python: str


def provenance(config: RunConfig, prepared: Prepared, processes: Processes) -> Provenance:
    """What a run is made of."""
    import torch

    stores = {f"replay-{n}" if n else "train": store for n, store in enumerate(prepared.stores)}
    if prepared.dev is not None:
        stores["dev"] = prepared.dev
    return Provenance(
        data={name: store.facts.fingerprint for name, store in stores.items()},
        sources={name: _source_fingerprint(Path(name).expanduser()) for name in (*config.data, *config.replay.data)},
        sequences={name: store.facts.sequences for name, store in stores.items()},
        tokens={name: store.facts.tokens for name, store in stores.items()},
        learned={name: store.facts.learned for name, store in stores.items()},
        base=folder_fingerprint(Path(prepared.base.base)) if prepared.base.local else config.base,
        template=_digest(str(prepared.tokenizer.chat_template).encode()),
        processes=processes.count,
        device=processes.device.partition(":")[0],
        threads=torch.get_num_threads(),
        versions={name: found for name in _PACKAGES if (found := _version(name))},
        python=platform.python_version(),
    )


def _source_fingerprint(path: Path) -> str:
    """A dataset by the files that are learned from or measured."""
    files = [file for split in ("train", "dev") for file in split_files(path, split)] if path.is_dir() else [path]
    return files_fingerprint([file for file in files if file.is_file()])


def check_same(run: RunFolder, now: Provenance, strategy: str) -> None:
    """Raises ShishenError where a run would go on with other data, another base or another template, or where its
    strategy keeps a part of its state for each process and there are not as many."""
    try:
        before = msgspec.json.decode((run.path / "run.json").read_bytes(), type=Provenance)
    except (OSError, msgspec.DecodeError):
        # Stopped before its first step.
        return
    parts = [("data", "数据"), ("sources", "数据"), ("base", "底座模型"), ("template", "对话模板")]
    if changed := list(dict.fromkeys(words for name, words in parts if getattr(before, name) != getattr(now, name))):
        raise ShishenError(
            f"{run.path} 的{'、'.join(changed)}和开始时不一样了，不能接着训练；请换一个 output 重新开始。"
        )
    if strategy.startswith("zero") and before.processes != now.processes:
        raise ShishenError(
            f"{run.path} 用 {strategy} 在 {before.processes} 个进程上开始，只能用同样多的进程接着训练，"
            f"现在有 {now.processes} 个。"
        )


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
