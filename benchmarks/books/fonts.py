"""Chinese TrueType fonts of this machine for reportlab, found by fontconfig; no font comes with the project.

reportlab embeds no CFF outlines, so Noto CJK is passed over. Where no font serves, Adobe's STSong-Light is named
without embedding it, which every PDF reader knows.
"""

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from msgspec import Struct

CID_FONT = "STSong-Light"


class FontFile(Struct, frozen=True):
    """One face of a font file."""

    family: str
    path: str
    index: int


@cache
def true_type_fonts() -> tuple[FontFile, ...]:
    """Every TrueType face with simplified Chinese; none where there is no fontconfig."""
    if not shutil.which("fc-list"):
        return ()
    form = "%{fontformat}\t%{file}\t%{index}\t%{family[0]}\n"
    listed = subprocess.run(
        ["fc-list", ":lang=zh-cn", "--format", form], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    rows = sorted(line.split("\t") for line in listed.splitlines() if line.startswith("TrueType\t"))
    # The high half of the index numbers instances of variable fonts.
    return tuple(FontFile(family, path, int(index) & 0xFFFF) for _, path, index, family in rows)


@cache
def registered(families: Sequence[str]) -> str:
    """The name, for reportlab, of the first of these families that is here, or of any other."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    found = true_type_fonts()
    by_family = {font.family: font for font in found}
    chosen = next((by_family[f] for f in families if f in by_family), None)
    if CID_FONT in families or not found:
        pdfmetrics.registerFont(UnicodeCIDFont(CID_FONT))
        return CID_FONT
    chosen = chosen or found[0]
    name = chosen.family.replace(" ", "")
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, chosen.path, subfontIndex=chosen.index))
    return name
