"""Right dish first? Measures the search over labelled questions, and sweeps the threshold.

    python -m benchmarks.retrieval                            # the questions that were worked on
    python -m benchmarks.retrieval tests/data/questions/howtocook_held_out.jsonl --show
    python -m benchmarks.retrieval --sweep                    # where the threshold comes from

The library is HowToCook's, read into a temporary home. A question is right where the first dish is one of those
expected, and for a dish that does not exist where the answer is refused.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from msgspec import Struct

from shishen.kitchen import Kitchen, open_kitchen
from shishen.retriever import Retriever

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
QUESTIONS = ROOT / "tests" / "data" / "questions" / "howtocook_dev.jsonl"


class Question(Struct, frozen=True):
    """A labelled question; `expected` is empty for a dish that the library does not have."""

    question: str
    kind: str
    expected: list[str]


class Verdict(Struct, frozen=True):
    """What the search made of a question."""

    asked: Question
    best: str
    score: float
    answered: bool
    milliseconds: float

    @property
    def right(self) -> bool:
        """Answered with an expected dish, or refused where there is none."""
        return self.best in self.asked.expected if self.answered else not self.asked.expected


def load(path: Path) -> list[Question]:
    """The labelled questions of a file."""
    return [Question(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def judge(retriever: Retriever, asked: Question) -> Verdict:
    """Ask one question."""
    start = time.perf_counter()
    resolution = retriever.resolve(asked.question)
    spent = (time.perf_counter() - start) * 1000
    first = next(iter((*resolution.hits, *resolution.neighbours)), None)
    return Verdict(asked, first.name if first else "", first.score if first else 0.0, bool(resolution.hits), spent)


def report(verdicts: list[Verdict], show: bool) -> None:
    """Print accuracy by kind, refusals, and times."""
    by_kind: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_kind[verdict.asked.kind].append(verdict)
    for kind, group in by_kind.items():
        right = sum(v.right for v in group)
        print(f"{kind:<12} {right:>4}/{len(group):<4} {right / len(group):7.1%}")
        if show:
            for v in group:
                if not v.right:
                    said = f"{v.best} {v.score:.3f}{'' if v.answered else ' (refused)'}"
                    print(f"    {v.asked.question} → {said}, expected {v.asked.expected}")
    plain = [v for v in verdicts if v.asked.kind in ("exact", "phrased", "traditional")]
    fuzzy = [v for v in verdicts if v.asked.kind in ("alias", "pinyin", "homophone", "typo")]
    real = [v for v in verdicts if v.asked.expected]
    none = [v for v in verdicts if not v.asked.expected]
    for name, group in (
        ("exact+phrased+traditional", plain),
        ("alias+pinyin+homophone+typo", fuzzy),
        ("nonexistent refused", none),
    ):
        if group:
            print(f"{name:<30} {sum(v.right for v in group) / len(group):.1%}")
    if real:
        print(f"{'real ones refused':<30} {sum(not v.answered for v in real) / len(real):.1%}")
    times = sorted(v.milliseconds for v in verdicts)
    p95 = times[int(len(times) * 0.95)]
    print(f"search ms: median {statistics.median(times):.1f}, p95 {p95:.1f}, greatest {times[-1]:.1f}")


def sweep(kitchen: Kitchen, asked: list[Question]) -> None:
    """Print for each threshold the share of right answers to real dishes and of refusals to others."""
    retriever = Retriever(kitchen.library, kitchen.index, kitchen.retriever._reranker, threshold=0.0)
    verdicts = [judge(retriever, question) for question in asked]
    print("threshold  right  real refused  nonexistent refused")
    for step in range(60, 100, 2):
        threshold = step / 100
        real = [v for v in verdicts if v.asked.expected]
        none = [v for v in verdicts if not v.asked.expected]
        right = sum(v.best in v.asked.expected and v.score >= threshold for v in real) / len(real)
        refused = sum(v.score < threshold for v in real) / len(real)
        held = sum(v.score < threshold for v in none) / max(1, len(none))
        print(f"{threshold:9.2f} {right:6.1%} {refused:13.1%} {held:20.1%}")


def main() -> None:
    """Parse the arguments, build the library, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", type=Path, default=[QUESTIONS])
    parser.add_argument("--data", type=Path, default=DATA / "howtocook")
    parser.add_argument("--show", action="store_true", help="list what went wrong")
    parser.add_argument("--sweep", action="store_true", help="try thresholds")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"{options.data} is not there; name a HowToCook folder with --data")
    with tempfile.TemporaryDirectory() as home:
        kitchen = open_kitchen_in(Path(home))
        changes = kitchen.add(options.data)
        print(f"{changes.added} recipes")
        asked = [question for path in options.questions for question in load(path)]
        if options.sweep:
            sweep(kitchen, asked)
        else:
            report([judge(kitchen.retriever, question) for question in asked], options.show)


def open_kitchen_in(home: Path) -> Kitchen:
    """A kitchen in a folder of its own."""
    import os

    os.environ["SHISHEN_HOME"] = str(home)
    return open_kitchen()


if __name__ == "__main__":
    main()
