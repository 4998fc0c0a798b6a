"""Several processes by torchrun, on the processor: the same losses and weights as one, and no end that hangs.

Sums in another order differ: losses of six steps by at most 2e-5, weights by 1e-4 but for those that hardly any
gradient moves, of which AdamW makes whole moves.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from shishen.training import checkpoints
from shishen.training.run_folder import RunFolder
from tests.training_samples import (
    ROOT,
    SMALLEST,
    command,
    dev_losses,
    equal,
    losses,
    quiet_environment,
    run,
    settings,
    values,
    weights,
    write_dataset,
)

TOLERANCE = 2e-5
LAUNCHER = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--no-python"]
SAME = {"batch__accumulation": 4, "optimizer__schedule": "constant", "optimizer__learning_rate": 1e-3, "steps": 6}
WITH_ADAPTER = {**SAME, "method": "lora", "optimizer__learning_rate": 1e-2}
STRATEGIES = ("ddp", "fsdp2", *(("zero2", "zero3") if find_spec("deepspeed") else ()))
# Several runs by the same processes, as starting them takes most of the time; those that are to be stopped by a fault
# in their fifth step go on from their last checkpoint then.
SERIES = """
import os, sys, json, warnings
warnings.simplefilter("ignore")
from shishen.stages.train import train
from shishen.training.loop import Loop
from shishen.training.run_config import build_config
from shishen.training.tiny import SHAPES
import torch.distributed as distributed
given, shape = json.loads(sys.argv[1])
SHAPES["5M"] = tuple(shape)
# They meet once: a second meeting under the same launcher may find what is left of the first.
distributed.init_process_group("gloo")
distributed.init_process_group = distributed.destroy_process_group = lambda *_: None
whole = Loop._step
def half(self, n):
    if n == 4:
        raise LookupError
    return whole(self, n)
for values, stopped in given:
    if stopped:
        Loop._step = half
        try:
            list(train(build_config(values)))
            sys.exit("not stopped")
        except LookupError:
            Loop._step = whole
    list(train(build_config(values), resume=stopped))
"""


def launch(
    count: int, given: Mapping[str, Any], *, resume: bool = False, before: str = ""
) -> "subprocess.CompletedProcess[str]":
    """A run by as many processes."""
    return started(count, command(given, resume=resume, before=before))


def started(count: int, program: Sequence[str], patience: float = 120) -> "subprocess.CompletedProcess[str]":
    """A program in as many processes; ended, and a failure, where they take too long."""
    arguments = [*LAUNCHER, "--nproc-per-node", str(count), sys.executable, *program]
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=quiet_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        pytest.fail(f"hung: {err[-3000:]}")
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def base(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(settings(data, tmp_path_factory.mktemp("base") / "run", steps=20)).model


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run of one process."""
    return run(settings(data, tmp_path_factory.mktemp("alone") / "run", **SAME))


