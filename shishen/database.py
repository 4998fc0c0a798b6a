"""One SQLite file: a connection a thread, transactions, and its faults in words that name the fix."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

from shishen.errors import ShishenError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_CLOSED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
_WAYS_TO_READ = ("mode=ro", "mode=ro&immutable=1")


class _Held:
    """A thread's connection; it is closed with the thread, whose end drops this object."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Database:
    """The SQLite file `path`, for any number of threads and processes.

    A file that cannot be written is opened for reading; writing then raises ShishenError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._held: WeakSet[_Held] = WeakSet()
        self._holding = threading.Lock()
        self._writing = threading.Lock()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Raises sqlite3.Error where the file cannot even be read."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = _Held(_open(self.path))
            self._local.held = held
            with self._holding:
                self._held.add(held)
        return held.connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; one at a time. Raises ShishenError where the file cannot be written."""
        connection = self.connection
        with self._writing:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                # The disk is full or fails, or another process writes for a minute on end; nothing is half done.
                raise ShishenError(explain(self.path, error)) from error
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close every connection; the database is of no use afterwards."""
        with self._holding:
            for held in list(self._held):
                held.connection.close()
        self._local = threading.local()


def explain(path: Path, error: sqlite3.Error) -> str:
    """What SQLite complains of, in one line that names the fix."""
    # Extended codes have the plain one in their last byte.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"打不开菜谱库 {path}（{error}）；请换一个 SHISHEN_HOME，或看看权限。"
    if code == sqlite3.SQLITE_READONLY:
        return f"菜谱库 {path} 是只读的（{error}）；要写就改权限，或换一个 SHISHEN_HOME。"
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"写不进菜谱库 {path}（{error}）；请看看磁盘空间，再试一次。"
    if code in _BUSY:
        return f"菜谱库 {path} 一直有别的进程在写（{error}）；请稍后再试。"
    if code == sqlite3.SQLITE_CORRUPT:
        return f"菜谱库 {path} 坏了（{error}）；请恢复备份，或换一个 SHISHEN_HOME 重新加入菜谱。"
    return f"{path} 不是食神的菜谱库（{error}）；请换一个 SHISHEN_HOME 或恢复备份。"


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path, _to_write)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _CLOSED or not path.is_file():
            raise
        first = error
    for way in _WAYS_TO_READ:
        # Without a place for its journal SQLite reads a file only when told that nobody will change it.
        try:
            return _connect(f"{path.resolve().as_uri()}?{way}", _to_read)
        except sqlite3.OperationalError:
            continue
    raise first


def _connect(name: Path | str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        name, timeout=60, isolation_level=None, check_same_thread=False, uri=isinstance(name, str)
    )
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _to_read(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _to_write(connection: sqlite3.Connection, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            # Where two processes make one database at once, SQLite does not wait of itself.
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
