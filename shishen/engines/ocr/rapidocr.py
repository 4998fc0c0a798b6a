"""RapidOCR: the PP-OCR models that come with its package, on the processor; no server, no download.

Its parts are used one by one (detect, recognise), by its public calls. A line recognised alone, from the picture
as it is, costs less and reads better than in a batch padded to the longest line of a picture made smaller.
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from shishen.pages import Box, Page, Span
from shishen.protocols import Ocr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.uint8]
    # Four corners of a line, clockwise from its top left: shape (4, 2).
    Corners = NDArray[np.float32]

EXTRA = "ocr"

# What changes where this file reads a page in another way: a part of the identity.
_METHOD = 1
# Letters lower than this where they were looked for are looked for again, in a larger picture.
_LOWEST_LINE = 14.0
_LARGEST_SIDE = 4000
# So many of the longest lines tell whether a page stands on its head; above this confidence it does not.
_PROBES, _SURE, _READABLE = 5, 0.85, 0.6
# An empty space within a line that is wider than this many times its height parts it: there may be two columns.
_GAP = 1.0
# Grey levels between ink and paper; with less there is nothing to tell them apart by.
_FAINTEST = 40
# How much of an em the ink of a line is high: of Chinese, of digits and capitals; and the least of a box that is one.
_HAN_INK, _LATIN_INK, _LEAST_EM = 0.92, 0.74, 0.45


class Options(Struct, frozen=True):
    """`threads` for one page (pages are read side by side), the longest `side` in pixels at which text is looked
    for, and the `least_confidence` of a line that is kept.
    """

    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    side: Annotated[int, Meta(ge=320, le=_LARGEST_SIDE)] = 1280
    least_confidence: Annotated[float, Meta(ge=0, le=1)] = 0.5


class RapidOcr:
    """One set of models, shared by all threads: neither models nor parameters change between calls."""

    def __init__(self, options: Options) -> None:
        from rapidocr import RapidOCR

        self._options = options
        common = {
            # Its logger is one for the whole process, and says what pages show anyway.
            "Global.log_level": "critical",
            "Global.use_cls": False,
            # Sizes are seen to here.
            "Global.min_side_len": 1,
            "Global.max_side_len": 1_000_000,
            "EngineConfig.onnxruntime.intra_op_num_threads": options.threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        looking = {"Global.use_rec": False, "Det.limit_type": "max", "Det.limit_side_len": _LARGEST_SIDE}
        self._detector = RapidOCR(params={**common, **looking})
        self._recogniser = RapidOCR(params={**common, "Global.use_det": False, "Global.text_score": 0.0})

    @property
    def identity(self) -> str:
        """The engine, its versions and what changes the text."""
        options = self._options
        versions = f"rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}, method {_METHOD}"
        return f"rapidocr ({versions}, side {options.side}, least_confidence {options.least_confidence:g})"

    def read(self, image: "Image") -> Page:
        """The lines of a picture, parted at wide gaps, each with its box and confidence.

        A page that lies on its side or stands on its head is turned first; boxes, `width` and `height` are then
        those of the turned picture.
        """
        import numpy as np

        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        pixels, lines = self._upright(pixels, self._detect(pixels))
        usual = _middle([_size(corners)[1] for corners in lines]) if lines else 0.0
        # Two lines that overlap a little leave a scrap of one beside a gap in the other.
        parts = _apart([part for corners in lines for part in _parted(pixels, corners, usual)])
        spans = [span for corners in parts if (span := self._span(pixels, corners, usual))]
        return Page(width=float(pixels.shape[1]), height=float(pixels.shape[0]), spans=tuple(spans))

    def _detect(self, pixels: "Pixels") -> list["Corners"]:
        """Where the lines are; looked for again in a larger picture where they are too low in the first."""
        lines = self._detect_at(pixels, self._options.side)
        side, longest = self._options.side, max(pixels.shape[:2])
        share = side / longest
        if lines and share < 1 and (low := _middle([_size(c)[1] for c in lines]) * share) < _LOWEST_LINE:
            wanted = min(side * _LOWEST_LINE / low * 1.2, longest, _LARGEST_SIDE)
            lines = self._detect_at(pixels, int(wanted))
        return lines

    def _detect_at(self, pixels: "Pixels", side: int) -> list["Corners"]:
        import cv2
        import numpy as np

        share = min(1.0, side / max(pixels.shape[:2]))
        if share < 1:
            size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
            smaller: Any = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        else:
            smaller = pixels
        found = self._detector(smaller)
        boxes = getattr(found, "boxes", None)
        return [] if boxes is None else _apart([np.asarray(box, dtype=np.float32) / share for box in boxes])

    def _upright(self, pixels: "Pixels", lines: list["Corners"]) -> tuple["Pixels", list["Corners"]]:
        """The picture and its lines, turned so that they can be read."""
        import numpy as np

        standing = pixels, lines
        if sideways := _sideways(lines):
            pixels = np.ascontiguousarray(np.rot90(pixels))
            lines = self._detect(pixels)
        probes = sorted(lines, key=lambda corners: _size(corners)[0], reverse=True)[:_PROBES]
        if not probes:
            return standing
        crops = [_crop(pixels, corners) for corners in probes]
        this_way = sum(self._recognise(crop)[1] for crop in crops) / len(crops)
        if this_way >= _SURE:
            return pixels, lines
        other_way = sum(self._recognise(crop[::-1, ::-1])[1] for crop in crops) / len(crops)
        if max(this_way, other_way) < _READABLE:
            # Columns of upright characters look like lines on their side; they are none.
            return standing if sideways else (pixels, lines)
        if other_way <= this_way:
            return pixels, lines
        pixels = np.ascontiguousarray(pixels[::-1, ::-1])
        return pixels, self._detect(pixels)

    def _span(self, pixels: "Pixels", corners: "Corners", usual: float) -> Span | None:
        """What stands in one part of a line; None where that cannot be read."""
        crop = _crop(pixels, corners)
        if _stands(corners, usual):
            crop = _turned_left(crop)
        text, confidence = self._recognise(crop)
        if not text.strip() or confidence < self._options.least_confidence:
            return None
        # What the detector takes for a line is higher the worse the scan and the shorter the line; the ink is not.
        if not _stands(corners, usual):
            corners = _fitted(corners, crop, text)
        return Span(text=text.strip(), box=_box(corners), size=_size(corners)[1], confidence=confidence)

    def _recognise(self, crop: "Pixels") -> tuple[str, float]:
        """The text of one line and its confidence."""
        import numpy as np

        if min(crop.shape[:2]) < 3:
            return "", 0.0
        found = self._recogniser(np.ascontiguousarray(crop))
        texts, scores = getattr(found, "txts", None), getattr(found, "scores", None)
        return (str(texts[0]), float(scores[0])) if texts and scores else ("", 0.0)


def _apart(lines: list["Corners"]) -> list["Corners"]:
    """The lines without those that lie within another: the detector takes gaps inside a line for lines as well."""
    boxes = [_box(corners) for corners in lines]
    return [
        corners
        for corners, box in zip(lines, boxes, strict=True)
        if not any(_area(other) > _area(box) and _overlap(box, other) > 0.7 * _area(box) for other in boxes)
    ]


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, width) * max(0.0, height)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _size(corners: "Corners") -> tuple[float, float]:
    """Width and height of a line, along and across it."""
    import numpy as np

    width = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    height = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    return float(width), float(height)


def _sideways(lines: list["Corners"]) -> bool:
    """Whether most of the text, by its length, runs up or down."""
    along = across = 0.0
    for width, height in map(_size, lines):
        if width > 2 * height:
            along += width
        elif height > 2 * width:
            across += height
    return across > 2 * along


def _crop(pixels: "Pixels", corners: "Corners") -> "Pixels":
    """The line cut out, level."""
    import cv2
    import numpy as np

    width, height = (max(1, round(side)) for side in _size(corners))
    square = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, square)
    crop: Any = cv2.warpPerspective(
        pixels, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.asarray(crop, dtype=np.uint8)


def _turned_left(crop: "Pixels") -> "Pixels":
    import numpy as np

    return np.rot90(crop)


def _stands(corners: "Corners", usual: float) -> bool:
    """Whether a line runs downwards; a single tall character, such as 1, does not."""
    width, height = _size(corners)
    return height >= 1.5 * width and height > 1.6 * usual


def _parted(pixels: "Pixels", corners: "Corners", usual: float) -> list["Corners"]:
    """The parts of a line in which there is text: parted where nothing stands for long."""
    import numpy as np

    crop = _crop(pixels, corners)
    height, width = crop.shape[:2]
    if width < 3 * height or _stands(corners, usual):
        return [corners]
    marks = _marks(crop)
    if marks is None:
        return [corners]
    # A rule above or below the line, or a speck, is no letter.
    inside = marks[height // 6 : height - height // 6]
    filled = np.flatnonzero(inside.sum(axis=0) >= max(1, height // 20))
    wide = np.flatnonzero(np.diff(filled) > _GAP * height)
    if not len(wide):
        return [corners]
    starts = [int(filled[0]), *(int(filled[i + 1]) for i in wide)]
    ends = [*(int(filled[i]) + 1 for i in wide), int(filled[-1]) + 1]
    margin = height // 4
    return [
        _between(corners, max(0.0, (start - margin) / width), min(1.0, (end + margin) / width))
        for start, end in zip(starts, ends, strict=True)
    ]


def _fitted(corners: "Corners", crop: "Pixels", text: str) -> "Corners":
    """The line as high as its letters: an em, around the middle of the ink."""
    import numpy as np

    marks, height = _marks(crop), crop.shape[0]
    if marks is None:
        return corners
    filled = np.flatnonzero(marks.sum(axis=1) >= max(1, crop.shape[1] // 100))
    bands = np.split(filled, np.flatnonzero(np.diff(filled) > 1) + 1)
    # Above and below there may be the edges of other lines.
    inner = [band for band in bands if len(band) and not (band[-1] < height * 0.2 or band[0] >= height * 0.8)]
    if not inner:
        return corners
    top, bottom = float(inner[0][0]), float(inner[-1][-1] + 1)
    share = _HAN_INK if any("\u4e00" <= character <= "\u9fff" for character in text) else _LATIN_INK
    em = min(max((bottom - top) / share, _LEAST_EM * height), float(height))
    middle = (top + bottom) / 2
    return _within(corners, (middle - em / 2) / height, (middle + em / 2) / height)


def _marks(crop: "Pixels") -> "NDArray[np.bool_] | None":
    """Which pixels of a cut-out line are ink; None where ink and paper cannot be told apart."""
    import numpy as np

    grey = crop.min(axis=2)
    dark, light = (float(np.percentile(grey, share)) for share in (3, 97))
    if light - dark < _FAINTEST:
        return None
    marks: NDArray[np.bool_] = grey < (dark + light) / 2
    return np.logical_not(marks) if marks.mean() > 0.5 else marks


def _within(corners: "Corners", start: float, end: float) -> "Corners":
    """The corners of a line that is lower: from one share of its height to another."""
    import numpy as np

    left_top, right_top, right_bottom, left_bottom = corners
    left, right = left_bottom - left_top, right_bottom - right_top
    return np.array(
        [left_top + start * left, right_top + start * right, right_top + end * right, left_top + end * left],
        dtype=np.float32,
    )


def _between(corners: "Corners", start: float, end: float) -> "Corners":
    """The corners of a part of a line: from one share of its length to another."""
    import numpy as np

    left_top, right_top, right_bottom, left_bottom = corners
    top, bottom = right_top - left_top, right_bottom - left_bottom
    return np.array(
        [left_top + start * top, left_top + end * top, left_bottom + end * bottom, left_bottom + start * bottom],
        dtype=np.float32,
    )


def _box(corners: "Corners") -> Box:
    left, top = (float(value) for value in corners.min(axis=0))
    right, bottom = (float(value) for value in corners.max(axis=0))
    return Box(left, top, right, bottom)


def build(options: Options) -> Ocr:
    """The engine. Raises ImportError where the extra is not installed."""
    return RapidOcr(options)
