"""infra/cloudbuild-*.yaml: valid by the published schema, and their scripts, run with a docker and gcloud that log."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from telecom.cli import app

ROOT = Path(__file__).resolve().parents[2]
FILES = {name: ROOT / f"infra/cloudbuild-{name}.yaml" for name in ("mlops", "llmops")}
BUILDS: dict[str, Any] = {name: yaml.safe_load(file.read_text()) for name, file in FILES.items()}
DIGEST = "sha256:" + "a1" * 32
PUSHED = f"us-central1-docker.pkg.dev/telecom-test-1/telecom-dev/NAME@{DIGEST}"
BOTH = pytest.mark.parametrize("plane", ["mlops", "llmops"])
Run = Callable[..., tuple[int, list[str], str]]
FAKE = """#!/usr/bin/env bash
echo "${0##*/} $*" >> "$LOG"
case "$*" in
  *RepoDigests*) printf '%s\\n' "other.example/NAME@sha256:00" "$PUSHED" ;;
  *' id -u') echo "${USER_INSIDE:-65534}" ;;
  *) ;;
esac
exit "${REFUSE:-0}"
"""


def steps(plane: str) -> dict[str, Any]:
    return {step["id"]: step for step in BUILDS[plane]["steps"]}


def beside(name: str) -> str:
    tool = shutil.which(name, path=Path(sys.executable).parent)
    assert tool, f"{name} is in the extra dev"
    return tool


def checked(file: Path) -> subprocess.CompletedProcess[str]:
    asked = (beside("check-jsonschema"), "--builtin-schema", "vendor.cloudbuild", str(file))
    return subprocess.run(asked, capture_output=True, text=True)


@BOTH
def test_it_is_valid_by_the_published_schema(plane: str) -> None:
    done = checked(FILES[plane])
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "fault", [{"timeout": 60}, {"steps": [{"name": "x", "scripts": "y"}]}, {"options": {"logging": "EVERYWHERE"}}]
)
def test_the_schema_finds_what_is_wrong(tmp_path: Path, fault: dict[str, Any]) -> None:
    (tmp_path / "build.yaml").write_text(yaml.safe_dump({**BUILDS["mlops"], **fault}))
    assert checked(tmp_path / "build.yaml").returncode == 1


@BOTH
def test_it_has_what_the_schema_does_not_ask_for(plane: str) -> None:
    assert set(BUILDS[plane]) == {"substitutions", "options", "timeout", "tags", "steps"}
    for step in BUILDS[plane]["steps"]:
        assert {"id", "name", "waitFor"} < set(step)
        assert ("script" in step) != ("args" in step)
    # Cloud Build attests only what `images` names, which it pushes at the end by tag; a step of ours pushes by digest.
    assert ("requestedVerifyOption" in BUILDS[plane]["options"]) == ("images" in BUILDS[plane])


@BOTH
def test_every_builder_is_a_substitution_pinned_by_digest(plane: str) -> None:
    builders = {step["name"] for step in BUILDS[plane]["steps"]}
    assert builders == {"${_PYTHON}", "${_DOCKER}", "${_TRIVY}", "${_GCLOUD}"}
    for builder in builders:
        assert re.search(r"[^:]@sha256:[0-9a-f]{64}$", BUILDS[plane]["substitutions"][builder.strip("${}")])


def test_both_planes_are_built_with_the_same_builders_and_python() -> None:
    ours, theirs = (BUILDS[plane]["substitutions"] for plane in BUILDS)
    for name in ("_PYTHON", "_DOCKER", "_TRIVY", "_GCLOUD"):
        assert ours[name] == theirs[name]
    assert f"ARG PYTHON_IMAGE={ours['_PYTHON']}\n" in (ROOT / "Dockerfile.churn").read_text()


@BOTH
def test_every_variable_of_a_script_exists(plane: str) -> None:
    known = {*BUILDS[plane]["substitutions"], "PROJECT_ID"}
    for step in BUILDS[plane]["steps"]:
        text = yaml.safe_dump({key: step.get(key) for key in ("name", "script", "args")})
        assert set(re.findall(r"\$\{?(_[A-Z_]+|PROJECT_ID)", text)) <= known
    assert BUILDS[plane]["options"]["automapSubstitutions"]
    assert BUILDS[plane]["options"]["dynamicSubstitutions"]


@BOTH
def test_nothing_is_pushed_untested_and_nothing_deployed_unscanned(plane: str) -> None:
    def before(name: str) -> set[str]:
        waited = set(steps(plane)[name]["waitFor"]) - {"-"}
        return waited.union(*(before(each) for each in waited))

    assert {"test", "build", "run", "scan"} <= before("push")
    assert "push" in before("deploy")
    assert "deploy" in before("release")
    assert {"--exit-code=1", "--severity=HIGH,CRITICAL"} < set(steps(plane)["scan"]["args"])


@BOTH
def test_shellcheck_has_nothing_to_say_about_the_scripts(plane: str, tmp_path: Path) -> None:
    for name, step in steps(plane).items():
        if "script" in step:
            (tmp_path / name).write_text(step["script"])
    done = subprocess.run((beside("shellcheck"), *sorted(tmp_path.iterdir())), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a step's script where `/workspace` is a scratch folder; returns its exit code, the calls, its output."""
    for name in ("docker", "gcloud", ".venv/bin/pytest", "tools/setup.sh"):
        fake = tmp_path / name
        fake.parent.mkdir(parents=True, exist_ok=True)
        fake.write_text(FAKE)
        fake.chmod(0o755)
    (tmp_path / "infra").mkdir()
    shutil.copy(ROOT / "infra/delivery.sh", tmp_path / "infra")
    log = tmp_path / "calls"

    def run(plane: str, step: str, **more: str) -> tuple[int, list[str], str]:
        name = "churn" if plane == "mlops" else "assistant"
        known = {**BUILDS[plane]["substitutions"], "PROJECT_ID": "telecom-test-1", "LOG": str(log)}
        known["_IMAGE"] = f"us-central1-docker.pkg.dev/telecom-test-1/telecom-dev/{name}:build-1"
        known["PUSHED"] = PUSHED.replace("NAME", name)
        done = subprocess.run(
            ("bash", "-c", steps(plane)[step]["script"].replace("/workspace", str(tmp_path))),
            cwd=tmp_path,
            env={**known, "PATH": f"{tmp_path}:{os.environ['PATH']}", **more},
            capture_output=True,
            text=True,
        )
        calls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return done.returncode, calls, done.stdout + done.stderr

    return run


