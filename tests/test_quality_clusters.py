"""Near duplicates: n-grams, signatures and clusters, held against plain sets of Python."""

import re
import unicodedata
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shishen.errors import ShishenError
from shishen.training.quality.characters import characters_of, grams_of
from shishen.training.quality.clusters import cluster, rows_of_a_band
from shishen.training.quality.minhash import BINS, SHINGLE, Signatures, likeness, signatures_of

# The house cookbook, name and text of each dish.
HOUSE = [
    (path.stem, path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent.parent / "shishen" / "cookbook").glob("*.md"))
]
TEXTS = st.lists(st.text(st.sampled_from("土豆切丝炒熟，。 3两Ａa🍅\U0010ffff\n"), max_size=30), max_size=8)


def shingles(text: str) -> set[str]:
    """The shingles of a text by plain means."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
    kept = re.sub(r"[\d〇一二三四五六七八九十百千两半几]+", "0", kept)
    return {kept[n : n + SHINGLE] for n in range(max(len(kept) - SHINGLE + 1, 1))} if kept else set()


def jaccard(left: set[str], right: set[str]) -> float:
    return len(left & right) / len(left | right) if left | right else 0.0


def clusters_of(folder: Path, texts: list[str], threshold: float = 0.7) -> list[int]:
    with Signatures(folder) as signatures:
        signatures.add(texts)
        return list(map(int, cluster(signatures, threshold)))


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_grams_are_those_of_plain_python(texts: list[str]) -> None:
    grams = grams_of(characters_of(texts, numbers=True), SHINGLE, short=True)
    found = [set(grams.hashes[grams.texts == n].tolist()) for n in range(len(texts))]
    plain = [shingles(text) for text in texts]
    assert [len(f) for f in found] == [len(p) for p in plain]
    for left, right in combinations(range(len(texts)), 2):
        assert len(found[left] & found[right]) == len(plain[left] & plain[right])


def test_likeness_estimates_jaccard() -> None:
    texts = [text for _, text in HOUSE]
    texts += [text[: len(text) * 3 // 4] for text in texts] + [text + texts[0][:150] for text in texts]
    table, known = signatures_of(texts)
    assert known.all()
    pairs = np.array([(n, n + len(HOUSE)) for n in range(2 * len(HOUSE))])
    found = likeness(table, pairs[:, 0], pairs[:, 1])
    exact = np.array([jaccard(shingles(texts[a]), shingles(texts[b])) for a, b in pairs])
    # Four deviations of a single estimate; and no leaning of all of them.
    assert np.abs(found - exact).max() < 4 * np.sqrt(0.25 / BINS)
    assert abs((found - exact).mean()) < 0.02


def test_amounts_script_and_punctuation_do_not_part_equal_dishes(tmp_path: Path) -> None:
    plain = "五花肉 500 克，冰糖 30 克。1. 五花肉切块焯水。2. 炒糖色，放肉翻炒。3. 加水炖四十分钟。"
    other = "青菜洗净，热锅爆香蒜末，下青菜大火快炒，加盐出锅。"
    amounts = plain.replace("500", "1.5").replace("30", "二十五").replace("四十", "90")
    script = plain.replace("钟", "鐘").replace("焯水", "焯水！").replace("，", "\n").replace("1.", "１、")
    assert clusters_of(tmp_path, [plain, other, amounts, script], threshold=1.0) == [0, 1, 0, 0]


def test_clusters_are_named_after_their_first_document(tmp_path: Path) -> None:
    texts = [text for _, text in HOUSE]
    doubled = [*texts, *(f"快手{text}" for text in reversed(texts)), "", "，。！", ""]
    found = clusters_of(tmp_path, doubled)
    count = len(texts)
    assert found[:count] == list(range(count))
    assert found[count : 2 * count] == list(reversed(range(count)))
    # Texts without a letter are alike to nothing, not to each other either.
    assert found[2 * count :] == [2 * count, 2 * count + 1, 2 * count + 2]


def test_a_body_copied_a_thousand_times_is_one_cluster(tmp_path: Path) -> None:
    bodies = [text for _, text in HOUSE[:5]]
    texts = [f"{bodies[n % 5]}{chr(0x4E00 + n)}" for n in range(3000)]
    assert clusters_of(tmp_path, texts) == [n % 5 for n in range(3000)]


def test_signatures_go_on_where_a_killed_run_stopped(tmp_path: Path) -> None:
    texts = [text for _, text in HOUSE]
    whole = clusters_of(tmp_path / "whole", [*texts, *texts])
    with Signatures(tmp_path / "killed") as signatures:
        signatures.add(texts[:7])
    with (tmp_path / "killed" / "signatures.bin").open("ab") as file:
        file.write(b"half a row")
    with Signatures(tmp_path / "killed") as signatures:
        assert len(signatures) == 7
        signatures.add([*texts, *texts][7:])
        assert cluster(signatures).tolist() == whole
    (tmp_path / "killed" / "signatures.json").write_text("{}")
    with Signatures(tmp_path / "killed") as signatures:
        assert len(signatures) == 0
        assert cluster(signatures).tolist() == []


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShishenError, match="写不进"):
        Signatures(tmp_path / "file")


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95])
def test_bands_find_what_is_at_the_threshold(threshold: float) -> None:
    rows = rows_of_a_band(threshold)
    assert 1 - (1 - threshold**rows) ** (BINS // rows) >= 0.995
