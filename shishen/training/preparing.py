"""Everything that a run needs before its first step: the base, its tokenizer and template, the data as tokens."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct

from shishen.errors import ShishenError
from shishen.evaluation.drawing import draw
from shishen.examples import Example, read_examples, split_files
from shishen.local_models.base_check import check_base
from shishen.local_models.chat_template import set_template
from shishen.local_models.folder import ModelFolder
from shishen.local_models.loading import load_tokenizer, load_weights, number_type
from shishen.local_models.saving import save_model, save_tokenizer
from shishen.local_models.trained_model import model_at
from shishen.records import Rejected
from shishen.training.adapting import adapt
from shishen.training.doctor import check_tokenizer
from shishen.training.formats.detection import detect
from shishen.training.formats.files import read_format
from shishen.training.processes import Processes
from shishen.training.run_config import RunConfig
from shishen.training.run_folder import RunFolder, full_disk_named, whole_folder
from shishen.training.tiny import tiny_model, tiny_tokenizer
from shishen.training.token_store import NothingLearned, TokenStore, write_store

# Characters that a tokenizer is learned from; more of them teach it nothing.
_TOKENIZER_TEXT = 30_000_000
# The words of the template itself, so that they are tokens of their own.
_TEMPLATE_WORDS = ("system\n", "user\n", "assistant\n")


class Prepared(Struct, frozen=True, kw_only=True):
    """What the loop is given. `stores` are the data and each replayed dataset, `dev` those that are only measured."""

    model: Any
    tokenizer: Any
    stores: tuple[TokenStore, ...]
    dev: TokenStore | None
    samples: tuple[Example, ...]
    base: ModelFolder


class Noted(Struct, frozen=True):
    """Something about the data that should be known before it is learned."""

    words: str


def notes(prepared: Prepared, config: RunConfig) -> Iterator[Noted]:
    """What of the data is not learned: rows that are no dialogues, sequences that are too long."""
    for place, store in zip((config.data, *((name,) for name in config.replay.data)), prepared.stores, strict=True):
        facts, where = store.facts, "、".join(place)
        if facts.rejected:
            yield Noted(f"{where}：{facts.rejected:,} 条不是可以学的对话，跳过了。")
        if facts.too_long:
            kept = "截断了" if config.batch.too_long == "cut" else "没有学"
            lost = f"，{facts.cut_answers:,} 个回答没有结尾" if config.batch.too_long == "cut" else ""
            yield Noted(
                f"{where}：{facts.too_long:,} 条比 batch.longest = {config.batch.longest} 长，{kept}{lost}；"
                f"设 batch.longest = {facts.needed} 就都放得下。"
            )
    if config.evaluation.patience and prepared.dev is None:
        yield Noted("没有验证集（dev.jsonl），evaluation.patience 不起作用。")


def prepare(config: RunConfig, run: RunFolder, processes: Processes) -> Prepared:
    """Base, tokenizer and data of a run; what was made for it before is used again.

    The first process makes them, the others wait. Raises ShishenError for whatever cannot be trained on.
    """
    fault = ""
    if processes.first:
        try:
            with full_disk_named(run.path):
                _make(config, run)
        except ShishenError as error:
            fault = str(error)
    if fault := processes.agreed(fault):
        raise ShishenError(fault)
    base = base_of(config, run)
    tokenizer = load_tokenizer(base, template=config.template or None, trust_code=config.trust_code)
    return Prepared(
        model=adapt(_weights(config, base, processes), config),
        tokenizer=tokenizer,
        stores=tuple(TokenStore(folder) for folder in _stores(run, 1 + len(config.replay.data))),
        dev=TokenStore(run.tokens / "dev") if (run.tokens / "dev" / "store.json").is_file() else None,
        samples=_samples(config),
        base=base,
    )


def base_of(config: RunConfig, run: RunFolder) -> ModelFolder:
    """The model that a run starts from. Raises ShishenError where it cannot be used."""
    return model_at(run.base if config.base == "tiny" else config.base, pickles=config.allow_pickle)


def _make(config: RunConfig, run: RunFolder) -> None:
    """The base where it is made from scratch, and the data as tokens."""
    if config.base == "tiny" and not run.base.exists():
        texts = _texts(config)
        tokenizer = tiny_tokenizer(texts, config.tiny.vocabulary, config.tiny.context)
        set_template(tokenizer, config.template or None)
        with whole_folder(run.base) as folder:
            save_model(tiny_model(config.tiny.size, tokenizer, config.tiny.context, config.seed), folder)
            save_tokenizer(tokenizer, folder)
    base = base_of(config, run)
    tokenizer = load_tokenizer(base, template=config.template or None, trust_code=config.trust_code)
    check_tokenizer(tokenizer)
    table = config.batch
    sources = [config.data, *((name,) for name in config.replay.data)]
    for folder, names in zip(_stores(run, len(sources)), sources, strict=True):
        if not (folder / "store.json").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            write_store(folder, examples_of(names, "train"), tokenizer, table.longest, table.too_long)
    dev = _measured(config)
    if dev and not (run.tokens / "dev" / "store.json").is_file():
        # Where all of them are too long there is nothing to measure with, which is no reason not to learn.
        with suppress(NothingLearned):
            write_store(run.tokens / "dev", dev, tokenizer, table.longest, "drop")


def _measured(config: RunConfig) -> list[Example]:
    """The dev examples that the loss is measured on: of every kind and of many dishes, the same for the same seed."""
    return draw(_good(examples_of(config.data, "dev")), config.evaluation.examples, config.seed)


def _weights(config: RunConfig, base: ModelFolder, processes: Processes) -> Any:
    # Full training keeps its weights in fp32 and only computes in fewer bits: small moves would be rounded away.
    compact = config.method != "full" and processes.device.startswith("cuda")
    numbers = number_type(config.precision if compact else "fp32", processes.device)
    if base.adapter:
        raise ShishenError(f"{config.base} 是适配器；base 要写它的底座，adapter 写它，或先用 shishen merge 合并。")
    if config.adapter:
        check_base(ModelFolder(base=base.base, adapter=Path(config.adapter).expanduser()))
    return load_weights(
        base.base,
        device=processes.device,
        numbers=number_type(config.precision, processes.device) if config.method == "qlora" else numbers,
        four_bit=config.method == "qlora",
        trust_code=config.trust_code,
        pickles=config.allow_pickle,
    )


def _stores(run: RunFolder, count: int) -> list[Path]:
    return [run.tokens / ("train" if n == 0 else f"replay-{n}") for n in range(count)]


def examples_of(names: Sequence[str], split: str) -> Iterator[Example | Rejected]:
    """The examples of a split: of dataset folders theirs, of single files everything, as training data."""
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            files = split_files(path, split)
            for file in files:
                yield from read_examples(file)
            if not files and split == "train":
                raise ShishenError(
                    f"{path} 里没有 train.jsonl；数据集用 shishen dataset build 生成，别的格式写文件名。"
                )
        elif split == "train":
            yield from read_format(path, detect(path))


def _good(found: Iterable[Example | Rejected]) -> Iterator[Example]:
    return (example for example in found if isinstance(example, Example))


def _samples(config: RunConfig) -> tuple[Example, ...]:
    """What is asked on the way: dev examples where there are some, else what is taught."""
    count = config.evaluation.samples
    dev = draw(_good(examples_of(config.data, "dev")), count, config.seed)
    return tuple(dev or islice(_good(examples_of(config.data, "train")), count))


def _texts(config: RunConfig) -> Iterator[str]:
    room = _TOKENIZER_TEXT
    yield from _TEMPLATE_WORDS * 100
    for example in _good(examples_of((*config.data, *config.replay.data), "train")):
        for message in example.messages:
            yield message.content
            room -= len(message.content)
        if room < 0:
            return
