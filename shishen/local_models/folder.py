"""A folder with a language model, or with an adapter for one: what is in it, before anything of it is loaded.

Weights are taken from safetensors only, unless told otherwise: a pickle runs what its writer put into it.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from shishen.errors import NotFound, ShishenError

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "ice_text.model", "vocab.txt")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


class ModelFolder(Struct, frozen=True, kw_only=True):
    """A model: a folder or a hub name in `base`, the folder of an adapter for it or None."""

    base: str
    adapter: Path | None = None

    @property
    def local(self) -> bool:
        """Whether the base is a folder of this machine."""
        return Path(self.base).is_dir()

    @property
    def name(self) -> str:
        """What to call it: the last part of its path, the adapter's where there is one."""
        return (self.adapter or Path(self.base)).name


def examine(where: str | Path, adapter: str | Path | None = None, *, pickles: bool = False) -> ModelFolder:
    """The model at a folder, or under a hub name; a folder that holds an adapter brings its base along.

    Raises NotFound for a folder that is not there, ShishenError for one that cannot be used: no weights, pickled
    weights (unless `pickles`), no tokenizer, no configuration, an adapter without its base.
    """
    path = Path(where).expanduser()
    if not path.is_dir():
        if path.exists():
            raise ShishenError(f"{where} 是一个文件；要的是模型所在的文件夹。")
        # Whose first part is a folder here is a slip of the pen, not a name of a hub.
        if str(where).count("/") != 1 or str(where).startswith((".", "/", "~")) or path.parent.is_dir():
            raise NotFound(
                f"没有 {where} 这个文件夹；模型是一个文件夹（里面有 config.json），或模型站上的名字如 组织/名称。"
            )
        return ModelFolder(
            base=str(where), adapter=None if adapter is None else checked_adapter(Path(adapter).expanduser())
        )
    if (path / "adapter_config.json").is_file() and not (path / "config.json").is_file():
        if adapter is not None:
            raise ShishenError(f"{where} 本身就是适配器，不能再加一个适配器 {adapter}。")
        base = adapter_base(path)
        return examine(base, path, pickles=pickles)
    _check_model(path, pickles)
    return ModelFolder(base=str(path), adapter=None if adapter is None else checked_adapter(Path(adapter).expanduser()))


def configuration(path: Path, name: str) -> dict[str, Any]:
    """A JSON file of a model folder. Raises ShishenError where it is missing or is none."""
    try:
        found = msgspec.json.decode((path / name).read_bytes())
    except FileNotFoundError as error:
        raise ShishenError(f"{path} 里没有 {name}，不是一个模型文件夹。") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ShishenError(f"{path / name} 不是正确的 JSON：{error}。") from error
    if not isinstance(found, dict):
        raise ShishenError(f"{path / name} 应是一个 JSON 对象。")
    return found


def adapter_base(path: Path) -> str:
    """What an adapter says that it was trained on; a relative folder is looked for beside it as well."""
    named = configuration(path, "adapter_config.json").get("base_model_name_or_path")
    if not isinstance(named, str) or not named:
        raise ShishenError(f"{path / 'adapter_config.json'} 没有写 base_model_name_or_path；请用 --base 说明底座模型。")
    beside = path / named
    return str(beside.resolve()) if not Path(named).is_absolute() and beside.is_dir() else named


def checked_adapter(path: Path) -> Path:
    """The folder of an adapter. Raises ShishenError where it is none, or its weights are a pickle."""
    configuration(path, "adapter_config.json")
    if not (path / "adapter_model.safetensors").is_file():
        pickled = (path / "adapter_model.bin").is_file()
        words = "是 pickle（adapter_model.bin），可能藏有代码，不读" if pickled else "里没有 adapter_model.safetensors"
        raise ShishenError(f"适配器 {path} {words}；请用 safetensors 格式。")
    return path


def _check_model(path: Path, pickles: bool) -> None:
    configuration(path, "config.json")
    if not any(path.glob("*.safetensors")):
        pickled = next((file.name for pattern in _PICKLES for file in path.glob(pattern)), None)
        if pickled is None:
            raise ShishenError(f"{path} 里没有权重（*.safetensors）；下载是不是没有完成？")
        if not pickles:
            raise ShishenError(
                f"{path} 的权重是 pickle（{pickled}），可能藏有代码，不读；"
                "请换成 safetensors 格式，或信得过它时设 allow_pickle = true。"
            )
    if not any((path / name).is_file() for name in _TOKENIZER_FILES):
        raise ShishenError(f"{path} 里没有分词器（如 tokenizer.json）；请把它和权重放在一起。")
