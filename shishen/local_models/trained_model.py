"""The model that a path means: a folder of one, an adapter with its base, or a run of ours with what came of it."""

from pathlib import Path

from shishen.errors import ShishenError
from shishen.local_models.folder import ModelFolder, examine


def model_at(where: str | Path, base: str | None = None, *, pickles: bool = False) -> ModelFolder:
    """The model of a folder, of a run's folder, or an adapter over another `base`. Raises NotFound, ShishenError."""
    path = Path(where).expanduser()
    own = path / "model"
    if own.is_dir() and not (path / "config.json").is_file() and not (path / "adapter_config.json").is_file():
        path = own
    elif (path / "metrics.jsonl").is_file() or (path / "run.json").is_file():
        raise ShishenError(f"{where} 这次训练还没有做完（没有 model）；请先用 shishen train --resume {where} 做完。")
    if base is None:
        beside = path.parent / "base"
        if (path / "adapter_config.json").is_file() and (beside / "config.json").is_file():
            # A run that made its base itself keeps it beside the adapter, wherever the folder was moved to.
            return examine(beside, path, pickles=pickles)
        return examine(path if path.is_dir() else where, pickles=pickles)
    if not (path / "adapter_config.json").is_file():
        raise ShishenError(f"{where} 不是适配器（没有 adapter_config.json），用不着 --base。")
    return examine(base, path, pickles=pickles)
