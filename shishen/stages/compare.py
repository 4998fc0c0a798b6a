"""Compare: the same questions to several models, with the same seeds → what was learned, and what was forgotten.

    shishen compare 底座/ 我的厨师/ --dataset 数据集/ --output 比较/

`train.jsonl` of a dataset is what was taught (`seen`), `dev.jsonl` and `test.jsonl` what was not (`unseen`), another
dataset what was known before (`old`). One model is in memory at a time. Its answers go to `answers.jsonl` a batch at a
time, so that a comparison that was killed goes on where it stopped, and gives the same answers as one that was not:
batches are fixed beforehand, and each is drawn from the seed anew. `plan.json` says what was compared with what.
"""

import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import msgspec
from msgspec import Struct

from shishen.errors import NotFound, ShishenError
from shishen.evaluation.answered import Answered, question, reference
from shishen.evaluation.comparison import Comparison, summarise
from shishen.evaluation.drawing import draw
from shishen.evaluation.report import as_json, page
from shishen.examples import SPLITS, Example, read_examples, split_files
from shishen.file_lock import locked
from shishen.local_models.folder import ModelFolder
from shishen.local_models.generation import Sampling, answers
from shishen.local_models.loading import LocalModel, Precision, load
from shishen.local_models.out_of_memory import out_of_memory_named
from shishen.records import Rejected
from shishen.system_reason import reason_of

ANSWERS, PLAN, SUMMARY, PAGE = "answers.jsonl", "plan.json", "compare.json", "compare.html"


class Loading(Struct, frozen=True, kw_only=True):
    """How every model is loaded; `template` goes to all of them."""

    device: str = "auto"
    precision: Precision = "auto"
    four_bit: bool = False
    template: str | None = None
    trust_code: bool = False
    pickles: bool = False


class Progress(Struct, frozen=True):
    """So many of all answers are there; `model` is at it."""

    model: str
    done: int
    total: int


class Compared(Struct, frozen=True, kw_only=True):
    """The end: the summary, and the files that it is in."""

    comparison: Comparison
    page: Path
    summary: Path
    answers: Path


class Plan(Struct, frozen=True, kw_only=True):
    """What makes an answer what it is: another plan is another comparison."""

    models: dict[str, str]
    sampling: Sampling
    loading: Loading
    at_once: int
    questions: str


def groups_of(dataset: Path, old: Path | None = None, *, count: int = 100, seed: int = 0) -> dict[str, list[Example]]:
    """At most `count` examples a group of a dataset folder, and of another with what was known before.

    Raises NotFound where a folder is no dataset, ShishenError where nothing in it can be asked.
    """
    files = {
        "seen": split_files(dataset, "train"),
        "unseen": [*split_files(dataset, "dev"), *split_files(dataset, "test")],
        "old": split_files(old, "train") if old else [],
    }
    groups = {}
    for folder in filter(None, (dataset, old)):
        if not any(split_files(folder, split) for split in SPLITS):
            raise NotFound(f"{folder} 里没有 train.jsonl；数据集用 shishen dataset build 生成。")
    for group, paths in files.items():
        streams = (_good(path) for path in paths)
        if found := draw(chain.from_iterable(streams), count, seed):
            groups[group] = found
    if not groups:
        raise ShishenError(f"{dataset} 里没有能拿来问的对话；请先用 shishen dataset build 生成。")
    return groups


def _good(path: Path) -> Iterator[Example]:
    """What can be read; the rest was told of when the dataset was made."""
    return (example for example in read_examples(path) if not isinstance(example, Rejected))


def compare(
    models: Sequence[ModelFolder],
    groups: Mapping[str, Sequence[Example]],
    output: Path,
    *,
    sampling: Sampling | None = None,
    loading: Loading | None = None,
    at_once: int = 16,
    seed: int = 0,
) -> Iterator[Progress | Compared]:
    """Ask every model every question and write the figures, the page and all answers into the folder `output`.

    The first of `models` is what the others are held to; `seed` is that of the intervals. Raises ShishenError for
    fewer than two models, no questions, a folder that holds another comparison, models that cannot be loaded, Busy
    where another process is at the same folder.
    """
    sampling, loading = sampling or Sampling(), loading or Loading()
    if len(models) < 2:
        raise ShishenError("比较至少要两个模型：先写底座，再写训练出来的。")
    if not any(groups.values()):
        raise ShishenError("没有可以问的问题；请给一个数据集文件夹。")
    named = dict(zip(names_of(models), models, strict=True))
    plan = Plan(
        models={name: _fingerprint(folder) for name, folder in named.items()},
        sampling=sampling,
        loading=loading,
        at_once=at_once,
        questions=_questions_fingerprint(groups),
    )
    asked = _batches(groups, at_once)
    total = sum(map(len, asked)) * len(named)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with locked(output / ".lock", f"另一个 shishen compare 正在写 {output}；请等它做完，或换一个文件夹。"):
            _begin(output, plan)
            done, kept = _kept(output, asked, named)
            yield from _asking(named, asked, kept, done, output, sampling, loading, total)
            rows = list(_rows(output / ANSWERS))
            comparison = summarise(rows, list(named), seed)
            _publish(output, comparison, rows, plan)
    except OSError as error:
        raise ShishenError(f"写不进 {output}（{reason_of(error)}）；请检查权限和磁盘空间，或换一个地方。") from error
    yield Compared(comparison=comparison, page=output / PAGE, summary=output / SUMMARY, answers=output / ANSWERS)


