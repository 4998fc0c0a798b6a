"""Learned tokens a second: our loop beside TRL's SFTTrainer with its defaults; same model, data and steps.

    python -m benchmarks.throughput [--epochs 1] [--rounds 2] [--trl-fp32]

The data are the dishes of the house cookbook as prompt and completion, those of more than 1,024 tokens left out, as
TRL would cut them. Both take eight examples a step, in an order of their own, and the same rates; TRL runs as it does
unless told otherwise (bf16, its own padding), with the rate, the schedule and no files written. Ours computes in bf16
where the processor has instructions for it, else in fp32; `--trl-fp32` has TRL compute in fp32. At the end both models
are measured on the same examples by the same code. The runs alternate; each figure is that of the best round, and the
losses of all rounds are shown.
"""

import argparse
import math
import tempfile
import time
from pathlib import Path
from typing import Any

from shishen.examples import Example, encode_example
from shishen.kitchen import HOUSE, Kitchen
from shishen.local_models.chat_template import encode
from shishen.local_models.folder import examine
from shishen.local_models.loading import best_device, load, load_tokenizer
from shishen.local_models.saving import save_model, save_tokenizer
from shishen.settings import Settings
from shishen.stages.dataset import BuildOptions, Built
from shishen.stages.train import train
from shishen.training.batches import collate
from shishen.training.dataset.parts import PartOptions
from shishen.training.learner import Learner
from shishen.training.preparing import examples_of
from shishen.training.run_config import build_config
from shishen.training.run_folder import Progress
from shishen.training.tiny import tiny_model, tiny_tokenizer
from shishen.training.token_store import TokenStore, write_store

EXAMPLES_A_STEP = 8
LONGEST = 1024
RATE = 1e-3
KINDS = ("recipe", "ingredients", "method", "features", "tips", "fact")


def main() -> None:
    """Make data and model, train both ways in turn, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--epochs", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--trl-fp32", action="store_true", help="fp32 instead of TRL's default, bf16")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        data, base = prepare(work)
        rows: dict[str, list[tuple[float, float, int]]] = {"shishen": [], "trl": []}
        for n in range(options.rounds):
            rows["trl"].append(by_trl(work / f"trl-{n}", data, base, options.epochs, fp32=options.trl_fp32))
            rows["shishen"].append(by_us(work / f"ours-{n}", data, base, options.epochs))
        print_table(rows)


def prepare(work: Path) -> tuple[Path, Path]:
    """(dataset folder, base folder): the house cookbook, and a small model that knows nothing."""
    kitchen = Kitchen(Settings(home=work / "home"))
    options = BuildOptions(part=PartOptions(kinds=KINDS), dev_count=0, test_count=0, workers=1)
    built = [e for e in kitchen.build_dataset(work / "all", options, paths=[HOUSE]) if isinstance(e, Built)]
    assert built
    every = [e for e in examples_of([str(work / "all")], "train") if isinstance(e, Example)]
    tokenizer = tiny_tokenizer((m.content for e in every for m in e.messages), 6144, 2048)
    base = work / "base"
    base.mkdir()
    save_model(tiny_model("5M", tokenizer, 2048, 0), base)
    save_tokenizer(tokenizer, base)
    data = work / "data"
    data.mkdir()
    with (data / "train.jsonl").open("wb") as stream:
        for example in every:
            if sum(len(s.ids) for s in encode(tokenizer, example.messages)) < LONGEST:
                stream.write(encode_example(example))
    return data, base


def by_us(output: Path, data: Path, base: Path, epochs: int) -> tuple[float, float, int]:
    """(learned tokens a second, loss at the end, steps) of our loop."""
    config = build_config(
        {
            "base": str(base),
            "data": [str(data)],
            "output": str(output),
            "epochs": epochs,
            "optimizer": {"learning_rate": RATE, "schedule": "linear", "warmup": 0.0, "beta2": 0.999},
            "batch": {
                # Eight by chance, as TRL takes them: sorted by length, a step of eight short answers would weigh as
                # much as one of eight whole recipes, and the losses could not be compared.
                "layout": "packed",
                "examples": EXAMPLES_A_STEP,
                "tokens": EXAMPLES_A_STEP * LONGEST,
                "longest": LONGEST,
            },
            "evaluation": {"every": 10**6, "samples": 0},
            "checkpoint": {"every": 10**6},
        }
    )
    steps = [event for event in train(config) if isinstance(event, Progress)]
    seconds = sum(step.seconds for step in steps)
    return sum(step.learned for step in steps) / seconds, loss_of(output / "model", data), len(steps)


def by_trl(output: Path, data: Path, base: Path, epochs: int, *, fp32: bool) -> tuple[float, float, int]:
    """The same of TRL."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    tokenizer = load_tokenizer(examine(base))
    rows: list[dict[str, Any]] = []
    learned = 0
    for example in examples_of([str(data)], "train"):
        assert isinstance(example, Example)
        turns = [{"role": m.role, "content": m.content} for m in example.messages]
        rows.append({"prompt": turns[:-1], "completion": turns[-1:]})
        learned += sum(sum(s.learned) for s in encode(tokenizer, example.messages))
    settings = SFTConfig(
        output_dir=str(output),
        num_train_epochs=epochs,
        learning_rate=RATE,
        logging_steps=10,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        # None: as it chooses by itself.
        bf16=False if fp32 else None,
        use_cpu=best_device() == "cpu",
    )
    model = AutoModelForCausalLM.from_pretrained(base)
    trainer = SFTTrainer(model=model, args=settings, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    begin = time.monotonic()
    trainer.train()
    seconds = time.monotonic() - begin
    steps = trainer.state.global_step
    assert steps == math.ceil(len(rows) / EXAMPLES_A_STEP) * epochs, "TRL took other steps than were meant"
    trainer.save_model(str(output / "model"))
    return learned * epochs / seconds, loss_of(output / "model", data), steps


def loss_of(model: Path, data: Path) -> float:
    """The mean loss of all learned tokens, in fp32, by our own batches."""
    import torch

    local = load(examine(model), precision="fp32", device="cpu")
    folder = model.parent / "measured"
    write_store(folder, examples_of([str(data)], "train"), local.tokenizer, 2 * LONGEST, "drop")
    store = TokenStore(folder)
    learner = Learner(local.model)
    order = sorted(range(len(store)), key=lambda n: int(store.lengths[n]))
    total, count = 0.0, 0
    with torch.no_grad():
        for at in range(0, len(order), 16):
            batch = collate([(0, n) for n in order[at : at + 16]], [store], "bucketed", 0)
            total += float(learner.of(batch))
            count += len(batch.targets)
    return total / count


def print_table(rows: dict[str, list[tuple[float, float, int]]]) -> None:
    """The figures as a table."""
    best = {name: max(found)[0] for name, found in rows.items()}
    print("             learned tokens/s   steps   loss at the end of each round")
    for name, found in rows.items():
        losses = ", ".join(f"{loss:.4f}" for _, loss, _ in found)
        print(f"{name:<12} {best[name]:>16,.0f} {found[0][2]:>7}   {losses}")
    print(f"ratio        {best['shishen'] / best['trl']:>16.2f}")


if __name__ == "__main__":
    main()
