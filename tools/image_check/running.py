"""An image's own command as a running service, and what may be asked of it."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.image_check.image import Image, NotPassed, passed

READY_SECONDS = 30.0


@dataclass(frozen=True)
class Running:
    """A started service.

    Args:
        process: of the command.
        port: where it listens.
        began: when it was started, on the monotonic clock.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    began: float

    def wait(self, path: str) -> float:
        """Seconds until the path was answered.

        Raises:
            NotPassed: the service ended, or did not answer in time.
        """
        while time.monotonic() < self.began + READY_SECONDS:
            if self.process.poll() is not None:
                raise NotPassed(f"The service ended with {self.process.returncode}.")
            try:
                self.ask(path)
                return time.monotonic() - self.began
            except OSError:
                time.sleep(0.02)
        raise NotPassed(f"The service was not healthy within {READY_SECONDS:.0f} s.")

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The parsed answer to GET, or to POST with a body of JSON; a refusal raises HTTPError."""
        data = json.dumps(body).encode() if body else None
        address = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (the address stands above)
            return json.loads(answer.read())

    def resident_mb(self) -> float:
        """Memory of the process, in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def mapped(self, packages: tuple[str, ...]) -> list[str]:
        """Those packages of which the process has mapped a compiled file."""
        maps = Path(f"/proc/{self.process.pid}/maps").read_text("utf-8")
        return [name for name in packages if f"/site-packages/{name}/" in maps]


@contextmanager
def serving(image: Image, variable: str, variables: Mapping[str, str]) -> Iterator[Running]:
    """The image's own command on a free port, which `variable` names; killed at the end if it still runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    log = image.cell.scratch.parent / "service.log"
    with log.open("wb") as stream:
        process = image.cell.start(image.built.command, stream, **{variable: str(port), **variables})
        try:
            yield Running(process, port, time.monotonic())
        except (NotPassed, urllib.error.URLError) as error:
            raise NotPassed(f"{error} The service said: {log.read_text('utf-8')[-1500:]}") from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def health_checked(image: Image, running: Running, variable: str) -> int:
    """What the image's HEALTHCHECK gives for a dead port; it was tried on the service, too.

    Raises:
        NotPassed: the service is not healthy by it, or a dead port is.
    """
    passed(image.cell.run(image.built.healthcheck, **{variable: str(running.port)}), "HEALTHCHECK")
    sick = image.cell.run(image.built.healthcheck, **{variable: "1"}).returncode
    if not sick:
        raise NotPassed("HEALTHCHECK calls a dead port healthy.")
    return sick
