"""GitHub's files: valid, pinned, with least permissions, and nothing but verbs of the Makefile in their commands."""

import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows.github import EXPRESSION, FILES, FOLDER, ROOT, action, jobs, needs, resolved, steps, text, workflow
from tests.workflows.walking import ATTESTED

EACH = pytest.mark.parametrize("name", FILES)
COMMANDS = [(name, key, step["run"]) for name, key, step in steps() if "run" in step]
LINE = re.compile(r'make [a-z][a-z-]*( [A-Z]+=("[^"$`\\]*"|[\w./:-]+))*')
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
VERBS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.MULTILINE))
TAG = "github.ref_type == 'tag' && 'prod' || 'dev'"
STATISTICS = (
    "!cancelled() && github.event_name == 'push' && github.ref == 'refs/heads/main' && vars.TELECOM_TEST_STATS == 'on'"
)
TRUSTED = re.compile(
    r"vars\.[A-Z_]+( \|\| '(us-central1|gemini)')?|steps\.built\.outputs\.(name|digest|image)"
    r"|needs\.(image\.outputs\.image|models\.outputs\.version)|steps\.chosen\.outputs\.version"
    rf"|github\.ref|github\.event_name == 'pull_request'|{re.escape(TAG)}|{re.escape(STATISTICS)}"
    r"|!cancelled\(\)( && steps\.evaluation\.outcome != 'skipped')?"
    r"|!failure\(\) && !cancelled\(\)|failure\(\) \|\| cancelled\(\)"
    rf"|{re.escape(ATTESTED[4:-3])}"
)
"""What an expression may say: nothing that whoever opens a pull request chooses, and no secret."""
PERMISSIONS = {
    ("ci", "statistics"): {"contents": "read", "id-token": "write"},
    ("cd-ml", "image"): {"contents": "read", "id-token": "write", "attestations": "write"},
    ("cd-llm", "image"): {"contents": "read", "id-token": "write", "attestations": "write"},
    **{("cd-ml", key): {"contents": "read", "id-token": "write"} for key in ("plan", "estate", "models", "release")},
    **{("cd-llm", key): {"contents": "read", "id-token": "write"} for key in ("release", "knowledge")},
}
"""By job; all others read the code and nothing else."""


def tool(name: str) -> str:
    found = shutil.which(name, path=Path(sys.executable).parent)
    assert found, f"{name} is in the extra dev"
    return found


