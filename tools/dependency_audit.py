"""Known weaknesses of every locked package. What could not be asked about is unknown, and unknown is not green.

`python -m tools.dependency_audit PIP_AUDIT LOCK…` prints a line per lock file. Exits with 4 where something is weak,
5 where something is unknown, because the database did not answer or does not know a package.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WEAK, UNKNOWN = 4, 5


@dataclass(frozen=True)
class Audit:
    """One lock file: packages asked about, sentences on the weak ones, and why others are unknown."""

    lock: str
    packages: int
    weak: tuple[str, ...]
    unknown: tuple[str, ...]

    def lines(self) -> list[str]:
        """What to print."""
        verdict = "WEAK" if self.weak else "UNKNOWN" if self.unknown else "nothing known"
        counts = f"{self.packages} packages, {len(self.weak)} weak, {len(self.unknown)} unknown"
        return [f"{self.lock:<28} {verdict:<14} {counts}", *(f"  {one}" for one in (*self.weak, *self.unknown[:5]))]


def audit(command: str, lock: Path) -> Audit:
    """Asks about one lock file. Whatever goes wrong on the way leaves it unknown."""
    words = [command, "--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run([*words, "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return Audit(lock.name, 0, (), (last,))
    return judged(lock.name, found)


def judged(lock: str, dependencies: Sequence[dict[str, object]]) -> Audit:
    """The verdict on what pip-audit reports: a skipped package is unknown, an empty report too."""
    weak, unknown = [], []
    for one in dependencies:
        if reason := one.get("skip_reason"):
            unknown.append(f"{one['name']}: {reason}")
        for fault in one.get("vulns") or ():  # type: ignore[attr-defined]
            fixed = ", ".join(fault["fix_versions"]) or "no version yet"
            weak.append(f"{one['name']} {one['version']}: {fault['id']}, mended in {fixed}")
    return Audit(lock, len(dependencies), tuple(weak), tuple(unknown) if dependencies else ("an empty report",))


def closing(found: Sequence[Audit]) -> tuple[str, int]:
    """What all of it comes to, with what to do next, and the exit code."""
    weak, unknown = (sum(bool(getattr(one, kind)) for one in found) for kind in ("weak", "unknown"))
    if weak:
        return (
            f"{weak} of {len(found)} locks hold weak packages.\n→ Raise them in pyproject.toml, then: make lock",
            WEAK,
        )
    if unknown or not found:
        told = f"{unknown} of {len(found)} locks hold packages of which it is unknown whether they are weak: no yes."
        return f"{told}\n→ Where the packages' index can be reached, again: make audit", UNKNOWN
    return f"No weakness is known of any package in {len(found)} locks.", 0


def main() -> None:
    """Audits, prints, and exits as the docstring says."""
    command, *locks = sys.argv[1:]
    found = [audit(command, Path(lock)) for lock in locks]
    sys.stdout.writelines(f"{line}\n" for one in found for line in one.lines())
    sentence, code = closing(found)
    sys.stdout.write(f"{sentence}\n")
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    main()
