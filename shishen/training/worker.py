"""The learner on its devices: loss and gradient of a batch, a move of the weights, all of its state out and in.

One process, several with the whole model each (DDP), or several with a part each (FSDP2, torch's `fully_shard`): the
same class, as they differ in how the model is wrapped and in nothing else. DeepSpeed has its own
(`deepspeed_worker.py`).
"""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.nn.parallel import DistributedDataParallel

from shishen.training.batches import Batch
from shishen.training.learner import Learner
from shishen.training.optimizers import optimizers, set_highest, set_rates
from shishen.training.processes import Processes
from shishen.training.run_config import RunConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

# The learner holds the model under this name.
FRONT = "model."


class Worker:
    """Moves the weights of a learner. Every process of a run calls the same methods in the same order."""

    def __init__(self, learner: Learner, config: RunConfig, processes: Processes, numbers: torch.dtype) -> None:
        self.learner = learner
        self._processes = processes
        self._table = config.optimizer
        self._autocast = numbers != torch.float32
        self._numbers = numbers
        self._kind = processes.device.partition(":")[0]
        self._wrapped: Any = learner
        if processes.count > 1 and config.devices.strategy == "fsdp2":
            _part(learner, processes)
        elif processes.count > 1:
            self._wrapped = DistributedDataParallel(learner, static_graph=config.gradient_checkpointing)
        self._optimizers = optimizers(learner, config.optimizer, fused=config.devices.strategy == "ddp")
        self._scaler = torch.amp.GradScaler(self._kind, enabled=numbers == torch.float16)

    @property
    def whole(self) -> bool:
        """Whether this process has all of the model, and can have it answer by itself."""
        return not any(hasattr(weight, "placements") for weight in self.learner.parameters())

    def loss(self, batch: Batch) -> torch.Tensor:
        """The sum of the losses of a batch's learned tokens; no gradient."""
        with torch.no_grad(), self._precision():
            return self._forward(batch).detach()

    def learn(self, batch: Batch, share: float, last: bool) -> torch.Tensor:
        """Add the gradient of a batch, its sum of losses times `share`; that sum. At the `last` of a step all meet."""
        waits = self._processes.count > 1 and not last
        apart = waits and isinstance(self._wrapped, DistributedDataParallel)
        with self._wrapped.no_sync() if apart else nullcontext():
            with self._precision():
                loss = self._forward(batch)
            # Gradients of several processes are averaged; the share is one of the sum over all.
            self._scaler.scale(loss * (share * self._processes.count)).backward()
        return loss.detach()

    def move(self, rate_share: float) -> float:
        """Move the weights by the gradients gathered, at a share of the highest rate; the gradient's norm before."""
        for optimizer in self._optimizers:
            self._scaler.unscale_(optimizer)
        norm: Any = torch.nn.utils.clip_grad_norm_(
            [p for p in self.learner.parameters() if p.grad is not None], self._table.clip or float("inf")
        )
        if hasattr(norm, "full_tensor"):
            norm = norm.full_tensor()
        set_rates(self._optimizers, rate_share)
        for optimizer in self._optimizers:
            self._scaler.step(optimizer)
        self._scaler.update()
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        return float(norm)

    def summed(self, value: float) -> float:
        """The sum of a number over all processes."""
        if self._processes.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self._processes.device)
        torch.distributed.all_reduce(total)
        return float(total)

    # --- state ---------------------------------------------------------------------------------------------

    def weights(self) -> dict[str, torch.Tensor]:
        """What learns, whole and on the CPU, by its name in the model; empty in all processes but the first."""
        found: Any = get_model_state_dict(self.learner, options=_whole())
        learning = {name for name, weight in self.learner.named_parameters() if weight.requires_grad}
        return {name.removeprefix(FRONT): weight for name, weight in found.items() if name in learning}

    def save(self, folder: Path) -> None:
        """Write weights, optimisers, scaler and random numbers; the first process does it, all of them help."""
        weights = self.weights()
        moments = {
            "optimizers": [get_optimizer_state_dict(self.learner, o, options=_whole()) for o in self._optimizers],
            "scaler": self._scaler.state_dict(),
            "chance": chance(self._processes),
        }
        if self._processes.first:
            save_file({name: weight.contiguous() for name, weight in weights.items()}, folder / "weights.safetensors")
            torch.save(moments, folder / "moments.pt")

    def restore(self, folder: Path) -> None:
        """Read what was saved; every process reads all of it."""
        weights: Any = {FRONT + name: weight for name, weight in load_file(folder / "weights.safetensors").items()}
        # Tensors and plain values only: a pickle could run anything.
        moments = torch.load(folder / "moments.pt", map_location="cpu", weights_only=True)
        set_model_state_dict(self.learner, weights, options=StateDictOptions(full_state_dict=True, strict=False))
        for optimizer, state in zip(self._optimizers, moments["optimizers"], strict=True):
            set_optimizer_state_dict(self.learner, optimizer, state, options=StateDictOptions(full_state_dict=True))
        set_highest(self._optimizers, self._table)
        if moments["scaler"]:
            self._scaler.load_state_dict(moments["scaler"])
        set_chance(moments["chance"], self._processes)

    def _forward(self, batch: Batch) -> torch.Tensor:
        loss: torch.Tensor = self._wrapped(batch.ids, batch.positions, batch.segments, batch.chosen, batch.targets)
        return loss

    def _precision(self) -> Any:
        return torch.autocast(self._kind, self._numbers, enabled=self._autocast)


def chance(processes: Processes) -> dict[str, torch.Tensor]:
    """The random numbers of each process, for dropout."""
    mine = own_chance(processes)
    if processes.count == 1:
        return {f"{kind} 0": state for kind, state in mine.items()}
    everybody: list[Any] = [None] * processes.count
    torch.distributed.all_gather_object(everybody, mine)
    return {f"{kind} {rank}": state for rank, theirs in enumerate(everybody) for kind, state in theirs.items()}


def own_chance(processes: Processes) -> dict[str, torch.Tensor]:
    """The random numbers of this process."""
    mine = {"cpu": torch.get_rng_state()}
    if processes.device.startswith("cuda"):
        mine["cuda"] = torch.cuda.get_rng_state()
    return mine


def set_own_chance(mine: "Mapping[str, torch.Tensor]") -> None:
    """Go on with the random numbers where this process was."""
    torch.set_rng_state(mine["cpu"])
    if "cuda" in mine:
        torch.cuda.set_rng_state(mine["cuda"])


def set_chance(states: "Mapping[str, torch.Tensor]", processes: Processes) -> None:
    """Go on with the random numbers where they were; a process that was not there then begins its own."""
    if f"cpu {processes.rank}" in states:
        torch.set_rng_state(states[f"cpu {processes.rank}"])
    if f"cuda {processes.rank}" in states and processes.device.startswith("cuda"):
        torch.cuda.set_rng_state(states[f"cuda {processes.rank}"])


def _whole() -> StateDictOptions:
    return StateDictOptions(full_state_dict=True, cpu_offload=True)


def _part(learner: Learner, processes: Processes) -> None:
    """Give every process a part of each layer, of the embeddings and of the head."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(processes.device.partition(":")[0], (processes.count,))
    names = set(getattr(learner.model, "_no_split_modules", None) or ())
    for part in list(learner.modules()):
        if type(part).__name__ in names:
            fully_shard(part, mesh=mesh)
    fully_shard(learner, mesh=mesh)
