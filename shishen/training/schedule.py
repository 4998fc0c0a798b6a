"""Which batches each step of a run has, epoch after epoch; it follows from the data's lengths and the seed alone."""

import math

from shishen.training.batches import Place, epoch_places, plan
from shishen.training.preparing import Prepared
from shishen.training.run_config import RunConfig


class Schedule:
    """The steps of a run; an epoch is planned when it is reached."""

    def __init__(self, config: RunConfig, prepared: Prepared) -> None:
        self._config = config
        self._sizes = [len(store) for store in prepared.stores]
        self._lengths = [store.lengths for store in prepared.stores]
        self._epoch, self._plan = -1, list[list[list[Place]]]()
        self._first_of_epoch = 0
        self._begin(0)
        self.per_epoch = len(self._plan)
        self.steps = config.steps or max(1, math.ceil(config.epochs * self.per_epoch))

    def _begin(self, epoch: int) -> None:
        self._first_of_epoch = 0 if epoch == 0 else self._first_of_epoch + len(self._plan)
        self._epoch = epoch
        share = self._config.replay.share if len(self._sizes) > 1 else 0.0
        places = epoch_places(self._sizes, share, self._config.seed, epoch)
        self._plan = plan(places, self._lengths, self._config.batch, self._config.seed, epoch)

    def step(self, n: int) -> list[list[Place]]:
        """The batches of the n-th step, from 0; steps are asked for in order."""
        while n >= self._first_of_epoch + len(self._plan):
            self._begin(self._epoch + 1)
        return self._plan[n - self._first_of_epoch]

    def ends_epoch(self, n: int) -> bool:
        """Whether the n-th step is the last of its epoch."""
        return n + 1 == self._first_of_epoch + len(self._plan)

    def epoch(self, n: int) -> float:
        """Epochs done after the n-th step."""
        return self._epoch + (n + 1 - self._first_of_epoch) / len(self._plan)
