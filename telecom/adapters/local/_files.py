"""Files that are either there whole or not at all, and locks between processes."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from telecom.errors import WarehouseBusy


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


def write_json(target: Path, content: Any) -> None:
    """Replaces a JSON file in one step; readers see the old or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")
    replace_file(beside, target)


@contextmanager
def exclusive(path: Path, seconds: float, what: str) -> Iterator[None]:
    """Holds a lock that ends with the process, however it ends.

    Raises:
        WarehouseBusy: another process held it for longer than `seconds`; names that process.
    """
    with _open(path) as lock:
        deadline = time.monotonic() + seconds
        while not _try(lock, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                holder = path.read_text("utf-8").strip() or "another process"
                raise WarehouseBusy(
                    f"{what} is being written by {holder}; waited {seconds:g} s.",
                    "Try again when it has finished, or raise TELECOM_LOCK_SECONDS.",
                )
            time.sleep(0.02)
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Holds a lock together with other readers; waits only while files are being removed."""
    with _open(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def exclusive_now(path: Path) -> Iterator[bool]:
    """Tries the lock once; yields whether it was free, and if so holds it."""
    with _open(path) as lock:
        yield _try(lock, fcntl.LOCK_EX)


def _open(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8")


def _try(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
