"""The real terraform binary, run with nothing of the caller's own that could change an outcome or reach a cloud."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Settings that would change what a check finds, and everything by which Google's provider finds credentials.
DROPPED = (
    *("TF_VAR_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS", "TF_PLUGIN_CACHE", "TF_LOG"),
    *("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "GCE_METADATA"),
)
NOWHERE = "127.0.0.1:9"
# Each command reads the schema of a thousand resources and ends; to leave that garbage saves a fifth of the time.
GARBAGE = {"GOGC": "off", "GOMEMLIMIT": "2GiB"}
PATIENCE = 900.0


class Missing(Exception):
    """Something without which nothing can be checked; the message says what, and how to get it."""


@dataclass(frozen=True)
class Terraform:
    """Terraform with an environment of its own.

    Args:
        binary: the executable.
        environment: all variables that it sees.
    """

    binary: str
    environment: Mapping[str, str]

    def run(self, folder: Path, *arguments: str, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Runs one command in a folder; standard output and error are kept apart."""
        return subprocess.run(
            (self.binary, *arguments),
            cwd=folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
        )

    def settings(self, file: Path) -> "Terraform":
        """The same, with Terraform's own settings (where providers come from) read from this file."""
        return Terraform(self.binary, {**self.environment, "TF_CLI_CONFIG_FILE": str(file)})


def find(scratch: Path) -> Terraform:
    """The terraform on PATH; its home is the scratch folder, so that no credentials are found below it.

    Raises:
        Missing: there is none.
    """
    binary = shutil.which("terraform")
    if not binary:
        raise Missing(
            "TERRAFORM IS MISSING: NOTHING OF infra/terraform WAS CHECKED. "
            "→ Install terraform 1.11 or newer and put it on PATH."
        )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    own = os.environ.get("TF_CLI_CONFIG_FILE") or str(Path.home() / ".terraformrc")
    if not Path(own).is_file():
        own = str(scratch / "terraform.rc")
        Path(own).write_text("disable_checkpoint = true\n", "utf-8")
    return Terraform(
        binary,
        {
            **environment,
            "HOME": str(scratch),
            "GCE_METADATA_HOST": NOWHERE,
            "TF_CLI_CONFIG_FILE": own,
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "TF_REGISTRY_CLIENT_TIMEOUT": "10",
            "TF_REGISTRY_DISCOVERY_RETRY": "0",
            "CHECKPOINT_DISABLE": "1",
            **GARBAGE,
        },
    )
