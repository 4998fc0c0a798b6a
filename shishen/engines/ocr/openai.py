"""A vision model behind any OpenAI-compatible endpoint transcribes each page; its lines have an order, but no places.

The key comes from the environment only. What the model sees is in `prompts/transcribe.md`, and is a part of the
identity, as are the model and the size of the pictures.
"""

import base64
import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shishen.model_client import Endpoint, ModelClient, Unanswered
from shishen.pages import Page, PrintedLine
from shishen.protocols import Ocr

if TYPE_CHECKING:
    from PIL.Image import Image

EXTRA = None

PROMPT = Path(__file__).parent / "prompts" / "transcribe.md"
# Raise it when the same answer would be read in another way.
_VERSION = 1
# A model does not say how sure it is of a line.
_SURE = 0.9
_NOTHING = re.compile(r"[（(]?\s*无文字\s*[）)]?[。.]?")
_FENCE = re.compile(r"```\w*")
_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

Positive = Annotated[float, Meta(ge=0)]


class Options(Struct, frozen=True):
    """Which model, and what its server allows.

    `base_url`: empty for the environment's OPENAI_BASE_URL. `key_variable`: the environment variable that holds the
    key. `side`: the longest side in pixels of the pictures that are sent. `max_tokens`: of one answer, 0 leaves it
    to the server. 0 requests or tokens a minute: no limit.
    """

    base_url: str = ""
    model: str = ""
    key_variable: str = "OPENAI_API_KEY"
    side: Annotated[int, Meta(ge=256, le=8000)] = 2000
    concurrency: Annotated[int, Meta(ge=1, le=64)] = 4
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 180.0
    retries: Annotated[int, Meta(ge=0, le=20)] = 4
    requests_per_minute: Positive = 0.0
    tokens_per_minute: Positive = 0.0
    max_tokens: Annotated[int, Meta(ge=0)] = 8192


class OpenAiOcr:
    """One endpoint; opens nothing before the first page. Thread-safe."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._prompt = PROMPT.read_text(encoding="utf-8")
        self._client = ModelClient(
            Endpoint(
                base_url=options.base_url,
                model=options.model,
                key_variable=options.key_variable,
                timeout_seconds=options.timeout_seconds,
                retries=options.retries,
                concurrency=options.concurrency,
                requests_per_minute=options.requests_per_minute,
                tokens_per_minute=options.tokens_per_minute,
                setting="ocr.openai",
            )
        )

    @property
    def identity(self) -> str:
        """The engine, the model, its prompt and what changes the text."""
        prompt = hashlib.blake2b(self._prompt.encode(), digest_size=6).hexdigest()
        return f"openai ({_VERSION}, {self._options.model}, side {self._options.side}, prompt {prompt})"

    def read(self, image: "Image") -> Page:
        """What the model transcribes, one line a paragraph.

        Raises Unanswered where there is none of this page, or only a part; ShishenError where no page can be read.
        """
        content = [
            {"type": "text", "text": self._prompt},
            {"type": "image_url", "image_url": {"url": _data_url(image, self._options.side)}},
        ]
        completion = self._client.complete(
            [{"role": "user", "content": content}], max_tokens=self._options.max_tokens or None, temperature=0.0
        )
        if completion.finish_reason == "length":
            raise Unanswered("模型没有抄完这一页就停了；请调大 ocr.openai.max_tokens。")
        return Page(width=float(image.width), height=float(image.height), lines=tuple(_lines(completion.text)))


def _data_url(image: "Image", side: int) -> str:
    from PIL.Image import Resampling

    picture = image.convert("RGB")
    picture.thumbnail((side, side), Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _lines(text: str) -> list[PrintedLine]:
    """The lines of an answer; models that write Markdown all the same are read without its marks."""
    lines = []
    for raw in text.splitlines():
        line = " ".join(_CONTROLS.sub("", raw).split())
        if not line or _FENCE.fullmatch(line) or _NOTHING.fullmatch(line):
            continue
        heading = _HEADING.fullmatch(line)
        words = (heading[2] if heading else line).replace("**", "").strip()
        if words:
            lines.append(PrintedLine(text=words, confidence=_SURE, level=len(heading[1]) if heading else None))
    return lines


def build(options: Options) -> Ocr:
    """The engine; what is wrong with its options shows when the first page is read."""
    return OpenAiOcr(options)
