"""Names of files on this machine, as people type them: both backends read those."""

from pathlib import Path
from urllib.parse import unquote

from telecom.errors import InputRefused, NotFound


def find_file(name: str, *roots: Path) -> Path:
    """The file that a name stands for: a path or `file://…`, one below the user's home, or one below a root.

    Raises:
        NotFound: there is no such file.
        InputRefused: not_a_file, where the path leads to a folder or a device.
    """
    path = Path(unquote(name.removeprefix("file://"))) if name.startswith("file://") else Path(name)
    found = _existing(path, roots)
    if found is None:
        raise NotFound(f"There is no file {name!r}.", "Check the path; it is read relative to the working directory.")
    if not found.is_file():
        raise InputRefused("not_a_file", f"{name!r} is not a regular file.", "Name one file.")
    return found


def _existing(path: Path, roots: tuple[Path, ...]) -> Path | None:
    try:
        return next((found for found in (path.expanduser(), *(root / path for root in roots)) if found.exists()), None)
    except (OSError, RuntimeError, ValueError):
        return None
