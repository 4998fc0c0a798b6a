"""The folder that a dataset is written into, for one run alone, and what may not be written over."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shishen.errors import ShishenError
from shishen.file_lock import locked
from shishen.system_reason import reason_of
from shishen.training.dataset.folder import MANIFEST, WORK


@contextmanager
def claimed(output: Path, *, force: bool) -> Iterator[None]:
    """Make the folder and hold it while a dataset is made in it; hidden files in it are nobody's concern.

    Raises ShishenError where there is a dataset and `force` is not set, or something else, where the disk does not
    take what is written, and Busy where another run writes there.
    """
    _check(output, force)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with locked(output / ".lock", f"另一个进程正在写 {output}；请等它做完，或换一个 --output。"):
            # Between the two somebody else may have finished.
            _check(output, force)
            yield
    except OSError as error:
        raise ShishenError(
            f"写不了 {output}（{reason_of(error)}）；请看看路径、权限和磁盘空间，再运行一次会接着做。"
        ) from error


def _check(output: Path, force: bool) -> None:
    if output.exists() and not output.is_dir():
        raise ShishenError(f"{output} 是文件，不是文件夹；请换一个 --output。")
    if (output / MANIFEST).exists():
        if not force:
            raise ShishenError(f"{output} 里已经有一个数据集；换一个 --output，或加上 --force 重做。")
        return
    others = (path for path in output.glob("*") if not path.name.startswith("."))
    if not (output / WORK).exists() and next(others, None):
        raise ShishenError(f"{output} 里有别的东西；请换一个空的文件夹。")
