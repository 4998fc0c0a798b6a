"""Pictures of pages: image files and PDF pages opened within limits, turned upright by EXIF, straightened.

`open_page` checks sizes before it decodes anything; every fault of a file is an UnreadableFile of one line.
"""

import ctypes
import logging
import math
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import Struct

from shishen.errors import UnreadableFile
from shishen.pages import PageImage
from shishen.pdf_pages.pdfium_lock import PDFIUM_LOCK
from shishen.source_file import HEAD_BYTES, Limits
from shishen.system_reason import reason_of

if TYPE_CHECKING:
    import pypdfium2
    from numpy.typing import NDArray
    from PIL.Image import Image

# PIL's guard against bombs is a global of its own, and so are the warnings of a process.
_HEADER_LOCK = threading.Lock()
# More than this no page of text needs (A3 at 400 dpi has 31); what is larger is opened smaller.
ENOUGH_MEGAPIXELS = 40.0
# A page of a PDF that would have to be rendered more coarsely cannot be read, however large its letters.
_COARSEST_DPI = 8.0
_LONGEST_SIDE = 30_000
# What PIL's decoders raise at broken files, found by flipping bytes of good ones.
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, AttributeError,
    NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
_HEIF_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"])


class Picture(Struct, frozen=True):
    """What the header of an image file says: its kind, its size in pixels as it is shown, its frames."""

    kind: str
    width: int
    height: int
    frames: int = 1


def image_kind(head: bytes) -> str | None:
    """The kind of image file by its first bytes (`JPEG`, `PNG` …); None for anything else."""
    for magic, kind in (
        (b"\xff\xd8\xff", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"II+\0", "TIFF"),
        (b"MM\0+", "TIFF"),
    ):
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "HEIC"
    # Two letters are no mark: the size of the second header, which follows the first of 14 bytes, must fit as well.
    if head[:2] == b"BM" and len(head) > 18 and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "BMP"
    return None


def look_at(path: str | Path, limits: Limits) -> Picture:
    """The header of an image file. Raises UnreadableFile where it is none, broken, or over the limits."""
    kind = _kind_of(path)
    with _opened(path, kind, 1, limits) as image:
        width, height = image.size
        with _reading_header(path, kind):
            # A PNG looks for EXIF behind its pixels, which would have to be decoded first.
            known = kind != "PNG" or "exif" in image.info
            sideways = known and _orientation(image, kind) in (5, 6, 7, 8)
            frames = int(getattr(image, "n_frames", 1)) if kind == "TIFF" else 1
    return Picture(kind, *((height, width) if sideways else (width, height)), frames=frames)


def open_page(image: PageImage, limits: Limits, dpi: int = 200) -> "Image":
    """The picture of a page, RGB: an image file (frame `page` of a TIFF), or a page of a PDF rendered at `dpi`.

    What is larger than any page of text needs comes smaller. Raises UnreadableFile in one line.
    """
    if _is_pdf(image.path):
        return _render(image.path, image.page or 1, limits, dpi)
    from PIL import ImageFile

    kind = _kind_of(image.path)
    with _opened(image.path, kind, image.page or 1, limits) as opened:
        try:
            # Only JPEG listens to this: it decodes at a half or a quarter, which costs a fraction.
            opened.draft("RGB", _within(opened.size, ENOUGH_MEGAPIXELS))
            # Half a picture is no page; other libraries of the process may have said that it is.
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            opened.load()
            with _reading_header(image.path, kind):
                orientation = _orientation(opened, kind)
            return _upright(_flat(_smaller(opened)), orientation)
        except (*_BROKEN, MemoryError) as error:
            raise _damaged(image.path, kind) from error


# --- image files -----------------------------------------------------------------------------------------


