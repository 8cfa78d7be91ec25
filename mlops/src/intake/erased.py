"""Records of people who were erased: left out before anything else is made of a file."""

from dataclasses import replace
from pathlib import Path

from mlops.src.intake.received import Received
from telecom.customer_files import take_customers_out
from telecom.erasures import Erased

REASON = "erased"


def without_erased(received: Received, erased: Erased | None, folder: Path) -> tuple[Received, int]:
    """The file without them, and how many records they had; the digest stays that of the file as received.

    The same file gives the same bytes whenever it comes, as long as nobody else is erased.
    """
    if erased is None:
        return received, 0
    path = folder / "without-erased.csv"
    taken = take_customers_out(received.path, path, erased.__contains__)
    if not taken.records:
        return received, 0
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(size - 1, 0))
        last_byte = stream.read(1)
    left = replace(received, path=path, size=size, breaks=received.breaks - taken.breaks, last_byte=last_byte)
    return left, taken.records
