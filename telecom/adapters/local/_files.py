"""Files that are either there whole or not at all, and locks between processes."""

import errno
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from telecom.errors import WarehouseBusy

# ENOENT: of a folder that cannot be made, some file systems say that it does not exist.
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)


def fsync_path(path: Path) -> None:
    """Forces a file's bytes, or a folder's entries, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(source: Path, target: Path) -> None:
    """Moves a finished file into place: bytes first, then the name, then the folder that holds the name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fsync_path(source)
    source.replace(target)
    fsync_path(target.parent)


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A path next to `target` for a file or folder in the making; at the end, on disk, it becomes `target`.

    Whatever goes wrong inside, nothing stays. What killed processes left for the same target is removed first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield part
        for inner in part.rglob("*") if part.is_dir() else ():
            fsync_path(inner)
        replace_file(part, target)
    except BaseException:
        _remove(part)
        raise


def write_json(target: Path, content: Any) -> None:
    """Replaces a JSON file in one step; readers see the old or the new one."""
    with beside(target) as part:
        part.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")


@contextmanager
def exclusive(path: Path, seconds: float, what: str) -> Iterator[None]:
    """Holds a lock that ends with the process, however it ends.

    Raises:
        WarehouseBusy: another process held it for longer than `seconds`; names that process.
    """
    with _open(path) as lock:
        if not _within(seconds, lock, fcntl.LOCK_EX):
            holder = path.read_text("utf-8").strip() or "another process"
            raise WarehouseBusy(
                f"{what} is being written by {holder}; waited {seconds:g} s.",
                "Try again when it has finished, or raise TELECOM_LOCK_SECONDS.",
            )
        if lock.writable():
            lock.truncate(0)
            lock.write(f"process {os.getpid()}")
            lock.flush()
        yield


@contextmanager
def shared(path: Path, seconds: float = 2.0) -> Iterator[None]:
    """Holds a lock together with other readers; waits, at most so many seconds, while files are being removed.

    Where nothing can be written and nobody made the lock, there is nobody to wait for.

    Raises:
        WarehouseBusy: they were still being removed after `seconds`.
    """
    try:
        lock = _open(path)
    except OSError as error:
        if error.errno not in _READ_ONLY or path.exists():
            raise
        yield
        return
    with lock:
        if not _within(seconds, lock, fcntl.LOCK_SH):
            raise WarehouseBusy(f"{path.parent} is being cleared by another process.", "Try again in a moment.")
        yield


@contextmanager
def exclusive_now(path: Path) -> Iterator[bool]:
    """Tries the lock once; yields whether it was free, and if so holds it."""
    with _open(path) as lock:
        yield _try(lock, fcntl.LOCK_EX)


def _open(path: Path) -> IO[str]:
    """The lock's file, made if need be; where nothing can be written, one that exists serves as well."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        if error.errno not in _READ_ONLY or not path.exists():
            raise
        return path.open(encoding="utf-8")


def _within(seconds: float, lock: IO[str], kind: int) -> bool:
    deadline = time.monotonic() + seconds
    while not _try(lock, kind):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def _try(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(target: Path) -> None:
    name = re.compile(rf"\.{re.escape(target.name)}\.(\d+)")
    for path in target.parent.iterdir():
        if (found := name.fullmatch(path.name)) and not _alive(int(found[1])):
            _remove(path)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