@BOTH
def test_what_was_pushed_is_deployed_by_digest_and_without_traffic(plane: str, run: Run) -> None:
    assert run(plane, "push")[0] == 0
    code, calls, output = run(plane, "deploy")
    assert code == 0, output
    name = "churn" if plane == "mlops" else "assistant"
    assert calls[0].startswith(f"gcloud run services update telecom-{name}-dev --project=telecom-test-1")
    for call in calls:
        assert f"--image={PUSHED.replace('NAME', name)}" in call
        assert "--no-traffic --tag=candidate --container=app" in call or call.startswith("gcloud run jobs update")


def test_the_dispatcher_gets_the_image_for_itself_and_for_what_it_starts(run: Run) -> None:
    run("mlops", "push")
    _, calls, _ = run("mlops", "deploy", _MODEL_VERSION="7")
    churn, dispatcher = calls
    assert churn.endswith("--update-env-vars=TELECOM_SERVING_VERSION=7")
    assert "telecom-dispatcher-dev" in dispatcher
    assert dispatcher.endswith(f"--update-env-vars=TELECOM_IMAGE={PUSHED.replace('NAME', 'churn')}")
    assert "TELECOM_SERVING_VERSION" not in run("mlops", "deploy")[1][0]


@BOTH
def test_an_image_alone_deploys_nothing(plane: str, run: Run) -> None:
    run(plane, "push")
    assert run(plane, "deploy", _UNTIL="image")[:2] == (0, [])
    assert run(plane, "release", _UNTIL="image")[:2] == (0, [])


