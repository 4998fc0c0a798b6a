"""The one training loop: whatever learns (`adapting.py`) on whatever devices (`worker.py`), a step at a time.

    for event in train(config, run): …

A step takes its batches, adds their gradients as shares of all tokens that are learned in the step, and moves the
weights. The order of everything follows from the seed, so that a run that was stopped goes on from its last checkpoint
as if it had not been: on the CPU with the same threads to the last bit.
"""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from msgspec import Struct
from msgspec.structs import replace

from shishen.errors import ShishenError
from shishen.local_models.chat_template import end_tokens
from shishen.local_models.generation import Sampling, answers
from shishen.local_models.loading import LocalModel, number_type
from shishen.local_models.saving import save_tokenizer
from shishen.training import checkpoints
from shishen.training.adapting import learning_parameters
from shishen.training.batches import Batch, Place, collate, plan
from shishen.training.checkpoints import CheckpointState
from shishen.training.doctor import check_batch
from shishen.training.learner import Learner, try_head_alone
from shishen.training.memory import give_back, memory_mb
from shishen.training.optimizers import rate_share
from shishen.training.preparing import Prepared
from shishen.training.processes import Processes
from shishen.training.run_config import RunConfig
from shishen.training.run_folder import Evaluated, Progress, RunFolder, Sample, whole_folder
from shishen.training.schedule import Schedule
from shishen.training.worker import Worker, own_chance, set_own_chance

# A loss that has grown so much, and so far, over its beginning does not come back.
_GROWN, _OVER = 2.0, 1.0
# Steps before a run is ended for it: a warm-up may begin with a jump.
_PATIENCE = 20
# Nor does one so many times that of guessing evenly among all tokens, at any step.
_BEYOND_GUESSING = 2.0
# Steps after which memory is given back; it takes some milliseconds.
_TIDY = 8


class Begun(Struct, frozen=True, kw_only=True):
    """What is about to be done."""

    steps: int
    from_step: int
    sequences: int
    learning: int
    parameters: int
    processes: int
    device: str


class Saved(Struct, frozen=True):
    """A checkpoint was written."""

    step: int


class Finished(Struct, frozen=True, kw_only=True):
    """The run is over: where the model is, after how many steps, why it ended."""

    step: int
    model: str
    stopped_early: bool


Event = Begun | Progress | Evaluated | Sample | Saved | Finished


