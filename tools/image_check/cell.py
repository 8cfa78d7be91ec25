"""Runs commands as the image's container would: its environment only, nobody's rights, nothing writable but /tmp.

With the right to mount (root on a plain Linux machine) the file system is read-only for real. Without it, nobody's lack
of permissions has to do; then other folders that anybody may write to stay so, and the report says it.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

NOBODY = 65534
TMP = Path("/tmp")  # noqa: S108
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"),
    *("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"),
)
MOUNTS = """
mount --bind "$0" /tmp
mount -o remount,bind,ro /
mount -t tmpfs -o ro tmpfs /dev/shm
cd /
exec "$@"
"""


@dataclass(frozen=True)
class Cell:
    """Where the image's commands run.

    Args:
        scratch: a folder; it is the commands' /tmp where mounting is allowed.
        environment: all variables that they see.
        mounts: whether mounting is allowed.
        as_nobody: whether this process may become nobody; it runs as it is otherwise.
    """

    scratch: Path
    environment: Mapping[str, str]
    mounts: bool
    as_nobody: bool

    @property
    def words(self) -> str:
        """How far it goes, for the report."""
        user = "nobody" if self.as_nobody else f"user {os.getuid()}"
        return f"{user}, " + ("read-only by mounts" if self.mounts else "read-only by permissions alone")

    def inside(self, path: Path) -> str:
        """What a command calls a file of the scratch folder."""
        return str(TMP / path.relative_to(self.scratch) if self.mounts else path)

    def start(self, command: Sequence[str], log: IO[bytes], **variables: str) -> subprocess.Popen[bytes]:
        """Starts a command in a session of its own; both outputs go to `log`."""
        return subprocess.Popen(
            self._wrapped(command),
            env=self._seen(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, command: Sequence[str], text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, `text` on its standard input; both outputs are kept together."""
        return subprocess.run(
            self._wrapped(command),
            env=self._seen(variables),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    def _seen(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {**self.environment, **variables}

    def _wrapped(self, command: Sequence[str]) -> tuple[str, ...]:
        # The command's own words are found by the shell, on the image's PATH.
        wrapped = (*AS_NOBODY, *command) if self.as_nobody else tuple(command)
        if not self.mounts:
            return wrapped
        return ("unshare", "--mount", "--propagation", "private", "sh", "-ec", MOUNTS, str(self.scratch), *wrapped)


def cell_for(scratch: Path, environment: Mapping[str, str]) -> Cell:
    """The strictest cell that this process may have."""
    root = os.geteuid() == 0
    mounts = root and subprocess.run(("unshare", "--mount", "true"), capture_output=True).returncode == 0
    if not mounts:
        environment = {**environment, "HOME": str(scratch), "TMPDIR": str(scratch)}
        environment["TELECOM_HOME"] = str(scratch / "telecom")
    scratch.mkdir(mode=0o1777)
    scratch.chmod(0o1777)
    return Cell(scratch, environment, mounts, root and shutil.which("setpriv") is not None)


def freeze(folder: Path) -> None:
    """Takes everybody's right to write away from a folder and all below it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def end(process: subprocess.Popen[bytes], signal_number: int = signal.SIGTERM, patience: float = 30.0) -> int:
    """Signals a process and waits for it; one that stays is killed.

    Returns:
        Its exit code, negative for the signal that killed it.
    """
    process.send_signal(signal_number)
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