def far(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The share of weights that differ by more than 1e-4."""
    assert a.keys() == b.keys()
    moved = sum(int(((a[n] - b[n]).abs() > 1e-4).sum()) for n in a)
    return moved / sum(int(w.numel()) for w in a.values())


@pytest.fixture(scope="module")
def alone_with_adapter(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run of one process with an adapter."""
    return run(settings(data, tmp_path_factory.mktemp("adapter") / "run", base=str(base), **WITH_ADAPTER))


@pytest.fixture(scope="module")
def several(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """Runs of several processes, by what they are."""
    folder = tmp_path_factory.mktemp("several")
    series: dict[int, list[tuple[dict[str, Any], bool]]] = {2: [], 4: []}
    for count, strategies in ((2, STRATEGIES), (4, ("ddp", "fsdp2"))):
        for strategy in strategies:
            by = {"devices__strategy": strategy, "devices__processes": count}
            given = values(data, folder / f"{strategy} {count}", **{**SAME, **by, "checkpoint__every": 3})
            series[count].append((given, True))
            if count == 2 and strategy != "zero2":
                given = values(data, folder / f"{strategy} adapter", base=str(base), **WITH_ADAPTER, **by)
                series[count].append((given, False))
    for count, runs in series.items():
        done = started(count, ["-c", SERIES, json.dumps([runs, SMALLEST])])
        assert done.returncode == 0, done.stderr[-5000:]
    return {path.name: RunFolder(path) for path in folder.iterdir()}


@pytest.mark.parametrize("which", ["ddp 2", "fsdp2 2", "zero2 2", "zero3 2", "ddp 4", "fsdp2 4"])
def test_as_one_process_and_on_from_a_checkpoint(which: str, alone: RunFolder, several: dict[str, RunFolder]) -> None:
    strategy, count = which.split()
    if strategy not in STRATEGIES:
        pytest.skip("DeepSpeed is not installed")
    found = several[which]
    assert losses(found) == pytest.approx(losses(alone), abs=TOLERANCE)
    assert dev_losses(found) == pytest.approx(dev_losses(alone), abs=1e-4)
    assert far(weights(found.model), weights(alone.model)) < 0.01
    # They say that they are so many.
    assert f'"processes": {count}' in (found.path / "run.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2", "zero3"])
def test_an_adapter_as_by_one_process(
    strategy: str, alone_with_adapter: RunFolder, several: dict[str, RunFolder]
) -> None:
    if strategy not in STRATEGIES:
        pytest.skip("DeepSpeed is not installed")
    found = several[f"{strategy} adapter"]
    assert losses(found) == pytest.approx(losses(alone_with_adapter), abs=TOLERANCE)
    assert weights(found.model).keys() == weights(alone_with_adapter.model).keys()


def test_killed_all_go_on(data: Path, alone: RunFolder, tmp_path: Path) -> None:
    given = values(data, tmp_path / "run", **SAME, devices__strategy="fsdp2", checkpoint__keep=9)
    given["checkpoint"]["every"] = 3
    # Only one of them is killed; the others would wait for it for ever.
    assert launch(2, given, before=AMID_STEP).returncode != 0
    found = RunFolder(tmp_path / "run")
    assert [path.name for path in checkpoints.find(found.checkpoints)] == ["step-000003"]
    done = launch(2, given, resume=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(found) == pytest.approx(losses(alone), abs=TOLERANCE)


AMID_STEP = """
import os, signal
from shishen.training.loop import Loop
whole = Loop._step
def half(self, n):
    if n == 4 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, n)
Loop._step = half
"""


def test_a_fault_of_the_first_ends_all(data: Path, tmp_path: Path) -> None:
    faulty: dict[str, Callable[[], dict[str, Any]]] = {
        "数据里没有可以学的": lambda: values(
            write_dataset(tmp_path / "empty", [], []), tmp_path / "a", batch__accumulation=2
        ),
        "已经有一次训练": lambda: values(data, taken(data, tmp_path / "c"), batch__accumulation=2),
        "有的会闲着": lambda: values(data, tmp_path / "d", batch__accumulation=1),
    }
    for words, make in faulty.items():
        begin = time.monotonic()
        done = launch(2, make())
        assert done.returncode != 0
        assert words in done.stderr
        assert time.monotonic() - begin < 60


def taken(data: Path, output: Path) -> Path:
    """An output that holds a run already."""
    return run(settings(data, output, steps=1)).path


def test_a_disk_that_fills_ends_all(data: Path, tmp_path: Path) -> None:
    full = """
import os, resource
if os.environ["RANK"] == "0":
    from shishen.training import checkpoints
    whole = checkpoints.save
    def save(*arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        return whole(*arguments)
    checkpoints.save = save
"""
    done = launch(2, values(data, tmp_path / "run", **SAME, devices__strategy="fsdp2"), before=full)
    assert done.returncode != 0
    assert "磁盘满了" in done.stderr
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_told_to_end_all_keep_the_same_step(data: Path, several: dict[str, RunFolder], tmp_path: Path) -> None:
    # Only one of them is told, in the middle of its third step.
    told = """
import os, signal
from shishen.training.worker import Worker
whole = Worker.move
count = 0
def move(self, share):
    global count
    count += 1
    if count == 3 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGTERM)
    return whole(self, share)
Worker.move = move
"""
    given = values(data, tmp_path / "run", **SAME)
    assert launch(2, given, before=told).returncode != 0
    found = RunFolder(tmp_path / "run")
    assert [path.name for path in checkpoints.find(found.checkpoints)] == ["step-000003"]
    assert launch(2, given, resume=True).returncode == 0
    whole = several["ddp 2"]
    assert losses(found) == losses(whole)
    assert equal(weights(found.model), weights(whole.model))
