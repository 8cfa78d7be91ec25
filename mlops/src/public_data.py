"""IBM's public Telco sample. Downloads one CSV and checks its digest; writes nothing but that file."""

import hashlib
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from telecom.errors import DependencyUnavailable, InputRefused

# Repository telco-customer-churn-on-icp4d of IBM, Apache-2.0.
URL = "https://raw.githubusercontent.com/IBM/telco-customer-churn-on-icp4d/master/data/Telco-Customer-Churn.csv"
SHA256 = "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"
CUSTOMERS = 7_043
_LIMIT = 10_000_000


@dataclass(frozen=True)
class Fetched:
    """Where the file lies and whether it had to be downloaded."""

    file: str
    customers: int
    sha256: str
    downloaded: bool


def fetch(target: Path, url: str = URL, sha256: str = SHA256, seconds: float = 30.0) -> Fetched:
    """Downloads the file unless it lies there already.

    Raises:
        DependencyUnavailable: the server cannot be reached or answers with an error.
        InputRefused: what came has another digest; nothing is kept.
    """
    if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == sha256:
        return Fetched(str(target), CUSTOMERS, sha256, downloaded=False)
    content = _download(url, seconds)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InputRefused(
            "wrong_digest",
            f"{url} gave {len(content):,} bytes with SHA-256 {found}, expected {sha256}.",
            "The public file has changed or something stands between; compare it by hand before using it.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(target)
    return Fetched(str(target), CUSTOMERS, sha256, downloaded=True)


def _download(url: str, seconds: float) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - a constant https address
            content: bytes = answer.read(_LIMIT)
            return content
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise DependencyUnavailable(
            f"{url} cannot be reached: {error}.", "Without it, `make demo` uses generated customers."
        ) from error