class Loop:
    """A run under way. `run()` gives its events; every process of it runs the same."""

    def __init__(self, config: RunConfig, folder: RunFolder, prepared: Prepared, processes: Processes) -> None:
        self._config = config
        self._folder = folder
        self._prepared = prepared
        self._processes = processes
        self._padding = prepared.tokenizer.pad_token_id or 0
        self._schedule = Schedule(config, prepared)
        self._numbers = number_type(config.precision, processes.device)
        self.learner = Learner(prepared.model, packed=config.batch.layout == "packed")
        first = self._batch(self._schedule.step(0)[0])
        check_batch(first, prepared.tokenizer, self._schedule.step(0)[0], prepared.stores)
        try_head_alone(self.learner, first)
        self.learner.train()
        self.worker = make_worker(self.learner, config, processes, self._numbers)
        self._state = CheckpointState(step=0)
        self._saved: CheckpointState | None = None
        self._amid = False
        # Dropout is the only thing left to chance.
        torch.manual_seed(config.seed + processes.rank)

    def run(self) -> Generator[Event, None, None]:
        """The run from its last checkpoint, or from its beginning, to its end.

        Raises ShishenError where it cannot go on: a loss that is no number or runs away, a full disk, no memory. The
        last checkpoint is whole then, and so it is where the process is killed.
        """
        self._resume()
        learning, parameters = learning_parameters(self.learner)
        yield Begun(
            steps=self._schedule.steps,
            from_step=self._state.step,
            sequences=sum(len(store) for store in self._prepared.stores),
            learning=learning,
            parameters=parameters,
            processes=self._processes.count,
            device=self._processes.device,
        )
        if self._state.step:
            # It may have been stopped between a step and what belongs to it.
            yield from self._after_step(self._state.step)
        while self._state.step < self._schedule.steps and not self._stopped:
            yield self._step(self._state.step)
            yield from self._after_step(self._state.step)
        yield self._finish(self._stopped)

    def save_now(self) -> None:
        """A checkpoint of the steps done so far, where there is none yet; nothing where a step is half done."""
        if self._state.step and not self._amid and self._unsaved and not self._astray:
            self._save()

    @property
    def _stopped(self) -> bool:
        """Whether the dev loss has not become better for too long."""
        return 0 < self._config.evaluation.patience <= self._state.worse

    def _after_step(self, step: int) -> Iterator[Event]:
        """What is due after so many steps: an evaluation, a checkpoint."""
        last = step == self._schedule.steps
        if self._state.evaluated < step and (self._due(self._config.evaluation.every, step - 1) or last):
            yield from self._evaluate(step)
        due = self._due(self._config.checkpoint.every, step - 1) and not self._astray
        if (due or last or self._stopped) and self._unsaved:
            yield self._save()

    # --- steps -------------------------------------------------------------------------------------------

    def _step(self, n: int) -> Progress:
        begin = time.monotonic()
        self._amid = True
        batches = self._schedule.step(n)
        counts = [sum(self._learned(place) for place in batch) for batch in batches]
        share = 1 / max(1, sum(counts))
        rounds = math.ceil(len(batches) / self._processes.count)
        total = torch.zeros((), dtype=torch.float64)
        tokens = 0
        for turn in range(rounds):
            mine = turn * self._processes.count + self._processes.rank
            # Who has no batch left works on the first one for nothing: the others wait for it in every layer.
            batch = self._batch(batches[mine] if mine < len(batches) else batches[0])
            idle = mine >= len(batches)
            loss = self.worker.learn(batch, 0.0 if idle else share, last=turn + 1 == rounds)
            if not idle:
                total += loss.double().cpu()
                tokens += batch.tokens
        mean = self.worker.summed(float(total)) * share
        self._check(n + 1, mean)
        part = rate_share(n, self._schedule.steps, self._config.optimizer)
        norm = self.worker.move(part)
        if not math.isfinite(norm) and self._numbers != torch.float16:
            raise self._lost(n + 1, "梯度不是数字了")
        smoothed = mean if self._state.smoothed_loss is None else 0.9 * self._state.smoothed_loss + 0.1 * mean
        first = mean if self._state.first_loss is None else self._state.first_loss
        self._state = replace(self._state, step=n + 1, first_loss=first, smoothed_loss=smoothed)
        self._amid = False
        progress = Progress(
            step=n + 1,
            epoch=round(self._schedule.epoch(n), 4),
            loss=mean,
            rate=part * self._config.optimizer.learning_rate,
            gradient_norm=norm,
            tokens=int(self.worker.summed(tokens)),
            learned=sum(counts),
            seconds=round(time.monotonic() - begin, 4),
            memory_mb=memory_mb(self._processes.device),
        )
        self._note(progress)
        if (n + 1) % _TIDY == 0 and self._processes.device == "cpu":
            give_back()
        return progress

    def _check(self, step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise self._lost(step, "损失不是数字了（NaN）")
        first = loss if self._state.first_loss is None else self._state.first_loss
        guessing = math.log(max(2, len(self._prepared.tokenizer)))
        beyond = loss > _BEYOND_GUESSING * max(first, guessing)
        # Checked before the weights are moved once more, and once at the end of a run that is shorter than that.
        late = step > _PATIENCE or step == self._schedule.steps
        if beyond or (late and self._astray):
            raise self._lost(step, f"损失从 {first:.2f} 涨到了 {loss:.2f}，学散了")

    @property
    def _astray(self) -> bool:
        """Whether the loss is so far over its beginning that nothing of this should be kept."""
        first, smoothed = self._state.first_loss, self._state.smoothed_loss
        return first is not None and smoothed is not None and smoothed > first * _GROWN + _OVER

    def _lost(self, step: int, what: str) -> ShishenError:
        kept = checkpoints.find(self._folder.checkpoints)
        where = f"最后的检查点是 {kept[-1]}" if kept else "没有检查点"
        if step == 1:
            # Nothing was moved yet.
            return ShishenError(f"第 1 步{what}，停下了；底座的权重里多半有坏的数字，或 precision 不够（试试 fp32）。")
        rate = self._config.optimizer.learning_rate
        again = f"，如 shishen train --resume {self._folder.path} --learning-rate {rate / 10:g}" if kept else ""
        return ShishenError(f"第 {step} 步{what}，停下了；{where}。请把学习率（现在 {rate:g}）调小{again}。")

    def _batch(self, places: Sequence[Place]) -> Batch:
        batch = collate(places, self._prepared.stores, self._config.batch.layout, self._padding)
        return _on_device(batch, self._processes.device)

    def _learned(self, place: Place) -> int:
        store, n = place
        return int(self._counts[store][n])

    @cached_property
    def _counts(self) -> list[Any]:
        """Of each store, the learned tokens of each sequence."""
        return [store.learned_counts for store in self._prepared.stores]

    def _due(self, every: int, n: int) -> bool:
        return (n + 1) % every == 0 if every else self._schedule.ends_epoch(n)

    def _note(self, line: Progress | Evaluated) -> None:
        if self._processes.first:
            self._folder.note(line)

    # --- evaluation --------------------------------------------------------------------------------------

    def _evaluate(self, step: int) -> Iterator[Event]:
        self.learner.eval()
        # The numbers of chance go on where they were, whatever is drawn here, and wherever this is left.
        chance = own_chance(self._processes)
        try:
            yield from self._measure(step)
        finally:
            set_own_chance(chance)
            self.learner.train()
        self._processes.wait()

    def _measure(self, step: int) -> Iterator[Event]:
        """The dev loss, a checkpoint where it is the best so far, and some answers."""
        self._state = replace(self._state, evaluated=step)
        if self._prepared.dev is not None and len(self._prepared.dev):
            loss = self._dev_loss()
            better = self._state.best_loss is None or loss < self._state.best_loss
            self._state = (
                replace(self._state, best_loss=loss, best_step=step, worse=0)
                if better
                else replace(self._state, worse=self._state.worse + 1)
            )
            evaluated = Evaluated(step=step, dev_loss=loss, best=better)
            self._note(evaluated)
            yield evaluated
            if better and self._config.evaluation.patience:
                yield self._save()
        if self._processes.first and self.worker.whole:
            yield from self._sample(step)

    def _dev_loss(self) -> float:
        """The mean over all learned tokens of the dev examples; every process measures all of them."""
        dev = self._prepared.dev
        assert dev is not None
        places = [(0, n) for n in range(len(dev))]
        total, count = 0.0, 0
        for step in plan(places, [dev.lengths], self._config.batch, 0, 0):
            for batch_places in step:
                batch = _on_device(
                    collate(batch_places, [dev], self._config.batch.layout, self._padding), self._processes.device
                )
                total += float(self.worker.loss(batch))
                count += len(batch.targets)
        return total / max(1, count)

    def _sample(self, step: int) -> Iterator[Sample]:
        examples = self._prepared.samples
        if not examples:
            return
        local = LocalModel(
            folder=self._prepared.base,
            model=self.learner.model,
            tokenizer=self._prepared.tokenizer,
            ends=end_tokens(self._prepared.tokenizer, self.learner.model.generation_config),
        )
        sampling = Sampling(longest=self._config.evaluation.longest_answer)
        prompts = [example.messages[:-1] for example in examples]
        for example, said in zip(examples, answers(local, prompts, sampling), strict=True):
            sample = Sample(
                step=step,
                question=example.messages[-2].content,
                expected=example.messages[-1].content,
                answer=said.text,
                ended=said.ended,
            )
            self._folder.note_sample(sample)
            yield sample

    # --- checkpoints -------------------------------------------------------------------------------------

    @property
    def _unsaved(self) -> bool:
        return self._saved != self._state

    def _save(self) -> Saved:
        checkpoints.save(self._folder.checkpoints, self._state, self.worker, self._processes)
        if self._processes.first:
            checkpoints.prune(self._folder.checkpoints, self._config.checkpoint.keep, self._state.best_step)
        self._saved = self._state
        return Saved(self._state.step)

    def _resume(self) -> None:
        found = checkpoints.find(self._folder.checkpoints)
        if self._processes.first:
            self._folder.forget_after(int(found[-1].name.partition("-")[2]) if found else 0)
        if found:
            self._state = self._saved = checkpoints.restore(found[-1], self.worker)
            for n in range(self._state.step):
                self._schedule.step(n)
        self._processes.wait()

    def _finish(self, stopped: bool) -> Finished:
        """The model that came of it into `model/`: the best where the run looked for it, else the last."""
        step = self._state.step
        best = self._state.best_step if self._config.evaluation.patience else 0
        place = self._folder.checkpoints / f"step-{best:06d}"
        if best and best != step and place.is_dir():
            checkpoints.restore(place, self.worker)
            step = best
        weights = self.worker.weights()
        if self._processes.first:
            with whole_folder(self._folder.model) as folder:
                self._write_model(weights, folder)
                save_tokenizer(self._prepared.tokenizer, folder)
        self._processes.wait()
        return Finished(step=step, model=str(self._folder.model), stopped_early=stopped)

    def _write_model(self, weights: dict[str, Any], folder: Any) -> None:
        model = self.learner.model
        # Whoever loads it is to stop where it was taught to.
        model.generation_config.eos_token_id = sorted(end_tokens(self._prepared.tokenizer, model.generation_config))
        if self._config.method == "full":
            tied = getattr(model, "_tied_weights_keys", None) or {}
            whole = {name: w for name, w in weights.items() if name not in tied or not model.config.tie_word_embeddings}
            model.save_pretrained(str(folder), state_dict=whole)
        else:
            # peft names what it keeps in its own way, whatever wrapped it.
            model.save_pretrained(str(folder), state_dict=weights, save_embedding_layers=False)


def make_worker(learner: Learner, config: RunConfig, processes: Processes, numbers: torch.dtype) -> Worker:
    """The worker for a strategy."""
    if config.devices.strategy in ("zero2", "zero3"):
        from shishen.training.deepspeed_worker import DeepSpeedWorker

        return DeepSpeedWorker(learner, config, processes, numbers)
    return Worker(learner, config, processes, numbers)


def _on_device(batch: Batch, device: str) -> Batch:
    if device == "cpu":
        return batch
    moved = {
        name: getattr(batch, name).to(device, non_blocking=True) for name in ("ids", "positions", "chosen", "targets")
    }
    return replace(batch, **moved)
