"""The processes of a run: one, or as many as torchrun started, each with its device; counted, never assumed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from shishen.errors import ShishenError
from shishen.local_models.loading import best_device
from shishen.training.run_config import DeviceTable


class Processes(Struct, frozen=True):
    """This process among those of the run: its rank from 0, how many there are, the device it works on."""

    rank: int
    count: int
    device: str

    @property
    def first(self) -> bool:
        """Whether this one writes and speaks for all."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all have come here."""
        if self.count > 1:
            import torch.distributed as distributed

            distributed.barrier()

    def anywhere(self, flag: bool) -> bool:
        """Whether it is so in any process. Waits for all."""
        return bool(self.agreed("1" if flag else ""))

    def agreed(self, fault: str) -> str:
        """The first fault that any process has, in all of them; '' where none has one. Waits for all."""
        if self.count == 1:
            return fault
        import torch.distributed as distributed

        faults = [""] * self.count
        distributed.all_gather_object(faults, fault)
        return next((found for found in faults if found), "")


@contextmanager
def processes(table: DeviceTable) -> Iterator[Processes]:
    """Join the others, and leave them at the end.

    Raises ShishenError where there are not as many as there must be: a launcher that starts one process in silence
    where several were asked for would train on a part of the batch.
    """
    import torch
    import torch.distributed as distributed

    count = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if table.processes and table.processes != count:
        raise ShishenError(
            f"devices.processes = {table.processes}，而启动了 {count} 个进程；"
            f"请用 torchrun --nproc_per_node {table.processes} -m shishen train …"
        )
    if table.strategy != "ddp" and count == 1:
        raise ShishenError(
            f"devices.strategy = {table.strategy} 要多个进程；"
            "请用 torchrun --nproc_per_node 2 -m shishen train …，或改成 ddp。"
        )
    device = best_device() if table.device == "auto" else table.device
    if device == "cuda" and count > 1:
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ShishenError(f"这台机器没有 devices.device = {table.device} 这样的设备；请改成 auto 或 cpu。") from error
    if table.threads:
        torch.set_num_threads(table.threads)
    if count == 1:
        yield Processes(0, 1, device)
        return
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        if distributed.get_world_size() != count:
            raise ShishenError(f"说好 {count} 个进程，连上了 {distributed.get_world_size()} 个。")
        yield Processes(rank, count, device)
    finally:
        distributed.destroy_process_group()
