"""SQL files: BigQuery SQL that a package keeps beside its code, each read once in a process."""

from functools import cache
from pathlib import Path

from telecom.errors import NotFound


@cache
def read_query(folder: Path, name: str) -> str:
    """The SQL of `<folder>/<name>.sql`.

    Raises:
        NotFound: there is no such file.
    """
    path = folder / f"{name}.sql"
    if not path.is_file():
        raise NotFound(
            f"There is no query {name!r}.",
            f"Known: {', '.join(sorted(p.stem for p in folder.glob('*.sql')))}.",
        )
    return path.read_text("utf-8")
