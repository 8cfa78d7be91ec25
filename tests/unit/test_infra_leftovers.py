"""What is found after a destroy, with a gcloud on PATH that answers from a file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import infra_leftovers
from tools.infra_leftovers import Leftover, leftovers

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "telecom-test-1"
OURS = {"app": "telecom-ml-llmops", "env": "dev"}
GCLOUD = """#!{python} -IS
import json, sys

here = {folder!r}
with open(here + "/calls.jsonl", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
answers = json.load(open(here + "/answers.json"))
answer = answers.pop(0) if len(answers) > 1 else answers[0]
json.dump(answers, open(here + "/answers.json", "w"))
if isinstance(answer, str):
    sys.exit(answer)
print(json.dumps(answer))
"""
Run = Callable[..., tuple[int, str, list[list[str]]]]


def asset(kind: str, name: str, **more: Any) -> dict[str, Any]:
    service, _, _ = kind.partition("/")
    service = f"{service}.googleapis.com"
    return {"assetType": f"{service}/{kind.partition('/')[2]}", "name": f"//{service}/{name}", **more}


BUCKET = asset("storage/Bucket", f"{PROJECT}-dev-bronze", labels=OURS)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command in a process of its own; `answers` are gcloud's, one after the other."""
    fake = tmp_path / "gcloud"
    fake.write_text(GCLOUD.format(python=sys.executable, folder=str(tmp_path)))
    fake.chmod(0o755)

    def run(*answers: Any, wait: str = "0", path: str = "") -> tuple[int, str, list[list[str]]]:
        (tmp_path / "answers.json").write_text(json.dumps(answers))
        done = subprocess.run(
            (sys.executable, "-m", "tools.infra_leftovers", "--project", PROJECT, "--env", "dev", "--wait", wait),
            cwd=ROOT,
            env={"PATH": path or f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        log = tmp_path / "calls.jsonl"
        calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return done.returncode, done.stdout + done.stderr, calls

    return run


def test_an_empty_project_passes(run: Run) -> None:
    code, output, calls = run([])
    assert code == 0, output
    assert f"Nothing of ours is left of dev in {PROJECT}" in output
    assert [call[:3] for call in calls] == [["asset", "search-all-resources", f"--scope=projects/{PROJECT}"]]


def test_what_is_left_is_named_and_fails(run: Run) -> None:
    code, output, _ = run([BUCKET])
    assert code == 1
    assert f"storage.googleapis.com/Bucket  {PROJECT}-dev-bronze  (by label)" in output
    assert "1 resources of ours are left" in output


def test_it_asks_again_while_the_inventory_lags(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, pauses = [[BUCKET], [BUCKET], []], list[float]()
    monkeypatch.setattr(infra_leftovers, "inventory", lambda project: answers.pop(0))
    monkeypatch.setattr("time.sleep", pauses.append)
    assert infra_leftovers.main(["--project", PROJECT, "--env", "dev", "--wait", "600"]) == 0
    assert answers == [] and len(pauses) == 2


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("ERROR: SERVICE_DISABLED: Cloud Asset API", "→ gcloud services enable cloudasset.googleapis.com"),
        ("ERROR: PERMISSION_DENIED", "→ Ask for roles/cloudasset.viewer"),
        ("ERROR: Please run: $ gcloud auth login", "→ gcloud auth login"),
    ],
)
def test_an_inventory_that_does_not_answer_is_not_an_empty_one(run: Run, words: str, remedy: str) -> None:
    code, output, _ = run(words)
    assert code == 5
    assert remedy in output


def test_without_gcloud_it_says_that_nothing_was_looked_for(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, output, _ = run([], path=str(empty))
    assert code == 5
    assert "GCLOUD IS MISSING: NOTHING WAS LOOKED FOR." in output


@pytest.mark.parametrize(
    "theirs",
    [
        asset("storage/Bucket", f"{PROJECT}-tfstate"),
        asset("cloudresourcemanager/Project", f"projects/{PROJECT}"),
        asset("serviceusage/Service", f"projects/{PROJECT}/services/run"),
        asset("compute/Network", f"projects/{PROJECT}/global/networks/default"),
        asset("iam/ServiceAccount", f"projects/x/serviceAccounts/1@{PROJECT}.iam.gserviceaccount.com"),
        asset("iam/ServiceAccount", "projects/x/serviceAccounts/telecom-mlops-prod@x.iam.gserviceaccount.com"),
        asset("run/Service", "projects/x/services/a", labels={**OURS, "env": "prod"}),
        asset("pubsub/Topic", "projects/x/topics/telecommute"),
        {**BUCKET, "state": "DELETED"},
    ],
    ids=lambda each: each["name"].rpartition("/")[2],
)
def test_what_is_not_ours_or_meant_to_stay_is_not_listed(theirs: dict[str, Any]) -> None:
    assert leftovers([theirs], PROJECT, "dev") == []


def test_what_takes_no_labels_is_known_by_its_name() -> None:
    account = "telecom-mlops-dev@telecom-test-1.iam.gserviceaccount.com"
    found = leftovers(
        [
            asset("iam/ServiceAccount", f"projects/{PROJECT}/serviceAccounts/{account}"),
            asset("bigquery/Dataset", f"projects/{PROJECT}/datasets/telecom_gold"),
            asset("aiplatform/Model", "projects/1/locations/r/models/telco-churn"),
        ],
        PROJECT,
        "dev",
    )
    assert found == [
        Leftover("aiplatform.googleapis.com/Model", "locations/r/models/telco-churn", "name"),
        Leftover("bigquery.googleapis.com/Dataset", "datasets/telecom_gold", "name"),
        Leftover("iam.googleapis.com/ServiceAccount", f"serviceAccounts/{account}", "name"),
    ]
