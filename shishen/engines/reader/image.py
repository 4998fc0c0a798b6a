"""Pictures of pages (PNG, JPEG, WebP, GIF, TIFF, BMP, HEIC): one page each, a TIFF as many as it has; read by OCR."""

from collections.abc import Iterator

from msgspec import Struct

from shishen.errors import UnreadableFile
from shishen.imaging import image_kind, look_at
from shishen.pages import Page, PageImage
from shishen.protocols import Reader
from shishen.source_file import SourceFile

EXTRA = None


class Options(Struct, frozen=True):
    """No options."""


class ImageReader:
    """Gives out the pages of a picture to be looked at; decodes nothing itself."""

    def recognises(self, file: SourceFile) -> bool:
        """By the first bytes, whatever the file is called."""
        return image_kind(file.first_bytes) is not None

    def read(self, file: SourceFile) -> Iterator[Page]:
        """One page, numbered where there are several. Raises UnreadableFile where it is broken or over the limits."""
        limits = file.limits
        if file.size > limits.book_mb * 1e6:
            raise UnreadableFile(
                f"{file.label} 有 {file.size / 1e6:.0f} MB，超过上限 {limits.book_mb:g} MB"
                f"（可用 --set reader.book_mb=… 放宽）。"
            )
        path = str(file.path)
        picture = look_at(path, limits)
        count = picture.frames
        if count > limits.pages:
            raise UnreadableFile(
                f"{file.label} 有 {count} 页，超过上限 {limits.pages} 页（可用 --set reader.pages=… 放宽）。"
            )
        for number in range(1, count + 1):
            several = number if count > 1 else None
            yield Page(
                number=several,
                count=count,
                width=float(picture.width),
                height=float(picture.height),
                image=PageImage(path, several),
            )


def build(options: Options) -> Reader:  # noqa: ARG001
    """The reader; it has no options."""
    return ImageReader()
