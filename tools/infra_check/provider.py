"""Which provider answers: Google's own where a registry is reachable, a schema-only stand-in where one is found.

Google's own is never configured. It validates what is written, and plans and applies under `mock_provider`, where
Terraform invents what only a cloud could answer. The stand-in goes through the whole life of an environment.
"""

import os
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

from tools.infra_check.terraform import Missing, Terraform

VARIABLE = "TELECOM_TF_OFFLINE"
BESIDE = Path("../shared/tools/tf-offline/tf-offline")
DOWNLOAD_SECONDS = 180.0
NOT_PROVEN_BY_MOCKS = (
    "Google's provider ran without configuration or credentials: its schema and its checks of single values are "
    "proven, not what it plans by itself (defaults, replacements), and nothing of the cloud."
)
NOT_PROVEN_BY_STAND_IN = (
    "The stand-in knows the names, types and flags of every resource and some rules of value. Not proven: Google's "
    "own checks and defaults, which changes replace a resource, whether deletion protection protects, and everything "
    "of the cloud: permissions, quotas, enabled services, names already taken."
)


@dataclass(frozen=True)
class Provider:
    """A source of providers that answered.

    Args:
        words: what it is, for the report.
        terraform: terraform, told to take providers from there.
        real: whether these are Google's.
    """

    words: str
    terraform: Terraform
    real: bool

    @property
    def not_proven(self) -> str:
        """What a pass with it leaves open."""
        return NOT_PROVEN_BY_MOCKS if self.real else NOT_PROVEN_BY_STAND_IN


def registry(terraform: Terraform, environment: Path, scratch: Path) -> Provider | str:
    """Google's provider, fetched the way terraform fetches it; or why there is none.

    Args:
        terraform: terraform with the caller's own settings, so that a mirror of theirs counts.
        environment: any environment; what it names is fetched once, for all others too.
        scratch: a folder for the settings that say where it lies.
    """
    try:
        done = terraform.run(environment, "init", "-backend=false", "-no-color", patience=DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        return f"Google's provider (it did not arrive within {DOWNLOAD_SECONDS:.0f} s)"
    if done.returncode:
        return f"Google's provider ({_reason(done.stderr)})"
    found = sorted((environment / ".terraform" / "providers").glob("*/hashicorp/google/*/*/terraform-provider-google*"))
    if not found:
        return f"Google's provider ({environment.name} asks for none)"
    version = found[0].parents[1].name
    if found[0].read_bytes()[:2] == b"#!":
        return f"Google's provider (what terraform's settings offer as {version} is a script)"
    settings = scratch / "registry.rc"
    mirror = environment / ".terraform" / "providers"
    settings.write_text(_mirror(mirror.rename(scratch / "providers")), "utf-8")
    return Provider(f"Google's provider {version}", terraform.settings(settings), real=True)


def stand_in(terraform: Terraform, checkout: Path) -> Provider | str:
    """The schema-only stand-in that `TELECOM_TF_OFFLINE` names or that lies beside the checkout; or why there is none.

    Raises:
        Missing: the variable names something that does not run.
    """
    named = os.environ.get(VARIABLE)
    tool = Path(named).absolute() if named else (checkout / BESIDE).resolve()
    if not tool.is_file():
        if named:
            raise Missing(f"{VARIABLE} = {named!r}, and there is no such file. → Name the executable `tf-offline`.")
        return f"the stand-in (there is none at {BESIDE}, and {VARIABLE} is not set)"
    # It prepares a cache on its first use, in the caller's home and not in the scratch folder that is removed.
    done = subprocess.run(
        (str(tool), "exec", "--", "printenv", "TF_CLI_CONFIG_FILE"), cwd=checkout, capture_output=True, text=True
    )
    settings = Path(done.stdout.strip())
    if done.returncode or not settings.is_file():
        raise Missing(f"{tool} does not run: {(done.stderr or done.stdout).strip()[-800:]}")
    return Provider("the schema-only stand-in", terraform.settings(settings), real=False)


def _mirror(folder: Path) -> str:
    source = f'filesystem_mirror {{\n    path = "{folder}"\n  }}'
    return f"provider_installation {{\n  {source}\n}}\ndisable_checkpoint = true\n"


def _reason(error: str) -> str:
    """The sentence after the first `Error:` of terraform's message, on one line."""
    words = " ".join(line.strip("│╷╵ ") for line in error.splitlines()).split()
    text = " ".join(words)
    said = text[text.find("Error:") + len("Error:") :] if "Error:" in text else text
    return textwrap.shorten(said, 200, placeholder=" …")
