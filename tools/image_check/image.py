"""What the checks look at, and how they say no."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.image_check.building import Built
from tools.image_check.cell import Cell

HERE = Path(__file__).parent


class NotPassed(Exception):
    """A check did not pass; the message is for the report."""


@dataclass(frozen=True)
class Image:
    """What the checks look at.

    Args:
        root: the checkout.
        built: what the build left.
        cell: where commands run.
    """

    root: Path
    built: Built
    cell: Cell

    @property
    def packages(self) -> Path:
        """The site-packages folder."""
        (found,) = self.built.prefix.glob("lib/python3.*/site-packages")
        return found

    def probe(self, name: str, *arguments: str) -> str:
        """The output of one of the scripts here, run by the image's Python.

        Raises:
            NotPassed: it failed.
        """
        done = self.cell.run(("python3", "-", *arguments), text=(HERE / name).read_text("utf-8"))
        return passed(done, name)


def passed(done: subprocess.CompletedProcess[str], what: str) -> str:
    """The output of a command that succeeded.

    Raises:
        NotPassed: it did not.
    """
    if done.returncode:
        raise NotPassed(f"{what} ended with {done.returncode}: {done.stdout[-1500:]}")
    return done.stdout
