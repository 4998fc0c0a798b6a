"""Near-duplicate clusters: how they agree with exact Jaccard and with labels, and what a corpus costs.

    python -m benchmarks.near_duplicates                      # agreement, on HowToCook and the 1,000 of XiaChuFang
    python -m benchmarks.near_duplicates --corpus corpus.jsonl # seconds and peak memory, made by make_corpus.py

Labels were set before anything was tuned: a recipe with other amounts, other punctuation, a decorated title, one word
swapped, a step left out (of six or more) or a closing line added is the same recipe; one with half of its steps from
elsewhere, or another recipe under its name, is not.
"""

import argparse
import ast
import json
import random
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from msgspec import Struct

from shishen.training.quality.characters import characters_of, grams_of
from shishen.training.quality.clusters import THRESHOLD, cluster
from shishen.training.quality.minhash import SHINGLE, Signatures

SHARED = Path(__file__).parent.parent.parent / "shared"
SWAPS = (("西红柿", "番茄"), ("土豆", "马铃薯"), ("酱油", "生抽"), ("翻炒", "煸炒"), ("适量", "少许"), ("放入", "加入"))
Pairs = set[tuple[int, int]]


class Body(Struct, frozen=True):
    """A recipe in three parts."""

    title: str
    ingredients: list[str]
    steps: list[str]

    @property
    def text(self) -> str:
        return "\n".join([self.title, *self.ingredients, *self.steps])


