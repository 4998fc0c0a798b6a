"""PaddleOCR 3.x: the models of PaddlePaddle itself, downloaded by it at first use; on a GPU where there is one.

Written by its documentation (`PaddleOCR(…).predict`, the fields `rec_texts`, `rec_scores`, `rec_polys` of a result)
and tested on a stand-in of that shape: it has not been run with PaddlePaddle and real models for this project.
Unlike `rapidocr` it leaves a page on its side as it is, and parts no line at wide gaps.
"""

import threading
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from shishen.pages import Box, Page, Span
from shishen.protocols import Ocr

if TYPE_CHECKING:
    from PIL.Image import Image

EXTRA = "paddle"


class Options(Struct, frozen=True):
    """PaddleOCR's `lang` and `device` (`cpu`, `gpu:0`; empty: its own choice); lines below `least_confidence` go."""

    lang: str = "ch"
    device: str = ""
    least_confidence: Annotated[float, Meta(ge=0, le=1)] = 0.5


class PaddleOcr:
    """One pipeline behind a lock: its documentation asks for one a thread, and one fills all cores."""

    def __init__(self, options: Options) -> None:
        from paddleocr import PaddleOCR

        self._options = options
        self._lock = threading.Lock()
        self._pipeline = PaddleOCR(
            lang=options.lang,
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            **({"device": options.device} if options.device else {}),
        )

    @property
    def identity(self) -> str:
        """The engine, its version and what changes the text."""
        options = self._options
        return f"paddleocr ({_version()}, lang {options.lang}, least_confidence {options.least_confidence:g})"

    def read(self, image: "Image") -> Page:
        """The lines that the pipeline finds, each with its box and confidence."""
        import numpy as np

        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        with self._lock:
            results = list(self._pipeline.predict(pixels))
        return Page(
            width=float(image.width),
            height=float(image.height),
            spans=tuple(span for result in results for span in _spans(result, self._options.least_confidence)),
        )


def _spans(result: Any, least: float) -> list[Span]:
    spans = []
    for text, confidence, corners in zip(result["rec_texts"], result["rec_scores"], result["rec_polys"], strict=True):
        across = [float(x) for x, _ in corners]
        down = [float(y) for _, y in corners]
        box = Box(min(across), min(down), max(across), max(down))
        if text.strip() and confidence >= least:
            spans.append(
                Span(text=text.strip(), box=box, size=max(1.0, box.bottom - box.top), confidence=float(confidence))
            )
    return spans


def _version() -> str:
    try:
        return version("paddleocr")
    except PackageNotFoundError:
        return "unknown"


def build(options: Options) -> Ocr:
    """The engine. Raises ImportError where the extra is not installed."""
    return PaddleOcr(options)
