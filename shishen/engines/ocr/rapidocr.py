"""RapidOCR: the PP-OCR models that come with its package, on the processor; no server, no download.

Its parts are used one by one (detect, recognise), by its public calls. A line recognised alone, from the picture
as it is, costs less and reads better than in a batch padded to the longest line of a picture made smaller.
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from shishen.pages import Box, Page, Span
from shishen.protocols import Ocr
from shishen.scans.flat_page import FlatPage, flat_page, rules_on
from shishen.scans.number_discs import circled, disc_before
from shishen.scans.printed_signs import as_printed, pieces_apart
from shishen.scans.ruled_lines import ruled_lines
from shishen.scans.seen_lines import (
    apart,
    area,
    between,
    box_of,
    cut_out,
    em_of,
    in_tables,
    ink_of,
    is_standing,
    is_stroke,
    middle_line,
    overlap,
    parted,
    parted_at_rules,
    run_sideways,
    size_of,
    strikes_out,
    usual_height,
    within,
    without_rules,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from shishen.scans.seen_lines import Corners, Pixels

EXTRA = "ocr"

# What changes where this file reads a page in another way: a part of the identity.
_METHOD = 3
# Letters lower than this where they were looked for are looked for again, in a larger picture.
_LOWEST_LINE = 14.0
_LARGEST_SIDE = 4000
# So many of the longest lines tell whether a page stands on its head; above this confidence it does not.
_PROBES, _SURE, _READABLE = 5, 0.85, 0.6
# A line so many times as long as high leans as the page does there.
_LONG = 7


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
        reading = {"Global.use_det": False, "Global.text_score": 0.0, "Global.return_word_box": True}
        self._recogniser = RapidOCR(params={**common, **reading})

    @property
    def identity(self) -> str:
        """The engine, its versions and what changes the text."""
        options = self._options
        versions = f"rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}, method {_METHOD}"
        return f"rapidocr ({versions}, side {options.side}, least_confidence {options.least_confidence:g})"

    def read(self, image: "Image") -> Page:
        """The lines of a picture, parted at wide gaps and at rules, each with its box and confidence; and the rules.

        A page that lies on its side or stands on its head is turned first; boxes, `width` and `height` are then
        those of the turned picture. Where lines lean in several ways, as in a photograph taken at an angle, boxes
        are where they stood if the page were flat.
        """
        import numpy as np

        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        pixels, lines = self._upright(pixels, self._detect(pixels))
        height, width = pixels.shape[:2]
        usual = usual_height(lines)
        level, upright = ruled_lines(pixels, usual) if lines else ([], [])
        level = [rule for rule in level if not strikes_out(rule, lines)]
        upright = [rule for rule in upright if not is_stroke(rule, lines)]
        leaning = [middle_line(corners) for corners in lines if size_of(corners)[0] > _LONG * size_of(corners)[1]]
        flat = flat_page((width, height), [*leaning, *level], upright)
        discs, lines = self._numbered(pixels, lines, usual, flat)
        sides = in_tables(upright, level, usual)
        cells = [part for corners in lines for part in parted_at_rules(corners, sides)]
        # Two lines that overlap a little leave a scrap of one beside a gap in the other.
        parts = apart([part for corners in cells for part in parted(pixels, corners, usual)])
        spans = [*discs, *(span for corners in parts for span in self._spans(pixels, corners, usual, flat))]
        rules = rules_on(flat, level, upright, usual)
        return Page(width=float(width), height=float(height), spans=tuple(spans), rules=rules)

    def _detect(self, pixels: "Pixels") -> list["Corners"]:
        """Where the lines are; looked for again in a larger picture where they are too low in the first."""
        lines = self._detect_at(pixels, self._options.side)
        side, longest = self._options.side, max(pixels.shape[:2])
        share = side / longest
        if lines and share < 1 and (low := usual_height(lines) * share) < _LOWEST_LINE:
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
        return [] if boxes is None else apart([np.asarray(box, dtype=np.float32) / share for box in boxes])

    def _upright(self, pixels: "Pixels", lines: list["Corners"]) -> tuple["Pixels", list["Corners"]]:
        """The picture and its lines, turned so that they can be read."""
        import numpy as np

        standing = pixels, lines
        if sideways := run_sideways(lines):
            pixels = np.ascontiguousarray(np.rot90(pixels))
            lines = self._detect(pixels)
        probes = sorted(lines, key=lambda corners: size_of(corners)[0], reverse=True)[:_PROBES]
        if not probes:
            return standing
        crops = [cut_out(pixels, corners) for corners in probes]
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

    def _spans(self, pixels: "Pixels", corners: "Corners", usual: float, flat: FlatPage) -> list[Span]:
        """What stands in one part of a line, each piece of it that stands apart; nothing where that cannot be read."""
        import numpy as np

        crop = cut_out(pixels, corners)
        standing = is_standing(corners, usual)
        text, confidence, places = self._recognise(np.rot90(crop) if standing else crop)
        if not text.strip() or confidence < self._options.least_confidence:
            return []
        found = None if standing else ink_of(crop)
        em = None if found is None else em_of(ink := without_rules(found), text)
        if em is None:
            height = size_of(corners)[1]
            return [Span(text=text.strip(), box=box_of(corners, flat), size=height, confidence=confidence)]
        # What the detector takes for a line is higher the worse the scan and the shorter the line; the ink is not.
        line = within(corners, *em)
        size, width = size_of(line)[1], ink.shape[1]
        letters = ink[max(0, round(em[0] * len(ink))) : round(em[1] * len(ink))]
        spans = []
        for piece in pieces_apart(text, places, letters, size):
            own = letters[:, piece.start : piece.end]
            words = as_printed(piece.text, piece.places, own, size).strip()
            if words:
                box = box_of(between(line, piece.start / width, piece.end / width), flat)
                spans.append(Span(text=words, box=box, size=size, confidence=confidence))
        return spans

    def _numbered(
        self, pixels: "Pixels", lines: list["Corners"], usual: float, flat: FlatPage
    ) -> tuple[list[Span], list["Corners"]]:
        """The numbers in coloured discs before lines, as ①; and the lines without them."""
        discs: list[Span] = []
        places: list[Box] = []
        rest: list[Corners] = []
        for corners in lines:
            found = None if is_standing(corners, usual) else disc_before(pixels, corners)
            if found:
                text, confidence, _ = self._recognise(found.inside)
                if (number := circled(text)) and confidence >= _SURE:
                    corners, size, here = found.line, 0.75 * size_of(corners)[1], box_of(found.place)
                    if not any(overlap(here, place) > 0.5 * area(here) for place in places):
                        places.append(here)
                        box = box_of(found.place, flat)
                        discs.append(Span(text=number, box=box, size=size, confidence=confidence))
            rest.append(corners)
        # The detector may have taken a disc, or a part of one, for a line of its own.
        boxes = [box_of(corners) for corners in rest]
        gone = [any(overlap(box, place) > 0.5 * area(box) for place in places) for box in boxes]
        return discs, [corners for corners, is_gone in zip(rest, gone, strict=True) if not is_gone]

    def _recognise(self, crop: "Pixels") -> tuple[str, float, list[float]]:
        """The text of one line, its confidence, and where each character but spaces stands, in pixels."""
        import numpy as np

        if min(crop.shape[:2]) < 3:
            return "", 0.0, []
        found = self._recogniser(np.ascontiguousarray(crop))
        texts, scores = getattr(found, "txts", None), getattr(found, "scores", None)
        if not (texts and scores):
            return "", 0.0, []
        return str(texts[0]), float(scores[0]), _places(found, crop.shape[1])


def _places(found: Any, width: int) -> list[float]:
    """Where the characters of a line that was recognised stand, as far as the model says."""
    words = (getattr(found, "word_results", None) or [None])[0]
    if words is None or not getattr(words, "line_txt_len", 0):
        return []
    return [(column + 0.5) / words.line_txt_len * width for columns in words.word_cols for column in columns]


def build(options: Options) -> Ocr:
    """The engine. Raises ImportError where the extra is not installed."""
    return RapidOcr(options)
