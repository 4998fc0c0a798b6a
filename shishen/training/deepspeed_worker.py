"""The worker by DeepSpeed: ZeRO-2 parts gradients and optimiser among the processes, ZeRO-3 the weights as well.

ZeRO: Rajbhandari and others, arXiv:1910.02054. Same calls as `worker.Worker`. The optimisers' state is saved in
DeepSpeed's own form, a file a process, so that a run goes on with as many processes as it was begun with.
"""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from shishen.errors import ShishenError
from shishen.training.batches import Batch
from shishen.training.learner import Learner
from shishen.training.optimizers import optimizers, set_highest, set_rates
from shishen.training.processes import Processes
from shishen.training.run_config import RunConfig
from shishen.training.worker import FRONT, Worker, chance, set_chance

_STATE = "deepspeed"


class DeepSpeedWorker(Worker):
    """A worker whose weights are moved by DeepSpeed. Every process calls the same methods in the same order."""

    def __init__(self, learner: Learner, config: RunConfig, processes: Processes, numbers: torch.dtype) -> None:
        # It would build and time kernels of its own, and write to the terminal.
        os.environ.setdefault("DS_ACCELERATOR", processes.device.partition(":")[0])
        try:
            import deepspeed
        except ImportError as error:
            raise ShishenError(
                "devices.strategy = zero2、zero3 要用 deepspeed；请运行 pip install 'shishen[train-large]'。"
            ) from error
        self.learner = learner
        self._processes = processes
        self._autocast = numbers != torch.float32
        self._numbers = numbers
        self._kind = processes.device.partition(":")[0]
        self._table = config.optimizer
        (optimizer,) = optimizers(learner, config.optimizer, fused=False)
        engine, moved, *_ = deepspeed.initialize(
            model=learner, optimizer=optimizer, config=settings(config, processes), dist_init_required=False
        )
        self._engine: Any = engine
        self._wrapped = engine
        self._optimizers = [moved]
        self._parted = config.devices.strategy == "zero3"
        set_highest(self._optimizers, self._table)

    @property
    def whole(self) -> bool:
        """Whether this process has all of the model, and can have it answer by itself."""
        return not self._parted

    def learn(self, batch: Batch, share: float, last: bool) -> torch.Tensor:
        """Add the gradient of a batch, its sum of losses times `share`; that sum. At the `last` of a step all meet."""
        self._engine.set_gradient_accumulation_boundary(is_boundary=last)
        with self._precision():
            loss = self._forward(batch)
        self._engine.backward(loss * (share * self._processes.count))
        return loss.detach()

    def move(self, rate_share: float) -> float:
        """Move the weights by the gradients gathered, at a share of the highest rate; the gradient's norm before."""
        set_rates(self._optimizers, rate_share)
        self._engine.step()
        return float(self._engine.get_global_grad_norm() or 0.0)

    # --- state ---------------------------------------------------------------------------------------------

    def weights(self) -> dict[str, torch.Tensor]:
        """What learns, whole and on the CPU, by its name in the model; empty in all processes but the first."""
        import deepspeed

        found = {}
        for name, weight in self.learner.named_parameters():
            if not weight.requires_grad:
                continue
            # A layer at a time: all of them together may be more than one machine holds.
            with deepspeed.zero.GatheredParameters([weight]) if self._parted else nullcontext():
                if self._processes.first:
                    found[name.removeprefix(FRONT)] = weight.detach().cpu().clone()
        return found

    def save(self, folder: Path) -> None:
        """Write DeepSpeed's own state, and what learns beside it."""
        weights = self.weights()
        # The names of the files hold the process; each writes its part.
        self._engine.save_checkpoint(str(folder), tag=_STATE, save_latest=False)
        states = chance(self._processes)
        if self._processes.first:
            save_file({name: weight.contiguous() for name, weight in weights.items()}, folder / "weights.safetensors")
            torch.save(states, folder / "chance.pt")

    def restore(self, folder: Path) -> None:
        """Read what was saved by as many processes as there are now."""
        self._engine.load_checkpoint(str(folder), tag=_STATE)
        set_highest(self._optimizers, self._table)
        set_chance(torch.load(folder / "chance.pt", map_location="cpu", weights_only=True), self._processes)


def settings(config: RunConfig, processes: Processes) -> dict[str, Any]:
    """What DeepSpeed is told. Steps and rates are ours: it is told of each move."""
    stage = 3 if config.devices.strategy == "zero3" else 2
    return {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 1,
        "train_batch_size": processes.count,
        "gradient_clipping": config.optimizer.clip,
        "zero_optimization": {
            "stage": stage,
            "overlap_comm": False,
            "contiguous_gradients": True,
            "stage3_gather_16bit_weights_on_model_save": False,
        },
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
    }
