"""A folder of small files, each an answer kept under a digest of what was asked; whatever is broken counts as missing.

Safe for several processes and threads: an entry is written beside its place and moved there whole. What is kept
may be thrown away at any time; it only costs asking again.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from shishen.errors import ShishenError
from shishen.system_reason import reason_of

_DIGEST_BYTES = 16


class ContentCache:
    """Answers by what was asked. The folder is made with the first entry, sub-folders keep it listable."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder).expanduser()

    def get(self, key: str | bytes) -> bytes | None:
        """What was kept under a key; None where nothing was, or where it cannot be read whole any more."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        return content if digest == _digest(content) else None

    def put(self, key: str | bytes, content: bytes) -> None:
        """Keep an answer, in place of an older one. Raises ShishenError where the folder cannot be written."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_digest(content) + content)
            # The checksum stands for an fsync: a power cut may leave a broken entry, which counts as missing.
            Path(name).replace(path)
        except OSError as error:
            with suppress(OSError):
                Path(name).unlink()
            # Windows moves nothing over a file that somebody reads; what stands there answers as well.
            if not (isinstance(error, PermissionError) and self.get(key) is not None):
                raise self._unwritable(error) from error

    def _path(self, key: str | bytes) -> Path:
        name = _digest(key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key).hex()
        return self._folder / name[:2] / name[2:]

    def _unwritable(self, error: OSError) -> ShishenError:
        return ShishenError(
            f"写不进缓存文件夹 {self._folder}（{reason_of(error)}）；请检查权限和磁盘空间，或换一个文件夹。"
        )


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
