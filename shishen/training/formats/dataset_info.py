"""LLaMA-Factory's `dataset_info.json`: what it must know of each data file beside it."""

import json
from collections.abc import Iterable
from pathlib import Path

from shishen.errors import ShishenError
from shishen.system_reason import reason_of
from shishen.training.formats import Format
from shishen.training.formats.files import staged_file

FILE = "dataset_info.json"


def dataset_info(folder: Path, format: Format, files: Iterable[str]) -> bytes:
    """The description of a folder's files, each by the name `shishen_<file>`; entries of others are kept.

    Keys: https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md. Raises ShishenError where the file that
    is there cannot be read, or the format is none of LLaMA-Factory's.
    """
    if format.dataset_info is None:
        raise ShishenError(f"LLaMA-Factory 不读 {format.name} 格式；请换用 alpaca、sharegpt 或 messages。")
    entries = _entries(folder / FILE)
    for file in files:
        entries[f"shishen_{Path(file).stem}"] = {"file_name": file, **format.dataset_info}
    return json.dumps(entries, ensure_ascii=False, indent=2).encode() + b"\n"


def write_dataset_info(folder: Path, format: Format, files: Iterable[str]) -> Path:
    """Write that description into the folder, whole or not at all. Raises ShishenError as above."""
    content = dataset_info(folder, format, files)
    with staged_file(folder / FILE) as stream:
        stream.write(content)
    return folder / FILE


def clear_dataset_info(folder: Path, format: Format) -> None:
    """Take our entries on a folder's files away, and the description with the last of them; those of others stay."""
    path = folder / FILE
    if format.dataset_info is None or not path.is_file():
        return
    try:
        entries = _entries(path)
    except ShishenError:
        # What cannot be read is none of ours; who writes a description here next is told.
        return
    ours = {f"shishen_{Path(name).stem}" for name in format.files.values()}
    others = {name: entry for name, entry in entries.items() if name not in ours}
    if not others:
        path.unlink()
    elif len(others) < len(entries):
        with staged_file(path) as stream:
            stream.write(json.dumps(others, ensure_ascii=False, indent=2).encode() + b"\n")


def _entries(path: Path) -> dict[str, object]:
    """What is described already, nothing where there is no such file."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "不是完整的 JSON"
        raise ShishenError(f"已有的 {path} 读不了（{reason}）；请修好或移走它。") from error
    if not isinstance(entries, dict):
        raise ShishenError(f"已有的 {path} 不是 LLaMA-Factory 的 {FILE}；请修好或移走它。")
    return entries
