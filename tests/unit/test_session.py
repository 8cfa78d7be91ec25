"""One command's world: options as text, streams of any encoding."""

import io
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import typer

from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.session import Session, open_session
from telecom.settings import Settings


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Platform(Settings(home=tmp_path)), datetime(2026, 11, 20, tzinfo=UTC), False)


def test_a_day_is_read_in_one_form(session: Session) -> None:
    assert session.day("2026-10-31") == date(2026, 10, 31)
    assert session.day(None) is None


@pytest.mark.parametrize("value", ["20261031", "2026-W44-6", "2026-10-32", "31.10.2026", " 2026-10-31"])
def test_other_forms_are_quoted_and_refused(session: Session, value: str) -> None:
    with pytest.raises(UsageError, match=f"--snapshot-date '{value}' is not a day"):
        session.day(value)


def test_signs_that_the_encoding_lacks_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    with open_session(False):
        sys.stdout.write("São → 1")
    assert written.getvalue() == b"S?o ? 1"


@pytest.mark.parametrize(
    ("notes", "said"),
    [((), "What was committed stays"), (("Revision a has all requests again.",), "Stopped. Revision a has all")],
)
def test_an_interruption_says_what_happened(
    notes: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = KeyboardInterrupt()
    for note in notes:
        error.add_note(note)
    with pytest.raises(typer.Exit) as ended, open_session(False):
        raise error
    written = capsys.readouterr().err
    assert ended.value.exit_code == 130 and said in written and ("committed" in written) == (not notes)


def test_a_file_in_the_place_of_the_state_folder_ends_with_5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path / "file"))
    with pytest.raises(typer.Exit) as ended, open_session(False) as opened:
        opened.platform.warehouse.query("SELECT 1 AS x")
    assert ended.value.exit_code == 5
