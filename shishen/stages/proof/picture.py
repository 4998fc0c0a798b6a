"""The picture of a sheet, small enough to stand inside an HTML file, and the regions of its dishes drawn over it."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from shishen.imaging import open_page
from shishen.pages import Box
from shishen.source_file import Limits
from shishen.stages.proof.sheet import Sheet, Spot

if TYPE_CHECKING:
    from PIL.Image import Image

# Enough to read the smallest type of a page on a screen.
_DPI = 100
_LONGEST_SIDE = 1400
# Base64 adds a third.
_ENOUGH_BYTES = 110_000
_QUALITIES = (60, 45, 32)
TONES = 6


def jpeg_of(sheet: Sheet, limits: Limits) -> bytes:
    """The picture of a page as it was read (turned by its tilt). Raises UnreadableFile where it cannot be opened."""
    from PIL.Image import Resampling

    assert sheet.image
    image = open_page(sheet.image, limits, _DPI)
    # Twice what is shown: turning it costs sharpness, and a photograph may be many times as large.
    image.thumbnail((2 * _LONGEST_SIDE, 2 * _LONGEST_SIDE), Resampling.BOX)
    if sheet.tilt:
        image = image.rotate(sheet.tilt, Resampling.BICUBIC, expand=True, fillcolor="white")
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Resampling.LANCZOS)
    data = _compressed(image)
    if len(data) > 1.5 * _ENOUGH_BYTES:
        image.thumbnail((image.width * 3 // 4, image.height * 3 // 4), Resampling.LANCZOS)
        data = _compressed(image)
    return data


def _compressed(image: "Image") -> bytes:
    """As JPEG, more coarsely where it would come too large."""
    data = b""
    for quality in _QUALITIES:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        data = stream.getvalue()
        if len(data) <= _ENOUGH_BYTES:
            break
    return data


def overlay(sheet: Sheet) -> str:
    """The regions as SVG in the units of the page, and the number of each dish where it begins; numbers only."""
    if not (sheet.width > 0 and sheet.height > 0 and sheet.spots):
        return ""
    drawn = "".join(_drawn(spot) for spot in sheet.spots)
    badges = "".join(_badge(spot, sheet) for spot in sheet.spots)
    box = f"0 0 {sheet.width:.1f} {sheet.height:.1f}"
    return f'<svg viewBox="{box}" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>{badges}'


def _drawn(spot: Spot) -> str:
    unclear = f'<path class="unclear" d="{_path(spot.unclear)}"/>' if spot.unclear else ""
    return (
        f'<a href="#d{spot.dish}" class="spot {tone(spot.dish)}" data-dish="{spot.dish}" tabindex="-1">'
        f'<path class="lines" d="{_path(spot.boxes)}"/><path class="region" d="{_path(spot.regions)}"/>{unclear}</a>'
    )


def _badge(spot: Spot, sheet: Sheet) -> str:
    first = spot.boxes[0]
    left = min(max(100 * first.left / sheet.width, 0.0), 100.0)
    top = min(max(100 * first.top / sheet.height, 0.0), 97.0)
    return (
        f'<a href="#d{spot.dish}" class="badge {tone(spot.dish)}" data-dish="{spot.dish}"'
        f' style="left:max({left:.1f}%,1.8em);top:{top:.1f}%">{spot.dish}</a>'
    )


def _path(boxes: Iterable[Box]) -> str:
    return "".join(
        f"M{b.left:.1f} {b.top:.1f}h{b.right - b.left:.1f}v{b.bottom - b.top:.1f}h{b.left - b.right:.1f}z"
        for b in boxes
    )


def tone(dish: int) -> str:
    """The class of a dish's colour: neighbours differ."""
    return f"tone-{dish % TONES}"
