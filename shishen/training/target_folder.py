"""A folder for what was made of a model: whole or not there, and never in place of something else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shishen.errors import ShishenError
from shishen.full_disk import is_full_disk
from shishen.training.run_folder import whole_folder


@contextmanager
def target_folder(target: Path, marker: str, *, sources: tuple[Path, ...] = (), force: bool = False) -> Iterator[Path]:
    """A folder to write into, that becomes `target` once all is well; nothing is left of a failure.

    With `force` a folder is replaced that has the file `marker`, by which we know it for our own. Raises ShishenError
    where there is something else, where a source would be overwritten, and where the disk is full.
    """
    check_target(target, marker, sources=sources, force=force)
    with whole_folder(target) as partial, _faults_named(target):
        yield partial


def check_target(target: Path, marker: str, *, sources: tuple[Path, ...] = (), force: bool = False) -> None:
    """Raises ShishenError where `target_folder` would."""
    place = target.resolve()
    for source in sources:
        if place == source.resolve() or place in source.resolve().parents:
            raise ShishenError(f"{target} 里有要用的 {source}，不能写在那里；请换一个输出文件夹。")
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        if not force:
            raise ShishenError(f"{target} 已经在那里；换一个输出文件夹，或加 --force 覆盖。")
        if not (target / marker).is_file():
            raise ShishenError(f"{target} 不是这个命令写的（里面没有 {marker}），不覆盖；请换一个输出文件夹。")


@contextmanager
def _faults_named(target: Path) -> Iterator[None]:
    try:
        yield
    except ShishenError:
        raise
    except Exception as error:
        if is_full_disk(error):
            raise ShishenError(f"写 {target} 时磁盘满了，什么也没有留下；请腾出空间，或换一个输出文件夹。") from error
        if isinstance(error, PermissionError):
            raise ShishenError(f"不能写 {target}：没有权限；请换一个输出文件夹。") from error
        raise
