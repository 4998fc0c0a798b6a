"""What a training run is told: `run.toml` and flags into typed tables, all faults named together.

Sizes are in tokens, rates per step; 0 stands for "not limited by this" where a field says so.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field, to_builtins
from msgspec.structs import replace

from shishen.errors import BadSettings, NotFound
from shishen.local_models.chat_template import templates
from shishen.local_models.loading import Precision
from shishen.typed_fields import struct_of

PRESETS = Path(__file__).parent / "presets"
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]


class TinyTable(Struct, frozen=True, kw_only=True):
    """The model made from scratch where `base` is `tiny`: about so many parameters, words of its tokenizer."""

    size: Literal["5M", "10M", "25M"] = "5M"
    vocabulary: Annotated[int, Meta(ge=300, le=64_000)] = 6144
    context: Annotated[int, Meta(ge=64, le=32_768)] = 2048


class LoraTable(Struct, frozen=True, kw_only=True):
    """The adapter of `lora`, `qlora` and `dora`: `targets` are names of layers, or `all-linear`."""

    rank: Annotated[int, Meta(ge=1, le=1024)] = 16
    alpha: Annotated[float, Meta(gt=0, le=4096)] = 32
    dropout: Annotated[float, Meta(ge=0, le=0.9)] = 0.0
    targets: tuple[str, ...] = ("all-linear",)


class OptimizerTable(Struct, frozen=True, kw_only=True):
    """`learning_rate` at its highest; `warmup` and `decay` are shares of all steps, `floor` the least share of it.

    `muon` (only for full training on one device or with ddp) is for the matrices inside the model; embeddings and
    norms take AdamW at `adamw_rate` (0: the same as `learning_rate`). `clip`: greatest norm of the gradient, 0: none.
    """

    name: Literal["adamw", "muon"] = "adamw"
    learning_rate: Annotated[float, Meta(gt=0, le=1)] = 2e-4
    adamw_rate: Annotated[float, Meta(ge=0, le=1)] = 0.0
    schedule: Literal["cosine", "linear", "constant", "trapezoid"] = "cosine"
    warmup: Share = 0.03
    decay: Share = 0.3
    floor: Share = 0.0
    weight_decay: Annotated[float, Meta(ge=0, le=10)] = 0.0
    beta1: Annotated[float, Meta(ge=0, le=0.9999)] = 0.9
    beta2: Annotated[float, Meta(ge=0, le=0.99999)] = 0.99
    clip: Annotated[float, Meta(ge=0, le=1000)] = 1.0


class BatchTable(Struct, frozen=True, kw_only=True):
    """A batch holds up to `tokens` (padding counted) and, unless 0, up to `examples`; `accumulation` batches a step.

    `layout`: `bucketed` puts sequences of like length side by side, `packed` sets them one behind the other without
    seeing each other. A sequence longer than `longest` tokens is refused, dropped or cut (`too_long`).
    """

    tokens: Annotated[int, Meta(ge=16)] = 4096
    examples: Count = 0
    accumulation: Positive = 1
    layout: Literal["bucketed", "packed"] = "bucketed"
    longest: Annotated[int, Meta(ge=8)] = 2048
    too_long: Literal["refuse", "drop", "cut"] = "refuse"


class EvaluationTable(Struct, frozen=True, kw_only=True):
    """Every so many steps (0: once an epoch) the loss of `examples` dev examples and `samples` answers.

    After `patience` evaluations without a better loss the run stops, and the best model is kept; 0: never.
    """

    every: Count = 0
    examples: Count = 256
    samples: Count = 3
    longest_answer: Positive = 512
    patience: Count = 0


class CheckpointTable(Struct, frozen=True, kw_only=True):
    """Every so many steps (0: once an epoch), the last `keep` of them kept."""

    every: Count = 0
    keep: Positive = 2


class ReplayTable(Struct, frozen=True, kw_only=True):
    """Old datasets to be seen again, so that they are not forgotten: `share` of what is seen is theirs."""

    data: tuple[str, ...] = ()
    share: Annotated[float, Meta(ge=0, le=0.95)] = 0.5


class DeviceTable(Struct, frozen=True, kw_only=True):
    """`processes`: how many there must be (0: as many as torchrun started). `threads`: of each, 0 for all cores."""

    device: str = "auto"
    strategy: Literal["ddp", "fsdp2", "zero2", "zero3"] = "ddp"
    processes: Count = 0
    threads: Count = 0


class RunConfig(Struct, frozen=True, kw_only=True):
    """A whole run. `base` is `tiny`, a folder or a hub name; `data` a dataset folder or files of a known form.

    It ends after `epochs`, or after `steps` where that is not 0. `weights` is what full training keeps its weights
    in. `output` is the run folder.
    """

    base: str
    data: tuple[str, ...]
    output: str
    method: Literal["full", "lora", "qlora", "dora"] = "full"
    adapter: str = ""
    template: str = ""
    precision: Precision = "auto"
    gradient_checkpointing: bool = False
    epochs: Annotated[float, Meta(gt=0, le=10_000)] = 3.0
    steps: Count = 0
    seed: Count = 0
    trust_code: bool = False
    allow_pickle: bool = False
    tensorboard: bool = False
    tiny: TinyTable = field(default_factory=TinyTable)
    lora: LoraTable = field(default_factory=LoraTable)
    optimizer: OptimizerTable = field(default_factory=OptimizerTable)
    batch: BatchTable = field(default_factory=BatchTable)
    evaluation: EvaluationTable = field(default_factory=EvaluationTable)
    checkpoint: CheckpointTable = field(default_factory=CheckpointTable)
    replay: ReplayTable = field(default_factory=ReplayTable)
    devices: DeviceTable = field(default_factory=DeviceTable)


_TABLES: dict[str, type[Struct]] = {
    "tiny": TinyTable,
    "lora": LoraTable,
    "optimizer": OptimizerTable,
    "batch": BatchTable,
    "evaluation": EvaluationTable,
    "checkpoint": CheckpointTable,
    "replay": ReplayTable,
    "devices": DeviceTable,
}


def load_config(
    path: Path | None, assignments: Sequence[str] = (), given: Mapping[str, Any] | None = None
) -> RunConfig:
    """The configuration of a file, `key=value` assignments over it, and over these what is `given` (None: not).

    Paths in the file are taken from where the program runs. Raises BadSettings naming every fault, NotFound where
    the file is missing.
    """
    values = {} if path is None else read_toml(path)
    faults: list[str] = []
    _place(values, assignments, given or {}, faults)
    return build_config(values, faults)


def _place(values: dict[str, Any], assignments: Sequence[str], given: Mapping[str, Any], faults: list[str]) -> None:
    """Set `key=value` texts, then what is given, among the values of a file."""
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if equals:
            place_value(values, key.strip(), text.strip())
        else:
            faults.append(f"{assignment} 应写成 key=value")
    for key, value in given.items():
        if value is not None:
            place_value(values, key, value)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises NotFound, BadSettings."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        names = "、".join(sorted(presets()))
        raise NotFound(
            f"没有 {path}；可以从现成的开始：shishen train cp tiny-cpu run.toml（还有 {names}）。"
        ) from error
    except IsADirectoryError as error:
        raise NotFound(f"{path} 是文件夹；要一个 .toml 文件，或用 --resume 接着训练。") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} 不是正确的 TOML：{error}") from error


def place_value(values: dict[str, Any], key: str, value: Any) -> None:
    """Set `table.field` or `field` among the values of a file."""
    table, dot, name = key.partition(".")
    if not dot:
        values[key] = value
    elif isinstance(values.setdefault(table, {}), dict):
        values[table][name] = value


def build_config(values: Mapping[str, Any], faults: list[str] | None = None) -> RunConfig:
    """A configuration from its tables. Raises BadSettings naming every fault."""
    faults = [] if faults is None else faults
    plain = {key: value for key, value in values.items() if key not in _TABLES}
    for key in ("data",):
        if isinstance(plain.get(key), str):
            plain[key] = [part.strip() for part in plain[key].split(",") if part.strip()]
    tables: dict[str, Any] = {}
    for name, type_ in _TABLES.items():
        found, before = values.get(name, {}), len(faults)
        if isinstance(found, Mapping):
            table = struct_of(type_, name, found, faults)
            if len(faults) == before:
                tables[name] = table
        else:
            faults.append(f"{name} 应是一张表，如 [{name}]")
    for key, (stand_in, words) in _NEEDED.items():
        if key not in plain:
            faults.append(f"缺少 {key}（{words}）")
            plain[key] = stand_in
    built = struct_of(RunConfig, "", plain, faults)
    if isinstance(built, RunConfig):
        built = replace(built, **tables)
        faults += _contradictions(built, frozenset(tables))
    if faults or not isinstance(built, RunConfig):
        # What has a wrong type is missing as well for who looks at the rest.
        faults = [fault for fault in faults if fault not in {f"缺少 {key}" for key in _NEEDED}]
        raise BadSettings("训练设置有误：" + "；".join(faults) + "。")
    return built


# What must be said, what stands for it while the rest is looked at, and what it is.
_NEEDED: dict[str, tuple[Any, str]] = {
    "base": ("", "底座：文件夹、模型站上的名字，或 tiny"),
    "data": (["?"], "数据集所在的文件夹"),
    "output": ("", "这次训练的文件夹"),
}


def _contradictions(config: RunConfig, whole: frozenset[str]) -> list[str]:
    """What single values allow and all of them together do not; of tables only those that are `whole`."""
    faults = []
    if not config.data:
        faults.append("data 是空的，要写数据集所在的文件夹")
    if config.base == "tiny" and config.method != "full":
        faults.append(f"base 是 tiny（从头训练）时 method 只能是 full，不能是 {config.method}")
    if config.adapter and config.method == "full":
        faults.append("method 是 full 时不能接着适配器（adapter）训练；先用 shishen merge 合并")
    if config.optimizer.name == "muon" and (config.method != "full" or config.devices.strategy != "ddp"):
        faults.append("optimizer.name = muon 只用于 method = full、devices.strategy = ddp")
    if config.method == "qlora" and config.devices.strategy != "ddp":
        faults.append(f"method = qlora 不能和 devices.strategy = {config.devices.strategy} 一起用（4 位权重不能切开）")
    if config.batch.longest > config.batch.tokens:
        faults.append(
            f"batch.tokens（{config.batch.tokens}）小于 batch.longest（{config.batch.longest}），最长的一条放不下"
        )
    if config.base == "tiny" and {"batch", "tiny"} <= whole and config.batch.longest > config.tiny.context:
        faults.append(f"batch.longest（{config.batch.longest}）大于 tiny.context（{config.tiny.context}）")
    if config.template and config.template not in templates() and not Path(config.template).expanduser().is_file():
        faults.append(f"没有名为 {config.template} 的对话模板（有 {'、'.join(templates())}，或一个 .jinja 文件）")
    return faults


# What a run that goes on may be told anew; anything else would change what its checkpoints and its order mean.
_CHANGEABLE = frozenset(
    {
        "output", "epochs", "steps", "gradient_checkpointing", "tensorboard", "optimizer.learning_rate",
        "optimizer.adamw_rate", "optimizer.schedule", "optimizer.warmup", "optimizer.decay", "optimizer.floor",
        "optimizer.clip", "evaluation.every", "evaluation.longest_answer", "evaluation.patience", "checkpoint.every",
        "checkpoint.keep", "devices.device", "devices.processes", "devices.threads",
    }
)  # fmt: skip


def changed(config: RunConfig, assignments: Sequence[str], given: Mapping[str, Any]) -> RunConfig:
    """The configuration of a run that goes on, with what it is told anew. Raises BadSettings naming every fault."""
    values = to_builtins(config)
    faults: list[str] = []
    _place(values, assignments, given, faults)
    built = build_config(values, faults)
    before, after = _flat(to_builtins(config)), _flat(to_builtins(built))
    if fixed := [key for key in after if after[key] != before[key] and key not in _CHANGEABLE]:
        raise BadSettings(
            f"接着训练时不能改 {'、'.join(fixed)}；能改的是 {'、'.join(sorted(_CHANGEABLE - {'output'}))}，"
            "别的要换一个 output 重新训练。"
        )
    return built


def _flat(values: Mapping[str, Any], front: str = "") -> dict[str, Any]:
    """The fields of all tables, each under its whole name."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{key}.") if isinstance(value, Mapping) else {front + key: value}
    return found


def anchored(config: RunConfig) -> RunConfig:
    """The same with its files and folders as absolute paths: a run goes on wherever it is resumed from."""
    folder = Path(config.base).expanduser()
    is_file = config.template not in templates() and Path(config.template).expanduser().is_file()
    return replace(
        config,
        base=str(folder.absolute()) if config.base != "tiny" and folder.is_dir() else config.base,
        data=tuple(_absolute(name) for name in config.data),
        adapter=_absolute(config.adapter) if config.adapter else "",
        template=_absolute(config.template) if is_file else config.template,
        replay=replace(config.replay, data=tuple(_absolute(name) for name in config.replay.data)),
    )


def _absolute(name: str) -> str:
    return str(Path(name).expanduser().absolute())


def presets() -> dict[str, Path]:
    """The configurations that come with the program, by name."""
    return {path.stem: path for path in sorted(PRESETS.glob("*.toml"))}
