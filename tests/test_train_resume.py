"""Runs that are killed, told to end, or left: what goes on from them has the losses and weights of one that was not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from shishen.errors import ShishenError
from shishen.stages.train import train
from shishen.training import checkpoints
from shishen.training.run_folder import Evaluated, Progress, RunFolder, Sample
from shishen.training.worker import Worker
from tests.training_samples import (
    ROOT,
    dev_losses,
    equal,
    losses,
    quiet_environment,
    run,
    settings,
    smallest,
    start,
    values,
    weights,
    write_dataset,
)

STEPS = 10
OFTEN = {"steps": STEPS, "checkpoint__every": 3, "evaluation__every": 4}
# Kills itself in the middle of the n-th checkpoint, when some of its files are there.
AMID_CHECKPOINT = """
import os, signal
from shishen.training.worker import Worker
whole = Worker.save
count = 0
def half(self, folder):
    global count
    count += 1
    whole(self, folder)
    if count == {n}:
        moments = folder / "moments.pt"
        os.truncate(moments, moments.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
Worker.save = half
"""
# Kills itself between forward and backward, and in the middle of the data.
AMID_STEP = """
import os, signal
from shishen.training.worker import Worker
whole = Worker.move
count = 0
def half(self, share):
    global count
    count += 1
    if count == {n}:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, share)
Worker.move = half
"""
AMID_DATA = """
import os, signal
import shishen.training.token_store as store
store._spread = lambda lengths: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def base(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(settings(data, tmp_path_factory.mktemp("base") / "run", steps=20)).model


def methods(base: Path) -> dict[str, dict[str, Any]]:
    """What differs between the runs that are killed."""
    return {
        "adamw": {"optimizer__weight_decay": 0.1},
        "muon": {"optimizer__name": "muon", "batch__layout": "packed"},
        "lora": {"base": str(base), "method": "lora", "lora__dropout": 0.2, "batch__accumulation": 2},
    }


@pytest.fixture(scope="module")
def whole(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], RunFolder]:
    """The run of a method that nobody kills."""
    done: dict[str, RunFolder] = {}

    def of(method: str) -> RunFolder:
        if method not in done:
            folder = tmp_path_factory.mktemp(method) / "run"
            done[method] = run(settings(data, folder, **OFTEN, **methods(base)[method]))
        return done[method]

    return of


def same(one: RunFolder, other: RunFolder) -> bool:
    """Whether two runs have the same losses, dev losses, weights and metrics, to the last bit."""
    steps = [[line.step for line in r.metrics() if isinstance(line, Progress)] for r in (one, other)]
    return (
        losses(one) == losses(other)
        and dev_losses(one) == dev_losses(other)
        and equal(weights(one.model), weights(other.model))
        and steps[0] == steps[1] == list(range(1, STEPS + 1))
    )


@pytest.mark.parametrize(
    ("method", "before", "kept"),
    [
        ("adamw", AMID_DATA, 0),
        ("adamw", AMID_CHECKPOINT.format(n=2), 3),
        ("muon", AMID_STEP.format(n=8), 6),
        ("muon", AMID_CHECKPOINT.format(n=1), 0),
        ("lora", AMID_STEP.format(n=2), 0),
        ("lora", AMID_STEP.format(n=5), 3),
    ],
)
def test_killed_it_goes_on_to_the_last_bit(
    method: str, before: str, kept: int, data: Path, base: Path, whole: Callable[[str], RunFolder], tmp_path: Path
) -> None:
    given = values(data, tmp_path / "run", **OFTEN, **methods(base)[method])
    process = start(given, before=before)
    _, err = process.communicate(timeout=90)
    assert process.returncode == -signal.SIGKILL, err
    left = RunFolder(tmp_path / "run")
    found = checkpoints.find(left.checkpoints)
    assert [path.name for path in found][-1:] == ([f"step-{kept:06d}"] if kept else [])
    assert not left.model.exists()
    resumed = run(settings(data, tmp_path / "run", **OFTEN, **methods(base)[method]), resume=True)
    assert same(resumed, whole(method))
    assert not list(left.checkpoints.glob(".*"))


