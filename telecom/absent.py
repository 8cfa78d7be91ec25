"""Packages that a process does without, although they may be installed."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from types import ModuleType

HEAVY = ("pandas", "sklearn")
"""What Arrow, MLflow and XGBoost import wherever it is installed: a second and more that few of our commands use."""


class _Absent(MetaPathFinder):
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in self._names:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def keep_out(*names: str) -> None:
    """From now on, importing one of these says that it is not installed; what is imported already stays."""
    sys.meta_path.insert(0, _Absent(names))


@contextmanager
def without(*names: str) -> Iterator[None]:
    """The same until the block is left."""
    absent = _Absent(names)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        # Not there any more where `let_in` was called meanwhile.
        with suppress(ValueError):
            sys.meta_path.remove(absent)


def let_in() -> None:
    """From now on, whatever was kept out can be imported again."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Absent)]
