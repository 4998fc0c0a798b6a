"""Scanned looks: a picture or a PDF page → slightly rotated, blurred, shaded, noisy, through JPEG; seeded.

    python -m tests.scanning BOOK.pdf SCANNED.pdf [LOOK] [DPI]

Used by tests and by benchmarks. The PDF that it writes has pictures only, no text layer.
"""

import io
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pypdfium2
from msgspec import Struct
from PIL import Image, ImageDraw, ImageFilter, ImageFont


class Look(Struct, frozen=True):
    """What a scanner or a camera does to a page.

    Rotated by up to `degrees` either way, blurred by a radius of `blur` pixels, shaded over the page by a share
    of `shade`, paper of brightness `paper`, noise of standard deviation `noise` in grey levels, JPEG quality.
    """

    degrees: float = 0.0
    blur: float = 0.0
    shade: float = 0.0
    paper: int = 255
    noise: float = 0.0
    jpeg: int | None = None


LOOKS = {
    "clean": Look(),
    "scan": Look(degrees=1.5, blur=0.7, shade=0.12, paper=244, noise=6.0, jpeg=60),
    "poor": Look(degrees=4.0, blur=1.1, shade=0.3, paper=228, noise=12.0, jpeg=40),
}


def scanned(picture: Image.Image, look: Look, seed: int) -> Image.Image:
    """The picture with that look; the same seed gives the same picture."""
    chance = random.Random(seed)
    picture = picture.convert("RGB")
    if look.degrees:
        degrees = chance.choice([-1, 1]) * chance.uniform(0.3, 1) * look.degrees
        picture = picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    if look.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(look.blur))
    if look.shade or look.noise or look.paper < 255:
        picture = _on_paper(picture, look, chance)
    if look.jpeg is None:
        return picture
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=look.jpeg)
    return Image.open(buffer).convert("RGB")


def _on_paper(picture: Image.Image, look: Look, chance: random.Random) -> Image.Image:
    """Darker towards one side as beside a book's spine, on greyish paper, with noise in every pixel."""
    width, height = picture.size
    noise = np.random.default_rng(chance.randrange(2**32))
    across = np.linspace(0, 1, width, dtype=np.float32) - chance.uniform(0, 1)
    down = np.linspace(0, 1, height, dtype=np.float32) - chance.uniform(0, 1)
    light = 1 - look.shade * np.abs(across)[None, :] * (0.7 + 0.3 * np.abs(down)[:, None])
    pixels = np.asarray(picture, dtype=np.float32) * (look.paper / 255) * light[..., None]
    pixels += noise.normal(0, look.noise, (height, width)).astype(np.float32)[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def printed(lines: Iterable[str], em: int = 36, size: tuple[int, int] = (1240, 1754), left: int = 100) -> Image.Image:
    """A white page with these lines, in the system's own Chinese font. Raises LookupError where it has none."""
    page = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(page), chinese_font(em)
    for number, line in enumerate(lines):
        pen.text((left, 100 + number * em * 1.7), line, font=font, fill=(20, 20, 20))
    return page


def chinese_font(em: int) -> ImageFont.FreeTypeFont:
    """A font with Chinese, found by fontconfig. Raises LookupError where there is none."""
    try:
        command = ["fc-match", "-f", "%{file}\t%{index}\t%{lang}", "sans:lang=zh-cn"]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\t")
    except (OSError, subprocess.CalledProcessError) as error:
        raise LookupError("fontconfig is not installed") from error
    if "zh-cn" not in found[2].split("|"):
        raise LookupError("no font with Chinese is installed")
    return ImageFont.truetype(found[0], em, index=int(found[1]))


def rendered(pdf: Path, dpi: int = 200) -> Iterator[Image.Image]:
    """Every page of a PDF as a picture."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil().convert("RGB")
    finally:
        document.close()


def scan(pdf: Path, target: Path, look: Look, dpi: int = 200, seed: int = 7) -> None:
    """Write a PDF of pictures that has the look of the first one, scanned."""
    pages = (scanned(page, look, seed + number) for number, page in enumerate(rendered(pdf, dpi)))
    next(pages).save(target, "PDF", resolution=dpi, save_all=True, append_images=pages)


if __name__ == "__main__":
    source, written, *rest = sys.argv[1:]
    scan(Path(source), Path(written), LOOKS[rest[0] if rest else "scan"], int(rest[1]) if rest[1:] else 200)
