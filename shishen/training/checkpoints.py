"""Checkpoints of a run: a folder each, whole or not there; all that a run needs to go on as if it had not stopped.

step-000120/  weights.safetensors  what learns, by name     moments.pt  optimisers, scaler, random numbers
              state.json           step, best loss …; written last
"""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from shishen.errors import ShishenError
from shishen.training.processes import Processes
from shishen.training.run_folder import full_disk_named

if TYPE_CHECKING:
    from shishen.training.worker import Worker

_NAME = re.compile(r"step-(\d{6,})")


class CheckpointState(Struct, frozen=True, kw_only=True):
    """Where a run was: steps done, the best dev loss and its step, evaluations since without a better one.

    `evaluated` is the last step that was evaluated.
    """

    step: int
    evaluated: int = 0
    best_loss: float | None = None
    best_step: int = 0
    worse: int = 0
    first_loss: float | None = None
    smoothed_loss: float | None = None


def save(folder: Path, state: CheckpointState, worker: "Worker", processes: Processes) -> Path:
    """Write a checkpoint into the folder of checkpoints; every process of the run calls this.

    Raises ShishenError on a full disk, in all of them; the checkpoints before stay.
    """
    target = folder / f"step-{state.step:06d}"
    partial = folder / f".{target.name}.partial"
    fault = ""
    if processes.first:
        shutil.rmtree(partial, ignore_errors=True)
    processes.wait()
    try:
        with full_disk_named(target):
            partial.mkdir(parents=True, exist_ok=True)
            worker.save(partial)
            if processes.first:
                # Last: its presence means that the rest is whole.
                (partial / "state.json").write_bytes(msgspec.json.encode(state))
    except ShishenError as error:
        fault = str(error)
    fault = processes.agreed(fault)
    if processes.first:
        if fault:
            shutil.rmtree(partial, ignore_errors=True)
        else:
            before = folder / f".{target.name}.before"
            shutil.rmtree(before, ignore_errors=True)
            if target.exists():
                target.rename(before)
            partial.rename(target)
            shutil.rmtree(before, ignore_errors=True)
    if fault:
        raise ShishenError(fault)
    processes.wait()
    return target


def find(folder: Path) -> list[Path]:
    """Every whole checkpoint, oldest first."""
    found = [path for path in folder.glob("step-*") if _NAME.fullmatch(path.name) and (path / "state.json").is_file()]
    return sorted(found, key=lambda path: int(path.name.partition("-")[2]))


def restore(path: Path, worker: "Worker") -> CheckpointState:
    """Put a worker where it was when the checkpoint was written. Raises ShishenError where it is damaged."""
    try:
        state = msgspec.json.decode((path / "state.json").read_bytes(), type=CheckpointState)
        worker.restore(path)
    except Exception as error:
        # torch, zipfile and safetensors each raise their own.
        raise ShishenError(f"检查点 {path} 坏了（{type(error).__name__}）；删掉它，从前一个接着训练。") from error
    return state


def prune(folder: Path, keep: int, best_step: int) -> None:
    """Remove all but the last `keep` checkpoints and the best one."""
    for path in find(folder)[:-keep]:
        if path.name != f"step-{best_step:06d}":
            shutil.rmtree(path, ignore_errors=True)