def _read_head(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise UnreadableFile(f"读不了 {path}：{reason_of(error)}。请检查路径和权限。") from error


def _is_pdf(path: str | Path) -> bool:
    # The mark may stand a little later: some programs write a line of their own before it.
    return b"%PDF-" in _read_head(path)[:1024]


def _kind_of(path: str | Path) -> str:
    if kind := image_kind(_read_head(path)):
        return kind
    raise UnreadableFile(f"{path} 不是能读的图片（PNG、JPEG、WebP、GIF、TIFF、BMP、HEIC）。")


def _damaged(path: str | Path, kind: str) -> UnreadableFile:
    return UnreadableFile(f"{path} 不是完整的 {kind} 图片，可能没有传完；请重新保存再试。")


@contextmanager
def _opened(path: str | Path, kind: str, frame: int, limits: Limits) -> Iterator["Image"]:
    """The image at one of its frames, its header read, its size within the limits, nothing decoded yet."""
    with Path(path).open("rb") as stream:
        with _reading_header(path, kind):
            _hush()
            image = _open_heif(stream) if kind == "HEIC" else _open(stream, frame, path)
        width, height = image.size
        if width * height > limits.megapixels * 1e6:
            raise UnreadableFile(
                f"{path} 有 {width} × {height} 像素，超过上限 {limits.megapixels:g} 百万像素"
                f"（可用 --set reader.megapixels=… 放宽）。"
            )
        with image:
            yield image


@contextmanager
def _reading_header(path: str | Path, kind: str) -> Iterator[None]:
    """PIL quiet and without its own limit, one thread at a time; what it raises in our words."""
    from PIL import Image

    with _HEADER_LOCK, warnings.catch_warnings():
        # Doubts of PIL about a header are for whoever writes such files, not for whoever reads them.
        warnings.simplefilter("ignore")
        # Sizes are checked here, against the settings; PIL would warn at its own number, or refuse.
        guard, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        except ImportError as error:
            raise UnreadableFile(f"{path} 是 HEIC 图片；请运行 pip install 'shishen[ocr]'，或先转成 JPEG。") from error
        except (*_BROKEN, MemoryError) as error:
            raise _damaged(path, kind) from error
        finally:
            Image.MAX_IMAGE_PIXELS = guard


def _open(stream: BinaryIO, frame: int, path: str | Path) -> "Image":
    from PIL import Image

    image = Image.open(stream)
    if frame > 1:
        try:
            image.seek(frame - 1)
        except EOFError as error:
            raise UnreadableFile(f"{path} 没有第 {frame} 幅图。") from error
    if image.format == "TIFF":
        # Tags are parsed when first asked for, with doubts of their own.
        image.getexif()
    return image


@cache
def _hush() -> None:
    """PIL, and libtiff inside it, print what they complain of; what is broken is said by us, in one line."""
    from PIL import _imaging

    # Python prints what a logger without any handler is told.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    # Where PIL has it built in, it cannot be found, and goes on printing.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def _open_heif(stream: BinaryIO) -> "Image":
    from pillow_heif import HeifImageFile

    image: Image = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return image


def _orientation(image: "Image", kind: str) -> int:
    """The EXIF orientation, 1–8; 1 where the decoder itself turns the picture."""
    if kind in ("HEIC", "TIFF"):
        return 1
    value = image.getexif().get(0x0112, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(image: "Image", orientation: int) -> "Image":
    """Turned and mirrored as the EXIF orientation (1–8) says."""
    from PIL.Image import Transpose

    how = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(how[orientation]) if orientation in how else image


def _flat(image: "Image") -> "Image":
    """RGB, on white where it is transparent."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        # 16 bits a pixel: `convert` would cut them off at 255 and leave a white page.
        highest = max(255.0, float(image.convert("F").getextrema()[1]))  # type: ignore[arg-type]
        image = image.convert("F").point(lambda value: value * (255 / highest)).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _within(size: tuple[int, int], megapixels: float) -> tuple[int, int]:
    """The size, or a smaller one of the same shape."""
    width, height = size
    share = min(1.0, math.sqrt(megapixels * 1e6 / max(1, width * height)))
    return max(1, int(width * share)), max(1, int(height * share))


def _smaller(image: "Image") -> "Image":
    from PIL.Image import Resampling

    size = _within(image.size, ENOUGH_MEGAPIXELS)
    if size == image.size or image.mode in ("P", "1"):
        # A palette cannot be averaged; such pictures stay as they are.
        return image
    return image.resize(size, Resampling.BOX)


# --- pages of a PDF --------------------------------------------------------------------------------------


def _render(path: str, number: int, limits: Limits, dpi: int) -> "Image":
    import pypdfium2

    with PDFIUM_LOCK:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            locked = "password" in str(error).lower()
            what = "加了密码；请先去掉密码" if locked else "不是完整的 PDF；请重新保存"
            raise UnreadableFile(f"{path} {what}再试。") from error
        try:
            if not 1 <= number <= len(document):
                raise UnreadableFile(f"{path} 没有第 {number} 页。")
            page = document[number - 1]
            scale = _scale(page, f"{path} 第 {number} 页", limits, dpi)
            # PDFium writes into memory of its own, which goes with the document: convert copies it.
            image: Image = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB").copy()
            return image
        except (pypdfium2.PdfiumError, MemoryError) as error:
            raise UnreadableFile(f"{path} 第 {number} 页画不出来；请重新保存再试。") from error
        finally:
            document.close()


def _scale(page: "pypdfium2.PdfPage", label: str, limits: Limits, dpi: int) -> float:
    """Pixels a point: those of `dpi`, or fewer where the picture would come too large."""
    width, height = page.get_size()
    if not (width > 0 and height > 0 and math.isfinite(width * height)):
        raise UnreadableFile(f"{label} 没有大小。")
    # A little less: PDFium rounds both sides up.
    most = min(limits.megapixels, ENOUGH_MEGAPIXELS) * 0.998e6
    scale: float = min(dpi / 72, math.sqrt(most / (width * height)), _LONGEST_SIDE / max(width, height))
    if scale < _COARSEST_DPI / 72:
        raise UnreadableFile(
            f"{label} 有 {width / 28.35:.0f} × {height / 28.35:.0f} 厘米，太大了；请换成普通大小的页面。"
        )
    return scale


# --- skew ------------------------------------------------------------------------------------------------

# Degrees. Below the least a page is left as it is: turning it would cost more sharpness than it gains.
_MOST_SKEW, _LEAST_SKEW = 10.0, 0.15
_SMALL_SIDE = 1400
_TILES = 4
_LEAST_INK = 100


def straighten(image: "Image") -> tuple["Image", float]:
    """The picture with its lines of text level, and by how many degrees it was turned (counter-clockwise).

    Skew is looked for up to ±10°. A picture that is level, or has no lines, comes back untouched, with 0.
    The method is that of projection profiles (Postl 1986): the angle at which rows of ink are sharpest.
    """
    if find_spec("numpy") is None:
        # Engines that need level lines bring it along; a vision model reads them as they are.
        return image, 0.0
    degrees = skew(image)
    if abs(degrees) < _LEAST_SKEW:
        return image, 0.0
    from PIL.Image import Resampling

    return image.rotate(degrees, Resampling.BICUBIC, expand=True, fillcolor="white"), degrees


def skew(image: "Image") -> float:
    """By how many degrees (counter-clockwise) to turn the picture so that its lines are level; 0 where unsure."""
    import numpy as np

    down, across, size = _ink(image)
    # Tiles, not the whole picture: a photograph outweighs no more text than it covers, and lines of one column
    # that meet other lines of the next are sharp at a false angle.
    tile = max(64, max(size) // _TILES)
    places = (down // tile) * _TILES * 2 + across // tile
    tiles = [(down[places == place], across[places == place]) for place in np.unique(places)]
    tiles = [part for part in tiles if len(part[0]) >= _LEAST_INK]
    if not tiles:
        return 0.0
    votes = _votes(tiles, angles := np.arange(-_MOST_SKEW, _MOST_SKEW + 0.01, 0.5))
    if not votes.any():
        return 0.0
    fine = _votes(tiles, angles := angles[votes.argmax()] + np.arange(-6, 7) * 0.1)
    # That near to the truth, the whole width is the most exact.
    finest = _votes([(down, across)], angles := angles[fine.argmax()] + np.arange(-15, 16) * 0.02)
    return float(angles[finest.argmax()])


def _votes(tiles: list[tuple["NDArray[Any]", "NDArray[Any]"]], angles: "NDArray[Any]") -> "NDArray[Any]":
    """How sharp all tiles together are at each angle; each votes alike, so that no photograph outweighs the text."""
    import numpy as np

    votes = np.zeros(len(angles))
    for down, across in tiles:
        curve = np.array([_sharpness(down, across, angle) for angle in angles])
        if (middle := float(np.median(curve))) > 0:
            # Saturating: a ruled line is sharper than text, but no more to be believed.
            votes += np.clip(curve / middle - 1, 0, 2)
    return votes


def _ink(image: "Image") -> tuple["NDArray[Any]", "NDArray[Any]", tuple[int, int]]:
    """Where a small version of the picture is darker than around (rows, columns), and its size."""
    import numpy as np
    from PIL import ImageChops, ImageFilter
    from PIL.Image import Resampling

    share = min(1.0, _SMALL_SIDE / max(image.size))
    small = image.convert("L").resize(
        (max(1, round(image.width * share)), max(1, round(image.height * share))), Resampling.BOX
    )
    around = small.filter(ImageFilter.BoxBlur(16))
    marks = np.asarray(ImageChops.subtract(around, small)) > 24
    down, across = np.nonzero(marks)
    # Somewhere within its pixel: else the rows of the picture itself would make 0° look the sharpest.
    return down + np.random.default_rng(0).random(len(down)), across, small.size


def _sharpness(down: "NDArray[Any]", across: "NDArray[Any]", degrees: float) -> float:
    """How unevenly the ink falls onto rows that lean by so much: the squared steps between neighbouring rows."""
    import numpy as np

    lean = math.radians(degrees)
    rows = np.floor(down * math.cos(lean) - across * math.sin(lean)).astype(np.intp)
    counts = np.bincount(rows - int(rows.min()))
    return float(np.square(np.diff(counts, prepend=0, append=0)).sum())