def bodies() -> list[Body]:
    """The 1,000 of XiaChuFang and HowToCook's dishes."""
    found = []
    for row in json.loads((SHARED / "data/xiachufang/tran_dataset_1000.json").read_text(encoding="utf-8")):
        turn = row["conversation"][0]
        ingredients, steps = re.findall(r"^(\[.*\])$", turn["output"], flags=re.M)
        found.append(Body(turn["input"], ast.literal_eval(ingredients), ast.literal_eval(steps)))
    for path in sorted((SHARED / "data/howtocook/dishes").rglob("*.md")):
        lines = path.read_text(encoding="utf-8").partition("\n如果您遵循")[0].splitlines()
        steps = [line for line in lines if re.match(r"\d+\.|\s*- ", line)]
        if "template" not in path.parts and len(steps) > 3:
            found.append(Body(lines[0].lstrip("# "), steps[: len(steps) // 3], steps[len(steps) // 3 :]))
    return found


def _amounts(body: Body, rng: random.Random, _: Body) -> Body:
    changed = [re.sub(r"\d+", lambda m: str(int(m[0]) + rng.randrange(1, 60)), t) for t in body.ingredients]
    return Body(body.title, changed, body.steps)


def _punctuation(body: Body, _: random.Random, __: Body) -> Body:
    return Body(body.title, body.ingredients, [s.replace("，", ", ").replace("。", "！\n") for s in body.steps])


def _title(body: Body, rng: random.Random, _: Body) -> Body:
    return Body(rng.choice(("快手", "【下饭菜】", "妈妈牌")) + body.title + "（附步骤）", body.ingredients, body.steps)


def _word(body: Body, rng: random.Random, _: Body) -> Body:
    there = [swap for swap in SWAPS if swap[0] in body.text]
    old, new = rng.choice(there or [SWAPS[0]])
    return Body(body.title, [t.replace(old, new) for t in body.ingredients], [s.replace(old, new) for s in body.steps])


def _step_left_out(body: Body, rng: random.Random, _: Body) -> Body:
    if len(body.steps) < 6:
        return body
    place = rng.randrange(len(body.steps))
    return Body(body.title, body.ingredients, body.steps[:place] + body.steps[place + 1 :])


def _closing(body: Body, _: random.Random, __: Body) -> Body:
    return Body(body.title, body.ingredients, [*body.steps, "好啦，开吃啦！"])


def _half_elsewhere(body: Body, _: random.Random, other: Body) -> Body:
    half = len(body.steps) // 2
    return Body(body.title, body.ingredients, body.steps[:half] + other.steps[len(other.steps) // 2 :])


def _other_under_its_name(body: Body, _: random.Random, other: Body) -> Body:
    return Body(body.title, other.ingredients, other.steps)


Edit = Callable[[Body, random.Random, Body], Body]
SAME: dict[str, Edit] = {
    "amounts": _amounts,
    "punctuation": _punctuation,
    "title": _title,
    "one word": _word,
    "a step less": _step_left_out,
    "a closing line": _closing,
}
OTHER: dict[str, Edit] = {"half from elsewhere": _half_elsewhere, "other under its name": _other_under_its_name}


def similar_pairs(texts: list[str], threshold: float) -> tuple[Pairs, Callable[[int, int], float]]:
    """All pairs of exact Jaccard similarity `threshold` or more, and that similarity as a function."""
    grams = grams_of(characters_of(texts, numbers=True), SHINGLE, short=True)
    sets = [np.unique(grams.hashes[grams.texts == number]) for number in range(len(texts))]
    holders: dict[int, list[int]] = {}
    for number, members in enumerate(sets):
        for value in members.tolist():
            holders.setdefault(value, []).append(number)
    found: Pairs = set()
    for number, members in enumerate(sets):
        common = np.bincount([o for value in members.tolist() for o in holders[value]], minlength=len(texts))
        for other in np.flatnonzero(common):
            if other > number:
                union = len(members) + len(sets[other]) - common[other]
                if common[other] / union >= threshold:
                    found.add((number, int(other)))

    def exact(left: int, right: int) -> float:
        common = len(np.intersect1d(sets[left], sets[right], assume_unique=True))
        return common / max(len(sets[left]) + len(sets[right]) - common, 1)

    return found, exact


def together(clusters: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Pairs:
    """All pairs of one cluster."""
    members: dict[int, list[int]] = {}
    for number, name in enumerate(clusters.tolist()):
        members.setdefault(name, []).append(number)
    return {pair for group in members.values() for pair in combinations(group, 2)}


def chained(count: int, pairs: Pairs) -> Pairs:
    """All pairs that a chain of pairs joins."""
    names = np.arange(count)
    for left, right in sorted(pairs):
        if names[left] != names[right]:
            names[names == max(names[left], names[right])] = min(names[left], names[right])
    return together(names)


def agreement(seed: int, thresholds: list[float]) -> None:
    """Print precision and recall against exact Jaccard, and what each edit comes to."""
    rng = random.Random(seed)
    kept = rng.sample(bodies(), 300)
    texts = [body.text for body in kept]
    labelled: list[tuple[str, bool, int, int]] = []
    for same, edits in ((True, SAME), (False, OTHER)):
        for name, edit in edits.items():
            for number, body in enumerate(kept):
                changed = edit(body, rng, kept[rng.randrange(len(kept))])
                if changed != body and len(changed.steps) > 1:
                    labelled.append((name, same, number, len(texts)))
                    texts.append(changed.text)
    print(f"{len(texts)} texts, {len(labelled)} labelled pairs")
    for threshold in thresholds:
        with tempfile.TemporaryDirectory() as folder, Signatures(Path(folder)) as signatures:
            signatures.add(texts)
            clusters = cluster(signatures, threshold)
        found = together(clusters)
        direct, exact = similar_pairs(texts, threshold)
        wanted = chained(len(texts), direct)
        print(f"\nthreshold {threshold}: {len(found):,} pairs found, {len(wanted):,} by exact Jaccard (chained)")
        print(
            f"  precision {len(found & wanted) / max(len(found), 1):.4f}"
            f"  recall {len(found & wanted) / len(wanted):.4f}"
            f"  recall of direct pairs {len(found & direct) / len(direct):.4f}"
        )
        for name, same in [*((n, True) for n in SAME), *((n, False) for n in OTHER)]:
            pairs = [(left, right) for label, _, left, right in labelled if label == name]
            joined = sum(clusters[left] == clusters[right] for left, right in pairs)
            likeness = np.median([exact(left, right) for left, right in pairs])
            print(
                f"  {name:<22} {'same ' if same else 'other'} joined {joined / len(pairs):6.1%}"
                f"  median Jaccard {likeness:.2f}"
            )


def corpus_texts(path: Path) -> Iterator[str]:
    """Names, ingredients and steps of a corpus, a line at a time."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            yield "\n".join([row["name"], *row["recipeIngredient"], *row["recipeInstructions"]])


def cost(path: Path) -> None:
    """Print seconds and peak memory of both halves."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, Signatures(Path(folder)) as signatures:
        signatures.add(corpus_texts(path))
        signed = time.perf_counter()
        print(
            f"{len(signatures):,} signatures: {signed - start:.1f} s with reading, peak {_peak():,.0f} MB", flush=True
        )
        clusters = cluster(signatures)
        sizes = np.bincount(np.unique(clusters, return_inverse=True)[1])
        size = sum(p.stat().st_size for p in Path(folder).iterdir()) / 1e6
    print(f"clusters: {time.perf_counter() - signed:.1f} s, peak {_peak():,.0f} MB, on disk {size:,.0f} MB")
    print(f"{len(sizes):,} clusters, the largest of {sizes.max():,}, {np.count_nonzero(sizes == 1):,} of one")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threshold", type=float, nargs="*", default=[THRESHOLD])
    options = parser.parse_args()
    if options.corpus:
        cost(options.corpus)
    else:
        agreement(options.seed, options.threshold)


if __name__ == "__main__":
    main()
