"""What Terraform tells services and jobs is what the code asks for: settings, arguments, names, tables it adds to."""

import re

import pytest
import typer

from llmops.agent.config import AssistantConfig
from mlops.src.serving.config import ServingConfig
from mlops.src.serving.dispatcher_config import DispatcherConfig
from telecom.adapters.gcp import _agent_search as names
from telecom.adapters.gcp._firestore import Collection
from telecom.cli import app
from telecom.settings import Settings
from telecom.tables import contracts
from tests.honesty.documents import ROOT

MAIN = (ROOT / "infra/terraform/envs/dev/main.tf").read_text("utf-8")
MODULES = ROOT / "infra/terraform/modules"
GCP = Settings(backend="gcp", project="example-telecom-1001", env="dev")
KNOWN = {
    str(kind.model_config.get("env_prefix", "")) + name.upper()
    for kind in (Settings, AssistantConfig, DispatcherConfig, ServingConfig)
    for name in kind.model_fields
}


def told() -> list[str]:
    """Every variable of ours that the environment sets."""
    return sorted(set(re.findall(r"\bTELECOM_[A-Z_]+\b", MAIN)))


def test_every_variable_is_a_setting() -> None:
    assert "TELECOM_ASSISTANT_ARMOR_TEMPLATE" in told()
    assert set(told()) - KNOWN == set()


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_the_template_is_named_as_the_assistant_takes_it(env: str) -> None:
    name = f"projects/example-telecom-1001/locations/us-central1/templates/telecom-assistant-{env}"
    assert 'coalesce(var.armor.name, "telecom-assistant-${var.env}")' in (MODULES / "vertex_ai/armor.tf").read_text()
    assert AssistantConfig(armor_template=name).armor_template == name


def arguments() -> list[list[str]]:
    """What jobs and services are started with."""
    found = [re.findall(r'"([^"]+)"', line) for line in re.findall(r"^ +args +=(.+)$", MAIN, re.MULTILINE)]
    assert len(found) >= 4
    return found


@pytest.mark.parametrize("words", arguments(), ids=" ".join)
def test_what_is_started_is_a_command_with_these_arguments(words: list[str]) -> None:
    program, *rest = words
    assert program == "telecom"
    command = typer.main.get_command(app)
    while subcommands := getattr(command, "commands", None):
        name, *rest = rest
        command = subcommands[name]
    with command.make_context("telecom", rest) as context:  # parses, and refuses what it does not know
        assert context.params


def test_no_job_reads_documents_which_the_image_cannot() -> None:
    locked = (ROOT / "requirements-assistant.lock").read_text("utf-8")
    readers = ("lxml", "pdfplumber", "python-docx")
    assert not any(re.search(rf"^{name}==", locked, re.MULTILINE) for name in readers)
    assert not any(words[:3] == ["telecom", "rag", "ingest"] for words in arguments())
    whoever_delivers = (ROOT / "requirements-dev.lock").read_text("utf-8")
    for name in (*readers, "google-cloud-discoveryengine"):
        assert re.search(rf"^{name}==", whoever_delivers, re.MULTILINE), name
    assert "knowledge: $(DEV_READY) " in (ROOT / "Makefile").read_text("utf-8")


def test_the_assistant_may_write_the_tables_that_it_adds_to_and_no_others() -> None:
    tables = re.findall(r'^    "(telecom_\w+\.\w+)" = \{(.*?)^    \} \}', MAIN, re.MULTILINE | re.DOTALL)
    ours = {name for name, body in tables if re.search(r"dataEditor.*\bllmops = ", body)}
    written = "".join(path.read_text("utf-8") for path in (ROOT / "llmops/agent").glob("*.py"))
    added = {table for table, each in contracts().items() if each.replace_by == ("batch",) and f'"{table}"' in written}
    assert ours == added
    whole_datasets = re.findall(r"^    telecom_\w+ = \{.*?^    \} \}", MAIN, re.MULTILINE | re.DOTALL)
    assert len(whole_datasets) == 6
    assert not any(re.search(r"dataEditor.*\bllmops = ", each) for each in whole_datasets)


def test_search_and_records_are_where_the_code_looks() -> None:
    search = (MODULES / "discovery_engine/main.tf").read_text("utf-8")
    assert 'data_store_id                = "telecom-${each.key}-${var.env}"' in search
    assert [names.store_id(GCP, name) for name in (names.DOCS, names.FAQ)] == ["telecom-docs-dev", "telecom-faq-dev"]
    assert 'engine_id         = "telecom-${var.env}"' in search
    assert names.engine_id(GCP) == "telecom-dev"
    variables = (MODULES / "discovery_engine/variables.tf").read_text("utf-8")
    location = re.search(r'variable "location" \{.*?default += "(\w+)"', variables, re.DOTALL)
    assert location and location[1] == names.LOCATION
    called = re.search(r'module "discovery_engine" \{.*?^\}', MAIN, re.DOTALL | re.MULTILINE)
    assert called and "location" not in called[0], "the code searches in one place, which is the module's default"
    assert vars(Collection(GCP))["_database"].endswith("/databases/telecom-dev")
    assert 'coalesce(var.name, "telecom-${var.env}")' in (MODULES / "firestore/main.tf").read_text("utf-8")
