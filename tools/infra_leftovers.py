"""What `make destroy` left behind: everything in a project that still carries our labels or one of our names.

Asks Cloud Asset Inventory through gcloud. It lags by some minutes, so that what was just deleted may still be listed;
`--wait` asks again. Left on purpose, and not listed: the state bucket, enabled APIs, what is deleted but not gone.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

APP = "telecom-ml-llmops"
NAMES = re.compile(r"(?<![a-z0-9])(telecom|telco|churn)(?![a-z])")
PROJECT = re.compile(r"(?<=/)projects/[^/]+(/|$)")
GONE = ("DELETED", "DELETE_REQUESTED", "DELETING", "PENDING_DELETE", "DESTROYED", "DESTROY_SCHEDULED")
PAUSE_SECONDS = 30.0
NOT_ASKED = 5
REMEDIES = {
    "SERVICE_DISABLED": "gcloud services enable cloudasset.googleapis.com --project={project}",
    "has not been used": "gcloud services enable cloudasset.googleapis.com --project={project}",
    "PERMISSION_DENIED": "Ask for roles/cloudasset.viewer on {project}.",
    "auth login": "gcloud auth login",
}


class NotAsked(Exception):
    """The inventory did not answer; the message says why and what to do."""


@dataclass(frozen=True)
class Leftover:
    """A resource that is still there.

    Args:
        kind: its type, as `storage.googleapis.com/Bucket`.
        name: its name in the project.
        why: by what it was known as ours, `label` or `name`.
    """

    kind: str
    name: str
    why: str


def inventory(project: str) -> list[Mapping[str, Any]]:
    """Everything that the inventory knows of a project.

    Raises:
        NotAsked: gcloud is missing, or the inventory does not answer.
    """
    if not shutil.which("gcloud"):
        raise NotAsked("GCLOUD IS MISSING: NOTHING WAS LOOKED FOR. → Install the Google Cloud CLI.")
    asked = ("gcloud", "asset", "search-all-resources", f"--scope=projects/{project}", "--format=json", "--quiet")
    done = subprocess.run(asked, capture_output=True, text=True)
    if done.returncode:
        words = " ".join(done.stderr.split())[-400:]
        remedy = next((each for sign, each in REMEDIES.items() if sign in done.stderr), "")
        raise NotAsked(f"The inventory of {project} does not answer: {words} → {remedy.format(project=project)}")
    found: list[Mapping[str, Any]] = json.loads(done.stdout or "[]")
    return found


def leftovers(resources: Iterable[Mapping[str, Any]], project: str, env: str) -> list[Leftover]:
    """Those resources that are ours and of this environment, in order.

    Args:
        resources: as the inventory gives them: `assetType`, `name`, and where they have them `labels`, `state`.
        project: its id; neither it nor its state bucket counts as a name of ours.
        env: `dev` or `prod`; a resource labelled with another environment is not counted.
    """
    found = []
    for each in resources:
        labels, name = each.get("labels") or {}, PROJECT.sub("", each["name"]).removeprefix("//").partition("/")[2]
        if each.get("state") in GONE or name == f"{project}-tfstate" or labels.get("env", env) != env:
            continue
        if labels.get("app") == APP:
            found.append(Leftover(each["assetType"], name, "label"))
        elif _named(name, project, env):
            found.append(Leftover(each["assetType"], name, "name"))
    return sorted(found, key=lambda each: (each.kind, each.name))


def _named(name: str, project: str, env: str) -> bool:
    other = "prod" if env == "dev" else "dev"
    bare = name.replace(f"{project}.iam.gserviceaccount.com", "").replace(project, "")
    return bool(NAMES.search(bare)) and not re.search(rf"(?<![a-z0-9]){other}(?![a-z0-9])", bare)


def look(project: str, env: str, seconds: float, console: Console) -> list[Leftover]:
    """Asks until nothing is left, or the time is over; returns what is left then.

    Raises:
        NotAsked: the inventory does not answer.
    """
    until = time.monotonic() + seconds
    while (found := leftovers(inventory(project), project, env)) and time.monotonic() < until:
        console.print(f"{len(found)} are listed still; the inventory lags. Asking again …", highlight=False)
        time.sleep(min(PAUSE_SECONDS, max(0.0, until - time.monotonic())))
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 nothing is left, 1 something is, 5 nobody could be asked."""
    parser = argparse.ArgumentParser(prog="python -m tools.infra_leftovers", description=__doc__)
    parser.add_argument("--project", required=True)
    parser.add_argument("--env", choices=("dev", "prod"), required=True)
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="how long to ask again")
    asked, console = parser.parse_args(words), Console()
    try:
        found = look(asked.project, asked.env, asked.wait, console)
    except NotAsked as refusal:
        console.print(str(refusal), style="bold red", markup=False, highlight=False, soft_wrap=True)
        return NOT_ASKED
    for each in found:
        console.print(f"{each.kind}  {each.name}  (by {each.why})", markup=False, highlight=False, soft_wrap=True)
    left = f"{len(found)} resources of ours are" if found else "Nothing of ours is"
    console.print(f"{left} left of {asked.env} in {asked.project}, by the inventory.", markup=False, soft_wrap=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
