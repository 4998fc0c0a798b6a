"""The lock that whoever calls into PDFium holds, anywhere in the program: PDFium is not thread-safe."""

import ctypes
import threading
from types import TracebackType


class PdfiumLock:
    """A lock under which Ctrl-C stays Ctrl-C.

    Where it comes while ctypes makes the arguments of a call, ctypes raises an ArgumentError of its own instead.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        if isinstance(error, ctypes.ArgumentError) and "KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from None


PDFIUM_LOCK = PdfiumLock()
