"""Checksums as Cloud Storage writes them."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

BLOCK = 1 << 20


@dataclass(frozen=True)
class Checksums:
    """Size in bytes, CRC32C and MD5 of a file, the latter two in base64 of the big-endian bytes."""

    size: int
    crc32c: str
    md5: str

    def match(self, size: int | None, crc32c: str | None, md5: str | None) -> bool:
        """Whether an object with these properties holds the same bytes. Composed objects have no MD5."""
        return (size, crc32c) == (self.size, self.crc32c) and md5 in (None, self.md5)


def checksums(path: Path) -> Checksums:
    """Reads the file once."""
    crc, md5, size = 0, hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            crc = google_crc32c.extend(crc, block)
            md5.update(block)
            size += len(block)
    return Checksums(size, base64.b64encode(crc.to_bytes(4, "big")).decode(), base64.b64encode(md5.digest()).decode())