def names_of(models: Sequence[ModelFolder]) -> list[str]:
    """A name for each model: its folder's, with as much of the path before it as tells it from the others."""
    paths = [Path(m.adapter or m.base).resolve() if m.adapter or m.local else Path(m.base) for m in models]
    # What came of a run is called after the run.
    paths = [path.parent if path.name == "model" else path for path in paths]
    for size in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-size:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise ShishenError("两次写了同一个模型；请换一个。")


def _fingerprint(folder: ModelFolder) -> str:
    """Which weights these are: where they lie, how large and how old they are."""
    parts = [folder.base, str(folder.adapter)]
    for place in filter(None, (Path(folder.base) if folder.local else None, folder.adapter)):
        for file in sorted([*place.glob("*.safetensors"), *place.glob("*.json"), *place.glob("*.jinja")]):
            found = file.stat()
            parts.append(f"{file.name} {found.st_size} {found.st_mtime_ns}")
    return _digest("\n".join(parts))


def _questions_fingerprint(groups: Mapping[str, Sequence[Example]]) -> str:
    # With all that an answer is judged by: a dish whose record changed is asked about anew.
    whole = [(name, [(e.id, e.kind, e.recipes, e.messages) for e in those]) for name, those in groups.items()]
    return _digest(msgspec.json.encode(whole).decode())


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _batches(groups: Mapping[str, Sequence[Example]], at_once: int) -> list[list[tuple[str, Example]]]:
    """The questions in batches of like length, the same however often the run is cut off."""
    every = [(group, example) for group, those in groups.items() for example in those]
    every.sort(key=lambda pair: (sum(len(m.content) for m in question(pair[1])), pair[0], pair[1].id))
    return [every[n : n + at_once] for n in range(0, len(every), at_once)]


def _begin(output: Path, plan: Plan) -> None:
    """See that the folder is new, or holds the beginning of this very comparison."""
    path = output / PLAN
    try:
        before = msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError:
        if (output / ANSWERS).exists() or (output / PAGE).exists():
            raise ShishenError(f"{output} 里有别的东西（{ANSWERS}）；请换一个文件夹。") from None
        _put(path, msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")
        return
    except (msgspec.DecodeError, UnicodeDecodeError):
        before = None
    if before != plan:
        raise ShishenError(f"{output} 里是另一次比较（模型、问题或设置不同）；请换一个文件夹，或删掉它再来。")


def _kept(
    output: Path, asked: Sequence[Sequence[tuple[str, Example]]], names: Iterable[str]
) -> tuple[int, set[tuple[str, int]]]:
    """(how many answers an earlier run has left, which batches of which model they are).

    A batch that was cut off is thrown away whole: its answers were drawn together.
    """
    path = output / ANSWERS
    found: dict[tuple[str, str, str], Answered] = {(r.model, r.group, r.example): r for r in _rows(path)}
    kept: set[tuple[str, int]] = set()
    lines: list[Answered] = []
    for name in names:
        for number, batch in enumerate(asked):
            rows = [found[key] for group, e in batch if (key := (name, group, e.id)) in found]
            if len(rows) == len(batch):
                kept.add((name, number))
                lines += rows
    if path.exists():
        _put(path, b"".join(msgspec.json.encode(row) + b"\n" for row in lines))
    return len(lines), kept


def _rows(path: Path) -> Iterator[Answered]:
    """The answers that are whole; the last line of a run that was killed may not be."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(Answered)
    with path.open("rb") as stream:
        for line in stream:
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def _asking(
    named: Mapping[str, ModelFolder],
    asked: Sequence[Sequence[tuple[str, Example]]],
    kept: set[tuple[str, int]],
    done: int,
    output: Path,
    sampling: Sampling,
    loading: Loading,
    total: int,
) -> Iterator[Progress]:
    """Every answer that is not there yet, model by model."""
    with (output / ANSWERS).open("ab") as stream:
        for name, folder in named.items():
            left = [batch for number, batch in enumerate(asked) if (name, number) not in kept]
            yield Progress(name, done, total)
            if not left:
                continue
            local: LocalModel | None = load(folder, **{f: getattr(loading, f) for f in loading.__struct_fields__})
            for batch in left:
                assert local
                stream.write(
                    b"".join(msgspec.json.encode(row) + b"\n" for row in _answered(local, name, batch, sampling))
                )
                stream.flush()
                done += len(batch)
                yield Progress(name, done, total)
            # The next one needs the room.
            local = None
            _make_room()


def _answered(local: LocalModel, name: str, batch: Sequence[tuple[str, Example]], sampling: Sampling) -> list[Answered]:
    with out_of_memory_named(f"一次答不了 {len(batch)} 问，请把 --at-once 调小。"):
        said = list(answers(local, [question(e) for _, e in batch], sampling, at_once=len(batch)))
    return [
        Answered(
            model=name,
            group=group,
            example=example.id,
            kind=example.kind,
            recipes=example.recipes,
            asked=question(example),
            reference=reference(example),
            said=one.text,
            ended=one.ended,
            tokens=one.tokens,
        )
        for (group, example), one in zip(batch, said, strict=True)
    ]


def _make_room() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _publish(output: Path, comparison: Comparison, rows: Sequence[Answered], plan: Plan) -> None:
    drawn = plan.sampling
    how = "每次取最可能的字（温度 0）" if drawn.temperature <= 0 else f"温度 {drawn.temperature:g}，种子 {drawn.seed}"
    settings = {"回答": f"{how}；最长 {drawn.longest} 个 token"}
    _put(output / SUMMARY, as_json(comparison, msgspec.to_builtins(plan)))
    _put(output / PAGE, "".join(page(comparison, rows, settings)).encode("utf-8", "replace"))


def _put(path: Path, data: bytes) -> None:
    """A file that is there whole, or as it was before."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)
