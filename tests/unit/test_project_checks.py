"""What looks at the project itself: unknown is never green, and a licence that nobody took is refused."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import dependency_audit, licences

ROOT = Path(__file__).resolve().parents[2]

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
    ("found", "sentence"),
    [
        ([dependency_audit.Audit("a.lock", 1, (), ())], "No weakness is known of any package in 1 locks."),
        (
            [dependency_audit.Audit("a.lock", 1, (), ()), dependency_audit.Audit("b.lock", 0, (), ("no answer",))],
            "1 of 2 locks hold packages of which it is unknown",
        ),
        ([dependency_audit.Audit("a.lock", 1, ("x",), ("y",))], "1 of 1 locks hold weak packages."),
    ],
)
def test_an_audit_ends_with_what_it_comes_to_and_what_to_do(found: list[dependency_audit.Audit], sentence: str) -> None:
    said, code = dependency_audit.closing(found)
    assert said.startswith(sentence) and ("\n→ " in said) is bool(code)


def test_every_lock_is_audited(tmp_path: Path) -> None:
    """Those of the build's packages and of the emulator too."""
    for name in ("tools", ".venv-ci/bin"):
        (tmp_path / name).mkdir(parents=True)
    locks = sorted(path.name for path in ROOT.glob("requirements*.lock"))
    for name in locks:
        (tmp_path / name).touch()
    shutil.copy(ROOT / "tools/security.sh", tmp_path / "tools/security.sh")
    (tmp_path / ".venv-ci/bin/python").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / ".venv-ci/bin/python").chmod(0o755)
    done = subprocess.run((tmp_path / "tools/security.sh", "audit"), capture_output=True, text=True, check=True)
    assert sorted(word for word in done.stdout.split() if word.endswith(".lock")) == locks


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
