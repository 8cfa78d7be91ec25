"""Every alert has its runbook under its key, and no runbook is about an alert that is gone."""

import re
from typing import Any

import pytest
import yaml

from tests.honesty.documents import ROOT, blocks
from tests.honesty.monitoring_templates import MODULE, render

PAGE = (ROOT / "docs/operations/runbooks.md").read_text("utf-8")
ALERTS: dict[str, dict[str, Any]] = yaml.safe_load(render((MODULE / "alerts.yaml").read_text("utf-8")))
SECTIONS = dict(re.findall(r"^## `(\w+)`\n\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
SEVERITIES = {alert["severity"] for alert in ALERTS.values()}


def test_every_alert_has_its_section_and_no_section_is_orphaned() -> None:
    assert list(SECTIONS) == list(ALERTS)


@pytest.mark.parametrize("key", ALERTS)
def test_a_section_begins_with_the_alert_as_it_is_told(key: str) -> None:
    alert = ALERTS[key]
    assert " ".join(SECTIONS[key].split()).startswith(f"**{alert['name']}** · {alert['severity']}.")


@pytest.mark.parametrize("key", ALERTS)
def test_a_section_says_how_to_look_or_sends_on(key: str) -> None:
    says = SECTIONS.get(key, "")
    looks = "```" in says or re.search(r"[Ss]ame commands|as above|`(telecom|gcloud|make) ", says)
    assert looks and re.search(r"\b([Mm]end|mends|mended|[Hh]old back)\b", says), f"{key}: how to look, how to mend?"


def test_the_text_of_every_alert_ends_with_the_link_to_its_section() -> None:
    content = re.findall(r'^ +content += "(.*)"$', (MODULE / "main.tf").read_text("utf-8"), re.MULTILINE)
    assert len(content) == 1
    linked = re.search(r"/blob/main/([^#]+)#\$\{each\.key\}\)$", content[0])
    assert linked and (ROOT / linked[1]).read_text("utf-8") == PAGE


def test_whom_to_call_is_said_for_every_severity() -> None:
    table = PAGE.split("| severity |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| ([A-Z]+) \|", table, re.MULTILINE)) == SEVERITIES


def test_the_first_block_sets_what_every_command_below_it_reads() -> None:
    """Without TELECOM_ENV `telecom` would act on dev, while gcloud looks at prod."""
    first, *others = blocks(ROOT / "docs/operations/runbooks.md", "bash")
    exported = " ".join(re.findall(r"^export (.*)$", first.text, re.MULTILINE))
    assert re.findall(r"\b(TELECOM_\w+)=", exported) == [
        *("TELECOM_BACKEND", "TELECOM_PROJECT", "TELECOM_ENV", "TELECOM_REGION")
    ]
    assert "ENV=$TELECOM_ENV REGION=$TELECOM_REGION" in first.text.splitlines()
    used = {name for block in others for name in re.findall(r"\$\{?(\w+)", block.text)}
    assert used <= {"TELECOM_PROJECT", "ENV", "REGION"}
