"""What the tests of training share: a dozen dialogues, settings that learn them in seconds, and runs of them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from shishen.examples import Example, dialogue, encode_example, example_id
from shishen.records import Message
from shishen.stages.train import train
from shishen.training.run_config import RunConfig, build_config
from shishen.training.run_folder import Evaluated, Progress, RunFolder
from shishen.training.tiny import SHAPES

ROOT = Path(__file__).parent.parent
# Instead of the 5M of the program: width, layers, heads, width inside a layer.
SMALLEST = (64, 2, 2, 192)
DISHES = {
    "红烧肉": "五花肉切块，焯水。\n加酱油和糖，炖一小时。",
    "拍黄瓜": "黄瓜拍碎，放蒜和醋。",
    "番茄炒蛋": "先炒蛋，再炒番茄。\n合在一起，放盐 3 克。",
    "酸辣汤": "水开下豆腐丝，加醋和胡椒。",
    "蒸鲈鱼": "鱼上锅蒸 8 分钟，淋热油。",
    "炒土豆丝": "土豆切丝，大火快炒，放醋。",
    "葱油面": "小火熬葱油，拌面。",
    "清炒菠菜": "菠菜焯水，下锅翻两下就好。",
    "皮蛋豆腐": "皮蛋切瓣，放在豆腐上，浇酱油。",
    "白灼虾": "水里放姜，虾煮三分钟。",
}


def examples() -> list[Example]:
    """Ten dialogues of one question, two of two, one with a system message: different lengths, one a character long."""
    spoken: list[tuple[Message, ...]] = [dialogue([(f"{name}怎么做", how)]) for name, how in DISHES.items()]
    spoken += [
        dialogue([("红烧肉要炖多久", "一小时。"), ("火呢", "小火。")]),
        dialogue([("虾煮多久", "三分钟。"), ("要放姜吗", "要。")], "你是厨师。"),
    ]
    return [Example(id=example_id(messages), messages=messages) for messages in spoken]


def write_dataset(folder: Path, taught: Sequence[Example] | None = None, dev: Sequence[Example] | None = None) -> Path:
    """A dataset folder: of all examples the last two are dev ones too, unless others are given."""
    taught = examples() if taught is None else taught
    dev = taught[-2:] if dev is None else dev
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_bytes(b"".join(map(encode_example, taught)))
    (folder / "dev.jsonl").write_bytes(b"".join(map(encode_example, dev)))
    return folder


def values(data: Path, output: Path, **changes: Any) -> dict[str, Any]:
    """Settings of a short run of a very small model; `optimizer__name="muon"` changes one of a table."""
    found: dict[str, Any] = {
        "base": "tiny",
        "data": [str(data)],
        "output": str(output),
        "precision": "fp32",
        "steps": 6,
        "tiny": {"vocabulary": 500, "context": 256},
        "optimizer": {"learning_rate": 5e-3, "warmup": 0.0},
        "batch": {"tokens": 160, "longest": 120},
        "evaluation": {"every": 1000, "samples": 0, "longest_answer": 40},
        "checkpoint": {"every": 1000},
        "devices": {"device": "cpu", "threads": 1},
    }
    for key, value in changes.items():
        table, parted, name = key.partition("__")
        if parted:
            found.setdefault(table, {})[name] = value
        else:
            found[key] = value
    return found


def settings(data: Path, output: Path, **changes: Any) -> RunConfig:
    """The same, checked."""
    return build_config(values(data, output, **changes))


@contextmanager
def smallest() -> Iterator[None]:
    """The tiny model is still smaller."""
    with patch.dict(SHAPES, {"5M": SMALLEST}):
        yield


def run(config: RunConfig, *, resume: bool = False) -> RunFolder:
    """A whole run, in this process."""
    with smallest():
        for _ in train(config, resume=resume):
            pass
    return RunFolder(Path(config.output))


def losses(folder: RunFolder) -> list[float]:
    """The loss of every step."""
    return [line.loss for line in folder.metrics() if isinstance(line, Progress)]


def dev_losses(folder: RunFolder) -> list[float]:
    """The dev loss of every evaluation."""
    return [line.dev_loss for line in folder.metrics() if isinstance(line, Evaluated)]


def weights(folder: Path) -> dict[str, Any]:
    """Every weight of a model, an adapter or a checkpoint."""
    from safetensors.torch import load_file

    (file,) = folder.glob("*.safetensors")
    return dict(load_file(file))


def equal(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether all weights are the same to the last bit."""
    return a.keys() == b.keys() and all(bool((a[name] == b[name]).all()) for name in a)


def greatest_difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The greatest difference of any weight."""
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


# A run of its own: settings as JSON, whether it goes on, and Python to be run before it.
PROGRAM = """
import json, sys
from shishen.errors import ShishenError
from shishen.stages.train import train
from shishen.training.run_config import build_config
from shishen.training.tiny import SHAPES
values, resume, before, shape = json.loads(sys.argv[1])
SHAPES["5M"] = tuple(shape)
exec(before)
try:
    for event in train(build_config(values), resume=resume):
        if type(event).__name__ != "Sample":
            print(type(event).__name__, getattr(event, "step", 0), flush=True)
except ShishenError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)
"""


def command(given: Mapping[str, Any], *, resume: bool = False, before: str = "") -> list[str]:
    """What follows the interpreter to run these settings in a process of its own."""
    return ["-c", PROGRAM, json.dumps([given, resume, before, SMALLEST])]


def start(given: Mapping[str, Any], *, resume: bool = False, before: str = "") -> "subprocess.Popen[str]":
    """A run in a process of its own, which says each event on a line."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", *command(given, resume=resume, before=before)],
        cwd=ROOT,
        env=quiet_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def quiet_environment() -> dict[str, str]:
    """No hub, one thread a process."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