def test_killed_by_somebody_else_and_resumed_by_the_program(
    data: Path, base: Path, whole: Callable[[str], RunFolder], tmp_path: Path
) -> None:
    process = start(values(data, tmp_path / "run", **OFTEN, **methods(base)["lora"]))
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Saved"):
            process.send_signal(signal.SIGKILL)
            break
    process.communicate(timeout=60)
    # A line of metrics may have been cut off.
    with (tmp_path / "run" / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"event":"step","step":9,"ep\xff')
    arguments = [sys.executable, "-m", "shishen", "train", "--resume", str(tmp_path / "run"), "--json"]
    done = subprocess.run(
        arguments, cwd=ROOT, env=quiet_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert same(RunFolder(tmp_path / "run"), whole("lora"))


# --- told to end, or left ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_waits_for_the_step_and_keeps_it(
    number: signal.Signals,
    data: Path,
    base: Path,
    whole: Callable[[str], RunFolder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = settings(data, tmp_path / "run", **OFTEN, **methods(base)["lora"])
    moves = 0
    move = Worker.move

    def interrupted(self: Worker, share: float) -> float:
        nonlocal moves
        moves += 1
        if moves == 5:
            # In the middle of a step: losses are computed, weights not moved yet.
            os.kill(os.getpid(), number)
        return move(self, share)

    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "move", interrupted)
        with pytest.raises(KeyboardInterrupt), smallest():
            for _ in train(config):
                pass
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    assert checkpoints.find(tmp_path / "run" / "checkpoints")[-1].name == "step-000005"
    assert same(run(config, resume=True), whole("lora"))


def test_who_asks_twice_does_not_wait(
    data: Path, whole: Callable[[str], RunFolder], base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(data, tmp_path / "run", **OFTEN, **methods(base)["adamw"])
    moves = 0
    move = Worker.move

    def interrupted(self: Worker, share: float) -> float:
        nonlocal moves
        moves += 1
        norm = move(self, share)
        if moves == 5:
            # The weights are moved, and nobody knows yet.
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return norm

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "move", interrupted)
        with pytest.raises(KeyboardInterrupt), smallest():
            for _ in train(config):
                pass
    assert checkpoints.find(tmp_path / "run" / "checkpoints")[-1].name == "step-000003"
    assert same(run(config, resume=True), whole("adamw"))


@pytest.mark.parametrize("kind", [Progress, Evaluated, Sample])
def test_left_anywhere_it_goes_on(
    kind: type, data: Path, base: Path, whole: Callable[[str], RunFolder], tmp_path: Path
) -> None:
    config = settings(data, tmp_path / "run", **OFTEN, **methods(base)["lora"], evaluation__samples=2)
    with smallest():
        events = train(config)
        for event in events:
            if isinstance(event, kind) and getattr(event, "step", 0) == 4:
                break
        events.close()  # type: ignore[attr-defined]
    assert checkpoints.find(tmp_path / "run" / "checkpoints")[-1].name == "step-000004"
    assert same(run(config, resume=True), whole("lora"))


def test_a_run_that_is_over_may_be_resumed(data: Path, tmp_path: Path) -> None:
    done = run(settings(data, tmp_path / "run"))
    before = losses(done), weights(done.model)
    again = run(settings(data, tmp_path / "run"), resume=True)
    assert losses(again) == before[0]
    assert equal(weights(again.model), before[1])


# --- what cannot be gone on from ---------------------------------------------------------------------------------


def test_a_damaged_checkpoint_is_named_and_the_one_before_goes_on(
    data: Path, base: Path, whole: Callable[[str], RunFolder], tmp_path: Path
) -> None:
    config = settings(data, tmp_path / "run", **OFTEN, **methods(base)["adamw"])
    done = run(config)
    last = checkpoints.find(done.checkpoints)[-1]
    for name in ("weights.safetensors", "moments.pt", "state.json"):
        content = (last / name).read_bytes()
        (last / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ShishenError, match=f"检查点 .*{last.name} 坏了") as fault:
            run(config, resume=True)
        assert "\n" not in str(fault.value)
        (last / name).write_bytes(content)
    # As the line says.
    for path in last.iterdir():
        path.unlink()
    last.rmdir()
    assert same(run(config, resume=True), whole("adamw"))


def test_changed_data_is_not_gone_on_with(tmp_path: Path) -> None:
    own = write_dataset(tmp_path / "data")
    config = settings(own, tmp_path / "run")
    done = run(config)
    kept = weights(checkpoints.find(done.checkpoints)[-1])
    train_file = own / "train.jsonl"
    train_file.write_bytes(train_file.read_bytes().replace("黄瓜".encode(), "西瓜".encode()))
    with pytest.raises(ShishenError, match="数据和开始时不一样"):
        run(config, resume=True)
    assert equal(weights(checkpoints.find(done.checkpoints)[-1]), kept)


def test_another_base_is_not_gone_on_with(data: Path, base: Path, tmp_path: Path) -> None:
    import shutil

    own = Path(shutil.copytree(base, tmp_path / "base"))
    config = settings(data, tmp_path / "run", base=str(own), method="lora")
    run(config)
    other = run(settings(data, tmp_path / "other", seed=5, steps=1)).model
    shutil.copy(other / "model.safetensors", own / "model.safetensors")
    with pytest.raises(ShishenError, match="底座模型和开始时不一样"):
        run(config, resume=True)
