"""Rows at which a part of a dish begins anew: a list within the method, a list taken up again, a heading of steps."""

import re
from collections.abc import Sequence

from shishen.domains.cooking.structuring.rows import Row, ingredient_score


def heads_list(rows: Sequence[Row], place: int) -> bool:
    """Whether a label inside the method (腌料) heads ingredients again and is no heading of steps."""
    label = rows[place].label
    if label and label.rest:
        return ingredient_score(label.rest) >= 0.9
    following = rows[place + 1 : place + 3]
    return len(following) == 2 and all(r.mark is None and ingredient_score(r.text) >= 0.8 for r in following)


def resumes(row: Row, following: Sequence[Row]) -> bool:
    """Whether a list of ingredients goes on here: this row and the next are ingredients with numbers."""
    run = [row, *following[:1]]
    return len(run) == 2 and all(
        r.label is None and ingredient_score(r.text) >= 0.9 and any(c.isdigit() for c in r.text) for r in run
    )


def heads_steps(row: Row, following: Sequence[Row], numbered: bool) -> bool:
    """Whether a row in a method heads the steps after it: 【腌制】, a short bold line, one that ends with a colon.

    `numbered` says whether the steps have numbers.
    """
    text = row.text.strip()
    if row.mark or row.dotted or len(text) > 14 or not following or row.line.full:
        return False
    if re.fullmatch(r"[【\[〔［].{1,12}[】\]〕］]|.{2,12}[：:]", text):
        return True
    after = following[0]
    set_apart = (row.line.bold and not after.line.bold) or row.line.level is not None
    return set_apart and (numbered or after.mark is not None) and not re.search(r"[。，,；;]", text)
