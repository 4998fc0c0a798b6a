"""The curves of a run for TensorBoard, where somebody asks for them: `tensorboard = true`."""

from pathlib import Path
from typing import Any

from shishen.errors import ShishenError
from shishen.training.run_folder import Evaluated, Progress


class Board:
    """Writes what happens into a folder that `tensorboard --logdir` reads. Raises ShishenError without tensorboard."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ShishenError(
                "tensorboard = true 要用 tensorboard；请运行 pip install tensorboard，或去掉这一项。"
            ) from error
        self._writer: Any = SummaryWriter(str(folder))

    def take(self, event: object) -> None:
        """Note a step or an evaluation; whatever else happens is passed over."""
        if isinstance(event, Progress):
            speed = event.learned / max(event.seconds, 1e-6)
            for name, value in (
                ("loss", event.loss),
                ("learning_rate", event.rate),
                ("gradient_norm", event.gradient_norm),
                ("learned_tokens_per_second", speed),
                ("memory_mb", event.memory_mb),
            ):
                self._writer.add_scalar(f"train/{name}", value, event.step)
        elif isinstance(event, Evaluated):
            self._writer.add_scalar("dev/loss", event.dev_loss, event.step)

    def close(self) -> None:
        """Write what is still held."""
        self._writer.close()
