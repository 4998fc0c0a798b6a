"""Training data from one format into another: one file, or every split of a dataset folder."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import get_args

from msgspec import Struct

from shishen.errors import NotFound, ShishenError
from shishen.examples import Example, Split, split_files
from shishen.records import Rejected
from shishen.training.formats import Format, find_format, formats
from shishen.training.formats.dataset_info import FILE as DATASET_INFO
from shishen.training.formats.dataset_info import clear_dataset_info, dataset_info
from shishen.training.formats.detection import detect
from shishen.training.formats.files import read_format, staged_file, write_rows

_SPLITS: tuple[Split, ...] = get_args(Split)
# So many rejected rows are kept to be shown; all are counted.
_SHOWN = 20
# The manifest of a dataset folder of ours, whose files are not to be written over.
_MANIFEST = "dataset.json"


class Converted(Struct, frozen=True, kw_only=True):
    """What became of a conversion: the files written, how many dialogues, how many rows were rejected."""

    files: tuple[Path, ...]
    written: int
    rejected: int
    first_rejected: tuple[Rejected, ...] = ()


class _Tally(Struct):
    """How many rows were rejected so far, and the first of them."""

    rejected: int = 0
    first: list[Rejected] = []


def convert(source: Path, target: Path, to: str, from_: str | None = None) -> Converted:
    """Write a file, or each split of a folder, in another format; all files appear at the end, or none.

    A target that is no name of a JSON file is a folder, which gets the names that the format's program looks for.
    Without `from_` the format is seen from the first rows. Raises ShishenError over what cannot be read or written,
    and where nothing would be written.
    """
    format = find_format(to)
    given = find_format(from_) if from_ else None
    sources = _sources(source, given)
    targets = _targets(source, sources, target, format)
    tally = _Tally()
    written = 0
    with ExitStack() as stack:
        if format.dataset_info is not None:
            folder = next(iter(targets.values())).parent
            content = dataset_info(folder, format, [path.name for path in targets.values()])
            # Entered first, so moved into its place last: what it describes is there by then.
            described = stack.enter_context(staged_file(folder / DATASET_INFO))
            described.write(content)
            described.flush()
        for split, paths in sources.items():
            stream = stack.enter_context(staged_file(targets[split]))
            kept = _kept((row for path in paths for row in read_format(path, given or detect(path))), tally)
            count = write_rows(kept, format, stream)
            # A disk that is full must say so before the first file is moved.
            stream.flush()
            if not count:
                reason = tally.first[-1].reason if tally.first else "没有对话"
                raise ShishenError(f"{paths[0]} 里没有一条能用的对话（例如：{reason}）；什么也没有写。")
            written += count
    return Converted(
        files=tuple(targets.values()), written=written, rejected=tally.rejected, first_rejected=tuple(tally.first)
    )


def clear_formats(folder: Path) -> None:
    """Take away what was written of a dataset in other formats, in folders of their names; all else stays there."""
    for format in formats().values():
        place = folder / format.name
        if not place.is_dir():
            continue
        for name in format.files.values():
            # A conversion that was killed leaves its file beside its place.
            for path in (place / name, *place.glob(f".{name}.*")):
                path.unlink(missing_ok=True)
        clear_dataset_info(place, format)
        with suppress(OSError):
            # Not empty: somebody keeps something of his own there.
            place.rmdir()


def _sources(source: Path, given: Format | None) -> dict[Split, list[Path]]:
    """The files to read by split. Raises NotFound where there are none."""
    if not source.exists():
        raise NotFound(f"没有 {source}；请检查路径。")
    if not source.is_dir():
        return {_split_of(source): [source]}
    found: dict[Split, list[Path]] = {}
    for split in _SPLITS:
        if given is None and len(shards := split_files(source, split)) > 1:
            found[split] = shards
            continue
        names = [given.files[split]] if given else [f"{split}.jsonl", f"{split}.json"]
        there = [path for name in names if (path := source / name).is_file() and path.stat().st_size]
        if len(there) > 1:
            raise ShishenError(
                f"{source} 里有 {'、'.join(path.name for path in there)}，分不清用哪个；请用 --from 指明。"
            )
        if there:
            found[split] = there
    if not found:
        raise NotFound(f"{source} 里没有 train.jsonl、dev.jsonl 或 test.jsonl；请给出数据文件，或数据集文件夹。")
    return found


def _split_of(path: Path) -> Split:
    return next((split for split in _SPLITS if path.stem == split), "train")


def _targets(source: Path, sources: dict[Split, list[Path]], target: Path, format: Format) -> dict[Split, Path]:
    """Where each split goes. Raises ShishenError where that would write over what is read, or a dataset."""
    if target.suffix in (".json", ".jsonl") and not target.is_dir():
        if source.is_dir():
            raise ShishenError(f"{source} 是文件夹，{target} 是文件；请给出一个目标文件夹。")
        targets = dict.fromkeys(sources, target)
    else:
        if target.exists() and not target.is_dir():
            raise ShishenError(f"{target} 是文件，名字却不以 .json 或 .jsonl 结尾；请换一个名字或文件夹。")
        targets = {split: target / format.files[split] for split in sources}
    read = {path.resolve() for paths in sources.values() for path in paths}
    for path in targets.values():
        if path.resolve() in read:
            raise ShishenError(f"{path} 正是要读的文件；请换一个目标。")
        if path.exists() and (path.parent / _MANIFEST).exists():
            raise ShishenError(f"{path} 是一个数据集的文件，不能写在上面；请换一个文件夹。")
    return targets


def _kept(results: Iterable[Example | Rejected], tally: _Tally) -> Iterator[Example]:
    """The examples; what was rejected is counted."""
    for result in results:
        if isinstance(result, Example):
            yield result
        else:
            tally.rejected += 1
            if len(tally.first) < _SHOWN:
                tally.first.append(result)
