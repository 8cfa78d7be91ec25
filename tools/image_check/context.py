"""What a build may see of the checkout (`.dockerignore`), and COPY."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath


class Context:
    """A checkout as a build sees it.

    Args:
        root: the checkout.
        patterns: lines of `.dockerignore`; the last that matches a path or a folder above it decides.
    """

    def __init__(self, root: Path, patterns: Sequence[str]) -> None:
        self.root = root
        self._rules = [
            (_expression(line.removeprefix("!").strip("/")), not line.startswith("!"))
            for line in (raw.strip() for raw in patterns)
            if line and not line.startswith("#")
        ]

    @classmethod
    def of(cls, root: Path) -> "Context":
        """The context of a checkout, by its own `.dockerignore`."""
        return cls(root, (root / ".dockerignore").read_text("utf-8").splitlines())

    def holds(self, name: str) -> bool:
        """Whether a file, named from the root, goes into the build."""
        path = PurePosixPath(name)
        above = [str(path), *(str(folder) for folder in path.parents if str(folder) != ".")]
        ignored = False
        for expression, ignores in self._rules:
            if any(expression.fullmatch(part) for part in above):
                ignored = ignores
        return not ignored

    def copy(self, sources: Sequence[str], target: str, folder: Path) -> int:
        """COPY into `folder`, the stage's working directory; returns how many files it took.

        Raises:
            FileNotFoundError: a source that the build does not see.
        """
        taken = 0
        for source in sources:
            found = [path for path in self._files(self.root / source) if self.holds(self._name(path))]
            if not found:
                raise FileNotFoundError(f"COPY {source}: there is no such file in the build's context.")
            for path in found:
                below = path.relative_to(self.root / source) if path != self.root / source else Path(path.name)
                inside = Path(target) / below if target.endswith("/") or (self.root / source).is_dir() else Path(target)
                (folder / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, folder / inside)
            taken += len(found)
        return taken

    def _files(self, source: Path) -> list[Path]:
        return sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _expression(pattern: str) -> re.Pattern[str]:
    """`*` within a folder, `**/` through folders."""
    parts = re.split(r"(\*\*/|\*)", pattern)
    meaning = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))
