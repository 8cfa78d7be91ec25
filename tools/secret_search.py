"""Nothing that looks like a key in any tracked file, beyond what `.secrets.baseline` excuses.

`python -m tools.secret_search DETECT_SECRETS_HOOK MEMORY` reads every file once: MEMORY holds digests of those in which
nothing was found, each of name, content, baseline and scanner's version. Exits with 1 where something was found.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

BASELINE = Path(".secrets.baseline")
SCANNER = Path("requirements-ci.lock")
MOVED = 3
"""How the hook ends where nothing was found but line numbers of the baseline moved."""


def digests() -> Mapping[str, str]:
    """Digest by name, of every tracked file that is there."""
    rules = hashlib.sha256(BASELINE.read_bytes() + SCANNER.read_bytes()).hexdigest()
    # NUL-separated, because a document of the knowledge base may have any name.
    listed = subprocess.run(("git", "ls-files", "-z"), capture_output=True, check=True).stdout
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    return {name: _digest(rules, name) for name in names if Path(name).is_file()}


def _digest(rules: str, name: str) -> str:
    return hashlib.sha256(b"\0".join((rules.encode(), os.fsencode(name), Path(name).read_bytes()))).hexdigest()


def search(hook: str, names: Sequence[str]) -> tuple[str, ...]:
    """What the hook says of the files in which it finds something, or that it cannot read."""
    count = min(os.cpu_count() or 1, len(names))
    with ThreadPoolExecutor(max(count, 1)) as threads:
        said = threads.map(lambda part: _part(hook, part), [names[first::count] for first in range(count)])
        return tuple(filter(None, said))


def _part(hook: str, names: Sequence[str]) -> str:
    with TemporaryDirectory() as folder:
        # A copy, because the hook writes line numbers that moved into its baseline.
        baseline = shutil.copy(BASELINE, folder)
        done = subprocess.run((hook, "--baseline", baseline, *names), capture_output=True, text=True)
    return "" if done.returncode in (0, MOVED) else done.stdout + done.stderr or f"{hook} ended with {done.returncode}."


def main() -> None:
    """Searches what is new, says what was found, and remembers where nothing was."""
    hook, memory = sys.argv[1], Path(sys.argv[2])
    found = digests()
    known = set(memory.read_text("utf-8").split()) if memory.is_file() else set()
    new = sorted(name for name, digest in found.items() if digest not in known)
    if said := search(hook, new):
        sys.exit("\n".join(said) + "\n→ No secret? Then name it otherwise, or excuse it in .secrets.baseline.")
    written = memory.with_suffix(f".{os.getpid()}")
    written.write_text("\n".join(sorted(found.values())) + "\n", "utf-8")
    written.replace(memory)
    sys.stdout.write(f"No secrets beyond {BASELINE}: {len(found)} files, {len(new)} of them read now.\n")


if __name__ == "__main__":
    main()
