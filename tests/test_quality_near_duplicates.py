"""Near duplicates: of the same dish told again the first is kept; what differs in name or in words stays."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shishen.training.quality.clusters import cluster
from shishen.training.quality.minhash import Signatures, likeness
from shishen.training.quality.near_duplicates import THRESHOLD, near_duplicates

HOUSE = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent.parent / "shishen" / "cookbook").glob("*.md"))
]


def standing_of(folder: Path, texts: list[str], dishes: list[int]) -> list[int]:
    with Signatures(folder) as signatures:
        signatures.add(texts)
        return list(map(int, near_duplicates(signatures, cluster(signatures), np.array(dishes, np.int64))))


def test_amounts_and_punctuation_make_no_other_dish_but_a_name_does(tmp_path: Path) -> None:
    texts = [*HOUSE, *(text.replace("，", ", ").replace("15 克", "25 克") for text in HOUSE)]
    count = len(HOUSE)
    numbers = list(range(count))
    assert standing_of(tmp_path / "same", texts, [*numbers, *numbers]) == [*numbers, *numbers]
    assert standing_of(tmp_path / "other", texts, [*numbers, *(n + count for n in numbers)]) == list(range(2 * count))


def test_half_of_another_recipe_is_another(tmp_path: Path) -> None:
    mixed = [a[: len(a) // 2] + b[len(b) // 2 :] for a, b in zip(HOUSE, [*HOUSE[1:], HOUSE[0]], strict=True)]
    texts = [*HOUSE, *mixed]
    assert standing_of(tmp_path, texts, [0] * len(texts)) == list(range(len(texts)))


def test_texts_without_a_letter_are_not_alike(tmp_path: Path) -> None:
    assert standing_of(tmp_path, ["", "。", HOUSE[0], "", HOUSE[0]], [1] * 5) == [0, 1, 2, 3, 2]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 1)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_who_is_left_out_is_near_to_one_that_is_kept(
    tmp_path_factory: pytest.TempPathFactory, documents: list[tuple[int, int, int]]
) -> None:
    """In chains as well: each text loses a little more of its end than the one before."""
    texts = [HOUSE[body][: len(HOUSE[body]) - 12 * cut] for body, cut, _ in documents]
    dishes = [dish for _, _, dish in documents]
    with Signatures(tmp_path_factory.mktemp("signatures")) as signatures:
        signatures.add(texts)
        table, clusters = signatures.table(), cluster(signatures)
        standing = near_duplicates(signatures, clusters, np.array(dishes, np.int64))
        again = near_duplicates(signatures, clusters, np.array(dishes, np.int64))
    assert standing.tolist() == again.tolist()

    def alike(one: int, other: int) -> bool:
        return bool(likeness(table, np.array([one]), np.array([other]))[0] >= THRESHOLD)

    kept: list[int] = []
    for number, stands in enumerate(standing.tolist()):
        # The same by plain means: the first of those kept before that is of the dish and near enough.
        before = [k for k in kept if dishes[k] == dishes[number] and alike(k, number)]
        assert stands == (before[0] if before else number)
        if stands == number:
            kept.append(number)
