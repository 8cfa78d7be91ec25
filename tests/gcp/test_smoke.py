"""`make smoke-gcp`: honest without a project, green against servers that keep the promises, red where one does not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from telecom.errors import UsageError
from tests.honesty.documents import ROOT
from tests.loopback.cloud import Cloud
from tools import smoke_gcp


def smoke(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELECOM_")}
    command = [sys.executable, "-m", "tools.smoke_gcp", *options]
    return subprocess.run(command, cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=120)


def test_without_a_project_nothing_is_claimed() -> None:
    done = smoke()
    assert done.returncode == 5
    assert "Nothing was checked" in done.stderr and "TELECOM_PROJECT" in done.stderr
    assert not done.stdout


@pytest.mark.slow
def test_every_check_holds_where_the_cloud_keeps_its_promises(cloud: Cloud, tmp_path: Path) -> None:
    image = "us-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "1" * 64
    home = str(tmp_path / "home")
    done = smoke(**cloud.environment, TELECOM_PROJECT="telecom-test", TELECOM_HOME=home, TELECOM_IMAGE=image)
    free = [check.name for check in smoke_gcp.CHECKS if not check.option]
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in free if re.search(rf"^\s*{name}\s+yes", done.stdout, re.MULTILINE)] == free
    assert "proves nothing about Google Cloud" in done.stderr
    assert cloud.bigquery.engine.rows("telecom_monitoring.llm_feedback").num_rows == 0


def test_a_check_that_does_not_hold_is_said(cloud: Cloud) -> None:
    def refuses(_: object) -> str:
        raise UsageError("The bucket keeps nothing.")

    name, holds, _, found = smoke_gcp.ask(smoke_gcp.Check("objects", "?", refuses), object())  # type: ignore[arg-type]
    assert (name, holds, found) == ("objects", False, "The bucket keeps nothing.")


def test_the_page_lists_the_same_questions() -> None:
    page = (ROOT / "docs/mlops/google-cloud.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w-]+)` \| (.+\?) \|$", page, re.MULTILINE)
    assert listed == [(check.name, check.asks) for check in smoke_gcp.CHECKS]
