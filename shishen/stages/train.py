"""Train: a dataset and a base → a run folder with the model that came of it.

    shishen train run.toml
    shishen train --resume runs/我的厨师

Loads nothing heavy until it is called. On several devices or machines every process runs the same:
`torchrun --nproc_per_node 2 -m shishen train run.toml`.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from shishen.errors import ShishenError
from shishen.local_models.loading import need_torch
from shishen.local_models.out_of_memory import out_of_memory_named
from shishen.training.run_config import RunConfig
from shishen.training.run_folder import RunFolder

# What helps without another order of the data, and so may be changed in a run that goes on, comes first.
_MEMORY = (
    "请用 --resume 接着训练并加 --set gradient_checkpointing=true；还不够就换一个 output，"
    "把 batch.tokens 或 batch.longest 调小、batch.accumulation 调大，或用 lora、qlora。检查点都在。"
)

if TYPE_CHECKING:
    from shishen.training.loop import Event
    from shishen.training.preparing import Noted


def train(config: RunConfig, *, resume: bool = False) -> Iterator["Event | Noted"]:
    """Train as a configuration says, and give what happens on the way.

    With `resume` the run in `config.output` goes on from its last checkpoint (`run_config.changed` says what may differ
    from the settings that it began with). Raises ShishenError for whatever is the
    user's to mend; the last checkpoint is whole then. Closing the iterator, or a signal to end (SIGINT, SIGTERM), keeps
    what was done so far in a checkpoint; the signal raises KeyboardInterrupt once the step under way is done.
    """
    need_torch()
    from shishen.training.loop import Finished, Loop
    from shishen.training.preparing import notes, prepare
    from shishen.training.processes import processes
    from shishen.training.provenance import check_same, provenance
    from shishen.training.run_config import anchored
    from shishen.training.run_folder import Progress
    from shishen.training.run_report import write_report
    from shishen.training.tensorboard import Board

    config = anchored(config)
    run = RunFolder(Path(config.output).expanduser())
    with processes(config.devices) as group, run.alone(group.first):
        if group.count > config.batch.accumulation > 0:
            raise ShishenError(
                f"{group.count} 个进程分一步里的 {config.batch.accumulation} 批，有的会闲着；"
                f"请设 batch.accumulation = {group.count}（或它的倍数），批小一点用 batch.tokens。"
            )
        if group.first and not resume:
            run.begin(config)
        with out_of_memory_named(_MEMORY), _ended_by_signals(alone=group.count == 1) as ending:
            prepared = prepare(config, run, group)
            if group.first:
                made = provenance(config, prepared, group)
                if resume:
                    check_same(run, made, config.devices.strategy)
                    run.write("settings.json", config)
                run.write("run.json", made)
                yield from notes(prepared, config)
            loop = Loop(config, run, prepared, group)
            events = loop.run()
            ending.waits = True
            board = Board(run.path / "tensorboard") if config.tensorboard and group.first else None
            try:
                for event in events:
                    if board:
                        board.take(event)
                    if isinstance(event, Finished):
                        if group.first:
                            write_report(run, config)
                        yield event
                        return
                    yield event
                    # All processes end after the same step; some events are the first one's alone.
                    if (group.count == 1 or isinstance(event, Progress)) and group.anywhere(ending.asked):
                        raise KeyboardInterrupt
            except (KeyboardInterrupt, GeneratorExit):
                events.close()
                with suppress(ShishenError):
                    loop.save_now()
                raise
            finally:
                if board:
                    board.close()


class _Ending:
    """Whether somebody asked for an end, and whether that waits for the step under way."""

    def __init__(self) -> None:
        self.asked = False
        self.waits = False


@contextmanager
def _ended_by_signals(*, alone: bool) -> Iterator[_Ending]:
    """Ctrl-C and a polite end (SIGTERM, as cluster managers send it) wait for the end of a step, as half of one can
    neither be kept nor gone on from; who asks a second time does not wait. Processes that work together always do."""
    ending = _Ending()

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        again, ending.asked = ending.asked, True
        if not ending.waits or (again and alone):
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
