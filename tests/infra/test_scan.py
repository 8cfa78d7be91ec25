"""tools/infra_scan: skips need reasons, checkov's answers are read rightly, an empty folder is not a clean one."""

import json
from pathlib import Path

import pytest

from telecom.errors import DependencyUnavailable, TelecomError, UsageError
from tests.infra.plans import LABELS, change, write
from tools.infra_scan.__main__ import CHECKOV, CONFIG, TREE, main
from tools.infra_scan.scan import read_report, scan
from tools.infra_scan.skips import read_skips

REASON = "Google's own keys are enough for generated data."
BUCKET = """
resource "google_storage_bucket" "this" {
  name                        = "b"
  location                    = "us-central1"
  uniform_bucket_level_access = false
}
"""


def config(folder: Path, text: str) -> Path:
    path = folder / ".checkov.yaml"
    path.write_text(text)
    return path


def test_no_skip_of_ours_lacks_a_reason() -> None:
    read_skips(CONFIG, TREE)


def test_skips_are_read_with_their_reasons(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text(f"resource x y {{\n  # checkov:skip=CKV2_GCP_24:{REASON}\n}}\n")
    found = read_skips(config(tmp_path, f"skip-check:\n  - CKV_GCP_62  # {REASON}\n"), tmp_path)
    assert [(skip.check, skip.where, skip.reason) for skip in found] == [
        ("CKV_GCP_62", ".checkov.yaml:2", REASON),
        ("CKV2_GCP_24", "m/main.tf:2", REASON),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "skip-check:\n  - CKV_GCP_62\n",
        "skip-check:\n  - CKV_GCP_62  # because\n",
        f"skip-check:\n  - CKV_GCP_*  # {REASON}\n",
        f"skip-check:\n  - LOW  # {REASON}\n",
        f"skip-check: [CKV_GCP_62, CKV_GCP_63]  # {REASON}\n",
        f"skip-check:\n  - CKV_GCP_62,CKV_GCP_63  # {REASON}\n",
        f"skip-path:\n  - modules  # {REASON}\n",
        "soft-fail: true\n",
        "[",
    ],
)
def test_a_blanket_skip_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read_skips(config(tmp_path, text), tmp_path)


@pytest.mark.parametrize(
    "comment", ["checkov:skip=CKV_GCP_62", "checkov:skip=CKV_GCP_62:", "bridgecrew:skip=CKV_GCP_62:no"]
)
def test_a_skip_in_a_file_needs_a_reason_too(tmp_path: Path, comment: str) -> None:
    (tmp_path / "main.tf").write_text(f"# {comment}\n")
    with pytest.raises(UsageError, match="CKV_GCP_62"):
        read_skips(config(tmp_path, "skip-check: []\n"), tmp_path)


def test_reports_of_several_frameworks_are_one_scan() -> None:
    failed = {"check_id": "CKV_GCP_1", "resource": "a.b", "file_path": "/m/main.tf", "file_line_range": [3, 5]}
    one = {
        "summary": {"resource_count": 2, "passed": 5, "failed": 1, "skipped": 1},
        "results": {"failed_checks": [failed | {"check_name": "n"}], "parsing_errors": ["x.tf"]},
    }
    nothing = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0}
    found = read_report([one, nothing], "t")
    assert (found.resources, found.passed, found.skipped, found.unreadable) == (2, 5, 1, ("x.tf",))
    assert [(failure.check, failure.place) for failure in found.failures] == [("CKV_GCP_1", "m/main.tf:3")]


@pytest.mark.parametrize("named", [True, False])
def test_a_file_that_checkov_cannot_read_is_told(named: bool) -> None:
    results = {"results": {"failed_checks": [], "parsing_errors": ["x.tf"] if named else []}}
    found = read_report({"summary": {"resource_count": 2, "parsing_errors": 1}, **results}, "t")
    assert len(found.unreadable) == 1


def test_a_missing_checkov_is_said_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(DependencyUnavailable, match=r"tools/setup\.sh"):
        scan(tmp_path / "checkov", tmp_path, CONFIG, TREE)


def test_a_checkov_that_breaks_off_is_no_clean_scan(tmp_path: Path) -> None:
    broken = tmp_path / "checkov"
    broken.write_text("#!/bin/sh\necho no >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(TelecomError, match="broke off"):
        scan(broken, tmp_path, CONFIG, TREE)


needs_checkov = pytest.mark.skipif(not CHECKOV.is_file(), reason="checkov is not installed here: make infra-scan")


@needs_checkov
def test_checkov_itself_reads_terraform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    skipped = "".join(f"  - {check}  # {REASON}\n" for check in ("CKV_GCP_62", "CKV_GCP_78", "CKV_GCP_114"))
    (tmp_path / "main.tf").write_text(BUCKET)
    done = main([str(tmp_path), "--config", str(config(tmp_path, "skip-check:\n" + skipped)), "--json"])
    (found,) = json.loads(capsys.readouterr().out)["scans"]
    assert done == 4 and [failure["check"] for failure in found["failures"]] == ["CKV_GCP_29"]


@needs_checkov
def test_checkov_itself_reads_plans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, change("google_storage_bucket", {"uniform_bucket_level_access": False, "labels": LABELS}))
    assert main([str(path), "--json"]) == 4
    (found,) = json.loads(capsys.readouterr().out)["scans"]
    assert "CKV_GCP_29" in {failure["check"] for failure in found["failures"]}


def test_an_empty_folder_is_not_a_clean_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = tmp_path / "checkov"
    nothing.write_text('#!/bin/sh\necho \'{"passed": 0, "failed": 0, "resource_count": 0}\'\n')
    nothing.chmod(0o755)
    assert main([str(tmp_path), "--checkov", str(nothing), "--json"]) == 2
    assert "no resource" in json.loads(capsys.readouterr().out)["error"]["message"]
