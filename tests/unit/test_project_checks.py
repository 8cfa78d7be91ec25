"""What looks at the project itself: unknown is never green, and a licence that nobody took is refused."""

import json
from pathlib import Path

import pytest

from tools import dependency_audit, licences

FAULT = {"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"], "aliases": [], "description": ""}


def test_a_skipped_package_is_unknown() -> None:
    found = dependency_audit.judged("a.lock", [{"name": "requests", "skip_reason": "not found"}])
    assert found.unknown == ("requests: not found",) and "UNKNOWN" in found.lines()[0]


def test_a_weak_package_is_named_with_its_remedy() -> None:
    found = dependency_audit.judged("a.lock", [{"name": "requests", "version": "2.19.0", "vulns": [FAULT]}])
    assert found.weak == ("requests 2.19.0: PYSEC-2018-28, mended in 2.20.0",)


def test_an_empty_report_is_unknown() -> None:
    assert dependency_audit.judged("a.lock", []).unknown == ("an empty report",)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, 0),
        ({"dependencies": [{"name": "a", "skip_reason": "not found"}]}, 5),
        ({"dependencies": [{"name": "a", "version": "1", "vulns": [FAULT]}, {"name": "b", "skip_reason": "x"}]}, 4),
        ("the database did not answer", 5),
    ],
)
def test_exit_codes(said: object, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "pip-audit"
    told = said if isinstance(said, str) else json.dumps(said)
    command.write_text(f"#!/bin/sh\ncat <<'END'\n{told}\nEND\n")
    command.chmod(0o755)
    monkeypatch.setattr("sys.argv", ["dependency_audit", str(command), "requirements.lock"])
    if code:
        with pytest.raises(SystemExit) as ended:
            dependency_audit.main()
        assert ended.value.code == code
    else:
        dependency_audit.main()


@pytest.mark.parametrize(
    ("licence", "taken"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0", True),
        ("Apache-2.0 AND CNRI-Python", True),
        ("MIT License\n\nCopyright (c) somebody", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("GPL-3.0", False),
        ("GNU Affero General Public License v3", False),
        ("MIT; GPL-3.0", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_licences(licence: str, taken: bool) -> None:
    found = licences.refused([{"Name": "some", "Version": "1", "License": licence}])
    assert (found == []) is taken