@pytest.mark.parametrize(
    ("plane", "until", "words"),
    [
        ("mlops", "candidate", "check --service churn"),
        ("mlops", "canary", "canary --service churn --at-once"),
        ("llmops", "candidate", "check --service assistant"),
        ("llmops", "canary", "canary --service assistant --at-once"),
    ],
)
def test_the_release_tools_are_asked_in_their_job_and_their_no_fails_the_build(
    run: Run, plane: str, until: str, words: str
) -> None:
    run(plane, "push")
    code, calls, output = run(plane, "release", _UNTIL=until)
    assert code == 0, output
    assert calls[0].startswith("gcloud run jobs execute telecom-release-dev --project=telecom-test-1")
    assert " --wait " in calls[0]
    asked = calls[0].rpartition(" --args=")[2].split(",")
    assert asked == ["telecom", "release", *words.split()]
    parsed = CliRunner().invoke(app, [*asked[1:], "--help"])
    assert parsed.exit_code == 0, parsed.output
    assert run(plane, "release", _UNTIL=until, REFUSE="4")[0] == 4


def test_the_release_job_runs_what_is_released(run: Run) -> None:
    run("mlops", "push")
    assert not any("run jobs update" in call for call in run("mlops", "deploy")[1])
    updated = run("mlops", "release", _UNTIL="canary")[1][-1]
    assert updated.startswith("gcloud run jobs update telecom-release-dev")
    assert updated.endswith(f"--image={PUSHED.replace('NAME', 'churn')}")
    jobs = (ROOT / "infra/terraform/envs/prod/main.tf").read_text()
    assert '"telecom-release-${var.env}" = {' in jobs


def test_the_dispatcher_follows_only_after_a_canary(run: Run) -> None:
    run("mlops", "push")
    assert len(run("mlops", "release", _UNTIL="candidate")[1]) == 1
    moved = run("mlops", "release", _UNTIL="canary")[1][1]
    assert moved.startswith("gcloud run services update-traffic telecom-dispatcher-dev")
    assert moved.endswith("--to-tags=candidate=100")
    refused = run("mlops", "release", _UNTIL="canary", REFUSE="4")[1]
    assert not any("update" in call for call in refused)


@BOTH
def test_what_a_release_is_stands_in_one_place(plane: str) -> None:
    for name in ("deploy", "release"):
        script = steps(plane)[name]["script"]
        assert "bash infra/delivery.sh " in script and "gcloud" not in script


@BOTH
def test_the_end_says_what_belongs_into_the_inventory(plane: str, run: Run) -> None:
    run(plane, "push")
    code, _, output = run(plane, BUILDS[plane]["steps"][-1]["id"], _UNTIL="canary")
    assert code == 0
    name = "churn" if plane == "mlops" else "assistant"
    assert f'envs/dev/terraform.tfvars: digests.{name} = "{DIGEST}"' in output


@BOTH
def test_a_wrong_word_ends_the_build_at_its_start(plane: str, run: Run) -> None:
    code, calls, output = run(plane, "test", _UNTIL="production")
    assert (code, calls) == (2, [])
    assert "_UNTIL is 'production'" in output
    assert run(plane, "test")[0] == 0


@BOTH
def test_an_image_that_runs_as_somebody_else_fails(plane: str, run: Run) -> None:
    code, calls, _ = run(plane, "run")
    assert code == 0
    assert all("--read-only --tmpfs /tmp --network none --cap-drop ALL" in call for call in calls)
    assert run(plane, "run", USER_INSIDE="0")[0] == 1