def checked(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    words = (tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *map(str, files))
    return subprocess.run(words, capture_output=True, text=True)


def test_there_are_these_and_no_others() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.yml" for name in FILES}


def test_they_are_valid_by_the_published_schemas() -> None:
    done = checked("github-workflows", *(FOLDER / f"{name}.yml" for name in FILES))
    assert done.returncode == 0, done.stdout
    done = checked("dependabot", ROOT / ".github/dependabot.yml")
    assert done.returncode == 0, done.stdout


def test_the_schema_finds_what_is_wrong(tmp_path: Path) -> None:
    right = {key: value for key, value in workflow("ci").items() if key is not True}
    faults: dict[str, dict[str, Any]] = {
        "permissions": {"permissions": {"contents": "own"}},
        "steps": {"jobs": {"a": {"steps": []}}},
        "on": {"on": "tuesday"},
        "none": {},
    }
    files = {name: tmp_path / f"{name}.yml" for name in faults}
    for name, fault in faults.items():
        files[name].write_text(yaml.safe_dump(right | fault))
    done = checked("github-workflows", *files.values())
    assert done.returncode == 1
    assert {name for name, path in files.items() if f"{path}::" in done.stdout} == faults.keys() - {"none"}, done.stdout


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    words = (tool("zizmor"), "--offline", "--no-progress", "--strict-collection", "--persona", "auditor", str(folder))
    return subprocess.run(words, capture_output=True, text=True)


def test_zizmor_has_nothing_to_say() -> None:
    done = zizmor(ROOT / ".github")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("run: make check", 'run: echo "${{ github.event.pull_request.title }}"', "template-injection"),
        ("persist-credentials: false", "persist-credentials: true", "artipacked"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
    ],
)
def test_zizmor_finds_what_is_wrong(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    assert right in text("ci")
    (folder / "ci.yml").write_text(text("ci").replace(right, wrong, 1))
    done = zizmor(tmp_path / ".github")
    assert done.returncode != 0 and said in done.stdout


@pytest.mark.parametrize(("name", "key", "command"), COMMANDS)
def test_a_command_is_one_verb_that_make_knows(name: str, key: str, command: str) -> None:
    assert LINE.fullmatch(command), command
    _, verb, *given = shlex.split(command)
    assert verb in VERBS
    assert {word.partition("=")[0] for word in given} <= VARIABLES
    done = subprocess.run(["make", "-n", verb, *given], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr


def test_what_a_step_hands_to_make_is_a_variable_of_the_makefile_or_of_ours() -> None:
    handed = {key for _, _, step in steps() for key in step.get("env", {})}
    handed |= {key for name in FILES for job in jobs(name).values() for key in job.get("env", {})}
    assert all(key in VARIABLES or key.startswith("TELECOM_") for key in handed)


@EACH
def test_an_expression_says_nothing_that_a_stranger_chooses(name: str) -> None:
    found = {expression for expression in EXPRESSION.findall(text(name)) if not TRUSTED.fullmatch(expression)}
    assert found == set()
    bare = {str(job["if"]) for job in jobs(name).values() if "if" in job and "${{" not in str(job["if"])}
    assert bare <= {"vars.TELECOM_TERRAFORM == 'on'"}
    assert not re.search(r"\bsecrets[.\[]", text(name))


def test_every_action_is_a_commit_with_its_version_and_one_commit_everywhere() -> None:
    pins: dict[str, set[str]] = defaultdict(set)
    for name in FILES:
        for line in re.findall(r"^.*\buses:.*$", text(name), re.MULTILINE):
            found = re.fullmatch(r"\s+(?:- )?uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
            assert found, line
            pins[found[1]].add(f"{found[2]} {found[3]}")
    assert all(len(versions) == 1 for versions in pins.values()), pins
    page = (ROOT / "docs/operations/delivery.md").read_text("utf-8")
    for pinned, versions in pins.items():
        commit, version = versions.pop().split()
        assert f"| `{pinned}` | {version} | `{commit[:12]}" in page


@EACH
def test_the_token_may_as_little_as_the_job_needs(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    for key, job in jobs(name).items():
        assert job["permissions"] == PERMISSIONS.get((name, key), {"contents": "read"})
        signs_in = any(action(step) == "google-github-actions/auth" for step in job["steps"])
        attests = any(action(step) == "actions/attest-build-provenance" for step in job["steps"])
        assert signs_in == ("id-token" in job["permissions"]) == ("environment" in job)
        assert attests == ("attestations" in job["permissions"])


@EACH
def test_no_job_lasts_for_ever_and_none_runs_twice_at_once(name: str) -> None:
    assert workflow(name)["concurrency"]["group"].startswith(name)
    assert all(0 < job["timeout-minutes"] <= 360 for job in jobs(name).values())
    if name.startswith("cd-"):
        assert workflow(name)["concurrency"]["cancel-in-progress"] is False


def test_checkouts_keep_no_credentials_and_every_job_begins_with_one() -> None:
    for name in FILES:
        for job in jobs(name).values():
            first, *others = job["steps"]
            assert action(first) == "actions/checkout" and first["with"] == {"persist-credentials": False}
            assert "actions/checkout" not in {action(step) for step in others}


def test_caches_are_made_where_nothing_is_delivered() -> None:
    for name, _, step in steps():
        if action(step) == "actions/setup-python":
            given = {"cache": "pip", "cache-dependency-path": "requirements*.lock"}
            assert step["with"] == {"python-version": "3.11"} | ({} if name.startswith("cd-") else given)


def test_google_knows_a_job_by_its_token_and_by_no_key() -> None:
    for name, key, step in steps():
        if action(step) == "google-github-actions/auth":
            account = "TELECOM_TERRAFORM_ACCOUNT" if key in ("plan", "estate") else "TELECOM_CICD_ACCOUNT"
            assert step["with"] == {
                "workload_identity_provider": "${{ vars.TELECOM_WORKLOAD_IDENTITY_PROVIDER }}",
                "service_account": f"${{{{ vars.{account} }}}}",
            }, name


def test_who_starts_what() -> None:
    assert workflow("ci")["on"] == {"pull_request": None, "push": {"branches": ["main", "develop"]}}
    for name in ("cd-ml", "cd-llm"):
        assert workflow(name)["on"] == {"push": {"branches": ["main"], "tags": ["v*"]}}
        for job in jobs(name).values():
            assert job["environment"] == f"${{{{ {TAG} }}}}" == job["env"]["ENV"]
    assert set(workflow("security")["on"]) == {"pull_request", "push", "schedule"}
    assert workflow("security")["on"]["push"] == {"branches": ["main"]}


@pytest.mark.parametrize(("name", "key"), [("cd-ml", "release"), ("cd-llm", "release")])
def test_a_release_that_fails_or_is_cancelled_is_taken_back_at_once(name: str, key: str) -> None:
    *_, canary, recover = jobs(name)[key]["steps"]
    assert canary["run"].startswith("make canary") and "if" not in canary
    assert recover["run"] == canary["run"].replace("canary", "recover")
    assert recover["if"] == "${{ failure() || cancelled() }}"


def test_an_image_is_attested_where_github_can() -> None:
    found = {name: step["if"] for name, _, step in steps() if action(step) == "actions/attest-build-provenance"}
    assert found == {"cd-ml": ATTESTED, "cd-llm": ATTESTED}
    page = (ROOT / "docs/operations/delivery.md").read_text("utf-8")
    assert "`TELECOM_ATTEST` = `on`" in page and "GitHub Enterprise Cloud" in page


def test_terraform_and_a_release_of_the_assistant_wait_for_each_other() -> None:
    """The canary of churn needs Terraform's job. Nobody who waits is put out by who comes later."""
    found = {
        (name, key): job["concurrency"] for name in FILES for key, job in jobs(name).items() if "concurrency" in job
    }
    alone = {"group": f"estate-${{{{ {TAG} }}}}", "cancel-in-progress": False, "queue": "max"}
    assert found == {("cd-ml", "estate"): alone, ("cd-llm", "release"): alone}


def test_failed_tests_are_counted_too() -> None:
    job = jobs("ci")["statistics"]
    assert job["needs"] == "coverage" and job["if"] == f"${{{{ {STATISTICS} }}}}"
    kept = next(step for step in jobs("ci")["coverage"]["steps"] if action(step) == "actions/upload-artifact")
    assert kept["if"] == "${{ !cancelled() }}"


def test_a_plan_can_be_read_before_the_job_that_applies_is_approved() -> None:
    runs = {key: [step["run"] for step in job["steps"] if "run" in step] for key, job in jobs("cd-ml").items()}
    assert (runs["plan"], runs["estate"]) == (["make plan"], ["make plan", "make apply"])
    estate = jobs("cd-ml")["estate"]
    assert "plan" in needs(estate) and estate["if"] == jobs("cd-ml")["plan"]["if"]


def test_the_release_serves_the_model_that_the_gate_chose() -> None:
    found = jobs("cd-ml")
    chosen = next(step for step in found["models"]["steps"] if step.get("id") == "chosen")
    assert chosen["run"] == "make model" and found["models"]["steps"][-1] is chosen
    assert found["models"]["outputs"] == {"version": "${{ steps.chosen.outputs.version }}"}
    assert found["release"]["env"]["MODEL_VERSION"] == "${{ needs.models.outputs.version }}"


def test_resolving_knows_only_the_table() -> None:
    assert resolved("a ${{ vars.X }} b", {"vars.X": "1"}) == "a 1 b"
    with pytest.raises(KeyError):
        resolved("${{ github.head_ref }}", {"vars.X": "1"})
