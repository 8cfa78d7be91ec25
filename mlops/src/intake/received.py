"""The file as received: copied aside while its bytes are checked, before anything tries to parse them.

The checks look at one chunk at a time and stop at the first fault, so a hostile file costs neither time nor
memory. What is parsed, digested and kept in the lake is the same copy, whatever happens to the sender's file.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from telecom.errors import InputRefused
from telecom.progress import Progress

CHUNK = 1 << 20
MAX_LINE = 64 * 1024
MAX_COLUMNS = 1_000
DELIMITERS = ",;\t|"

_BLANKS = b" \t\r\n"
_LINE_END = re.compile(rb"[\r\n]")
_WIDE = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MAGIC = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "a PDF document"),
    (b"<", "an HTML or XML document"),
    (b"{", "a JSON document"),
    (b"[", "a JSON document"),
)


@dataclass(frozen=True)
class Received:
    """A file whose bytes are fit to be parsed.

    `name` is what the caller called it, `path` our copy, `digest` the SHA-256 in hex, `header` the text of the
    first line that is not blank and `body` the offset just behind it; `breaks` counts CR and LF, so there are at
    most `breaks + 1` records; `quoted` tells whether any quote occurs; `last_byte` is how the file ends.
    """

    name: str
    path: Path
    digest: str
    size: int
    header: str
    body: int
    breaks: int
    quoted: bool
    last_byte: bytes

    @property
    def terminated(self) -> bool:
        """Whether the last line ends with a line break."""
        return self.last_byte in (b"\n", b"\r")


def receive(name: str, source: Path, folder: Path, progress: Progress) -> Received:
    """Copies `source` into `folder` and checks every byte.

    Raises:
        InputRefused: empty_file, not_csv, wrong_encoding, nul_bytes, too_many_columns, line_too_long,
            unreadable_file.
    """
    scan, digest, path = _Scan(name), hashlib.sha256(), folder / "received.csv"
    try:
        reading = stretch(progress, "Checking the bytes", source.stat().st_size)
        with source.open("rb") as incoming, path.open("wb") as copy, reading:
            while chunk := incoming.read(CHUNK):
                scan.take(chunk)
                digest.update(chunk)
                copy.write(chunk)
                progress.advance(len(chunk))
    except OSError as error:
        raise InputRefused(
            "unreadable_file",
            f"The file {name!r} cannot be read or copied: {error.strerror}.",
            "Check its permissions and the free space of the temporary folder.",
        ) from error
    header = scan.finish()
    return Received(
        name,
        path,
        digest.hexdigest(),
        scan.size,
        header,
        scan.body,
        scan.breaks,
        scan.quoted,
        scan.last_byte,
    )


@contextmanager
def stretch(progress: Progress, what: str, total: int | None) -> Iterator[None]:
    """A stretch of work that is reported as over however it ends."""
    progress.start(what, total)
    try:
        yield
    finally:
        progress.stop()


class _Scan:
    """What is known of the bytes so far; keeps no earlier chunk, only an unfinished character."""

    def __init__(self, name: str) -> None:
        self.body = 0
        self.size, self.breaks, self.quoted, self.last_byte = 0, 0, False, b""
        self._name = name
        self._open_line = 0
        self._partial = b""
        self._header = b""

    def take(self, chunk: bytes) -> None:
        """Checks the next bytes."""
        first = self.size == 0
        if first:
            _check_beginning(self._name, chunk)
        self._check_nul(chunk)
        if first:
            self._find_header(chunk)
        self._check_lines(chunk)
        self._check_utf8(chunk)
        self.size += len(chunk)
        self.breaks += chunk.count(b"\n") + chunk.count(b"\r")
        self.quoted = self.quoted or b'"' in chunk
        self.last_byte = chunk[-1:]
        if first:
            self._header = chunk[: self.body].removeprefix(codecs.BOM_UTF8).strip(_BLANKS)

    def finish(self) -> str:
        """The text of the header, once all bytes were seen.

        Raises:
            InputRefused: nothing but blanks, or the last character is cut.
        """
        if self._partial:
            raise self._not_utf8(self.size - len(self._partial), self._partial)
        if not self._header:
            raise InputRefused(
                "empty_file",
                f"The file {self._name!r} holds no header and no records.",
                "Send the complete extract.",
            )
        return self._header.decode("utf-8")

    def _check_nul(self, chunk: bytes) -> None:
        if (at := chunk.find(b"\0")) >= 0:
            raise InputRefused(
                "nul_bytes",
                f"The file {self._name!r} holds a NUL byte at byte {self.size + at}.",
                "Export it again as UTF-8; UTF-16 without a mark and files cut by a crash look like this.",
            )

    def _find_header(self, chunk: bytes) -> None:
        """The first line that is not blank; it must start within the first chunk."""
        text = chunk.removeprefix(codecs.BOM_UTF8)
        start = len(chunk) - len(text.lstrip(_BLANKS))
        end = _LINE_END.search(chunk, start)
        self.body = end.start() if end else len(chunk)
        columns = 1 + max(chunk.count(mark.encode(), start, self.body) for mark in DELIMITERS)
        if columns > MAX_COLUMNS:
            raise InputRefused(
                "too_many_columns",
                f"The header of {self._name!r} has {columns:,} columns or more; at most {MAX_COLUMNS:,} are read.",
                "Send only the columns of the contract.",
            )

    def _check_lines(self, chunk: bytes) -> None:
        """Jumps from line end to line end, as far as a line may reach; where none is in reach, it is too long."""
        start = -self._open_line
        while start + MAX_LINE < len(chunk):
            end = _last_break(chunk, max(start, 0), start + MAX_LINE + 1)
            if end < 0:
                raise InputRefused(
                    "line_too_long",
                    f"The line of {self._name!r} that starts at byte {self.size + start} "
                    f"is longer than {MAX_LINE:,} bytes.",
                    "Check that the records end with line breaks.",
                )
            start = end + 1
        end = _last_break(chunk, max(start, 0), len(chunk))
        self._open_line = len(chunk) - (end + 1 if end >= 0 else start)

    def _check_utf8(self, chunk: bytes) -> None:
        data = self._partial + chunk
        if data.isascii():
            self._partial = b""
            return
        try:
            _, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError as error:
            raise self._not_utf8(self.size - len(self._partial) + error.start, data[error.start : error.end]) from error
        self._partial = data[used:]

    def _not_utf8(self, at: int, value: bytes) -> InputRefused:
        return InputRefused(
            "wrong_encoding",
            f"The file {self._name!r} is not UTF-8: byte {at} is 0x{value[:1].hex()}.",
            "Export it as UTF-8; Latin-1 and Windows-1252 files look like this.",
        )


def _check_beginning(name: str, chunk: bytes) -> None:
    """Refuses what is recognisably something else."""
    for mark, encoding in _WIDE:
        if chunk.startswith(mark):
            raise InputRefused(
                "wrong_encoding",
                f"The file {name!r} is {encoding}: it starts at byte 0 with the mark 0x{mark.hex()}.",
                "Export it as UTF-8.",
            )
    text = chunk.removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS)
    for mark, kind in _MAGIC:
        if chunk.startswith(mark) or text.startswith(mark):
            raise InputRefused(
                "not_csv",
                f"The file {name!r} is {kind}, not CSV: it starts with {text[:8]!r}.",
                "Send the CSV itself, unpacked.",
            )


def _last_break(chunk: bytes, start: int, end: int) -> int:
    return max(chunk.rfind(b"\n", start, end), chunk.rfind(b"\r", start, end))
