"""The commands of a workflow's jobs, run in order in a clean clone, with Google's programs replaced by small ones."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.workflows.github import ROOT, Job, action, jobs, needs, resolved

VENV = Path(sys.executable).parent.parent
DIGEST = "sha256:" + "a1" * 32
GCLOUD = f"""#!/usr/bin/env bash
echo "gcloud $*" >> "$CALLS"
case "$*" in
  'builds submit'*) echo build-1 ;;
  'artifacts docker images list'*) echo {DIGEST} ;;
  'run jobs executions list'*) echo '[]' ;;
  'run services describe'*) printf '100,old-1\\n,new-2\\n' ;;
  'run revisions describe'*) printf 'app,%s\\n' "${{RELEASED:-before}}" ;;
  *) ;;
esac
[[ -z "${{REFUSE:-}}" || "$*" != *"$REFUSE"* ]] || exit 4
"""
TERRAFORM = """#!/usr/bin/env bash
echo "terraform ${PWD##*/} $*" >> "$CALLS"
[ "$1" != plan ] || touch "${PWD##*/}.tfplan"
[ "$1" != show ] || echo '{"format_version": "1.2", "planned_values": {"root_module": {}}}'
"""
# Google's SDK asks Resource Manager at a host of its own; outside of the test's process this leads it to loopback.
SITE = """import os, sys
if (address := os.environ.get("LOOPBACK_CHANNELS")) and sys.argv[1:3] == ["pipeline", "submit"]:
    import grpc
    from google.api_core import grpc_helpers
    root = open(os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"], "rb").read()
    grpc_helpers.create_channel = lambda *_, **__: grpc.secure_channel(address, grpc.ssl_channel_credentials(root))
"""
OLD = 1_000_000_000
OUTPUT = "GITHUB_OUTPUT"
ATTESTED = "${{ !github.event.repository.private || vars.TELECOM_ATTEST == 'on' }}"
HAPPENS = {"": True, ATTESTED: True, "${{ !cancelled() }}": True, "${{ failure() || cancelled() }}": False}
AFTER_FAILURE = {"": False, ATTESTED: False, "${{ !cancelled() }}": True, "${{ failure() || cancelled() }}": True}
RAN = re.compile(r"\$\{\{ !cancelled\(\) && steps\.(\w+)\.outcome != 'skipped' \}\}")
ALSO_AFTER_FAILURE = (
    "${{ !cancelled() && github.event_name == 'push' && github.ref == 'refs/heads/main' && "
    "vars.TELECOM_TEST_STATS == 'on' }}"
)
CONDITIONS_OF_JOBS = {"${{ !failure() && !cancelled() }}", "vars.TELECOM_TERRAFORM == 'on'", ALSO_AFTER_FAILURE}
"""All of them let a job run where what it needs went well; the last one always."""


@dataclass
class Walked:
    """What became of a workflow: commands that were run, with their exit codes; those excused; calls; output."""

    done: dict[tuple[str, str], int] = field(default_factory=dict)
    excused: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    said: str = ""


def clone(folder: Path) -> Path:
    """A clone of this checkout, with what is not committed yet, and with this environment instead of a new one."""
    made = folder / "clone"
    subprocess.run(("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(made)), check=True)
    for word in ("--modified", "--others", "--deleted"):
        listed = subprocess.run(
            ("git", "ls-files", "-z", word, "--exclude-standard"), cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, listed.stdout.split("\0")):
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                shutil.copy(ROOT / name, made / name)
            else:
                (made / name).unlink(missing_ok=True)
    for path in (*made.glob("requirements*.lock"), made / "pyproject.toml", made / "tools/setup.sh"):
        os.utime(path, (OLD, OLD))
    (made / ".venv").mkdir()
    for entry in VENV.iterdir():
        if not entry.name.endswith("-ready"):
            (made / ".venv" / entry.name).symlink_to(entry)
    for name in (".venv/.dev-ready", ".venv/.run-ready"):
        (made / name).touch()
    if (ROOT / ".venv-ci/.ready").exists():
        (made / ".venv-ci").symlink_to(ROOT / ".venv-ci")
    return made


class Runner:
    """A machine as GitHub hands it to a job; jobs leave outputs and artifacts for each other.

    Args:
        clone: see above.
        expressions: what each expression of the file stands for.
        environment: besides, for every command.
        excused: verb → reason and what it would leave in `build` (or, under OUTPUT, tell the jobs after it).
    """

    def __init__(
        self,
        clone: Path,
        expressions: Mapping[str, str],
        environment: Mapping[str, str],
        excused: Mapping[str, tuple[str, Mapping[str, str]]],
    ) -> None:
        self.clone, self.excused = clone, dict(excused)
        self.known, self.artifacts = dict(expressions), clone.parent / "artifacts"
        self.log, self.output = clone.parent / "calls", clone.parent / "output"
        programs, site = clone.parent / "bin", clone.parent / "site"
        for path, said in ((programs / "gcloud", GCLOUD), (programs / "terraform", TERRAFORM)):
            path.parent.mkdir(exist_ok=True)
            path.write_text(said)
            path.chmod(0o755)
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(SITE)
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        self.environment = kept | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(clone.parent),
            "PYTHONPATH": f"{clone}:{site}",
            "CALLS": str(self.log),
            "GITHUB_OUTPUT": str(self.output),
            **environment,
        }

    def excuse(self, verb: str, table: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        """A verb that is not run by this walk, for the reason of the table."""
        self.excused[verb] = table[verb]

    def walk(self, name: str, **more: str) -> Walked:
        """All jobs of a workflow, each on a folder without `build`; one whose need failed does not run."""
        walked, failed = Walked(), set[str]()
        shutil.rmtree(self.artifacts, ignore_errors=True)
        self.log.write_text("")
        for key, job in jobs(name).items():
            assert "if" not in job or job["if"] in CONDITIONS_OF_JOBS, job["if"]
            stopped = needs(job) & failed and job.get("if") != ALSO_AFTER_FAILURE
            if stopped or not self._job(key, job, walked, more):
                failed.add(key)
        walked.calls = self.log.read_text().splitlines()
        return walked

    def _job(self, key: str, job: Job, walked: Walked, more: Mapping[str, str]) -> bool:
        shutil.rmtree(self.clone / "build", ignore_errors=True)
        self.output.write_text("")
        well, begun = True, set[str]()
        for step in job["steps"]:
            condition = step.get("if", "")
            if asked := RAN.fullmatch(condition):
                happens = asked[1] in begun
            else:
                happens = (HAPPENS if well else AFTER_FAILURE)[condition]
            if not happens:
                continue
            begun.add(step.get("id", ""))
            if "run" not in step:
                well = self._action(step) and well
                continue
            given = {**job.get("env", {}), **step.get("env", {})}
            code = self._command(
                step["run"], {name: resolved(value, self.known) for name, value in given.items()} | more, walked
            )
            walked.done[key, step["run"]] = code
            self._outputs(key, step)
            well = well and code == 0
        return well

    def _command(self, command: str, given: Mapping[str, str], walked: Walked) -> int:
        verb = command.split()[1]
        if verb in self.excused:
            walked.excused.append(verb)
            for name, text in self.excused[verb][1].items():
                if name == OUTPUT:
                    self.output.write_text(text)
                    continue
                (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
                (self.clone / name).write_text(text)
            return 0
        done = subprocess.run(
            ("bash", "-c", command), cwd=self.clone, env={**self.environment, **given}, capture_output=True, text=True
        )
        walked.said += f"$ {command}\n{done.stdout}{done.stderr}\n"
        return done.returncode

    def _outputs(self, key: str, step: Mapping[str, str]) -> None:
        for line in self.output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.known[f"steps.{step.get('id', '')}.outputs.{name}"] = value
            self.known[f"needs.{key}.outputs.{name}"] = value

    def _action(self, step: Job) -> bool:
        """Artifacts are kept and handed on; whatever else an action is given must be known."""
        given = {name: resolved(value, self.known) for name, value in step.get("with", {}).items()}
        if action(step) == "actions/upload-artifact":
            paths = [self.clone / name for name in given["path"].split()]
            if not all(path.exists() for path in paths):
                return False
            for path in paths:
                copy = shutil.copytree if path.is_dir() else shutil.copy
                target = self.artifacts / given["name"] / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                copy(path, target)
        if action(step) == "actions/download-artifact":
            shutil.copytree(self.artifacts / given["name"], self.clone / given["path"], dirs_exist_ok=True)
        return True
