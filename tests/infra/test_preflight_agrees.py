"""The preflight asks for what Terraform makes: the same APIs, datasets, buckets and roles."""

import re

import pytest

from telecom.preflight import AGENTS, APIS, DATASETS
from telecom.settings import LAYERS
from tests.honesty.documents import ROOT

TREE = ROOT / "infra" / "terraform"
ENVIRONMENTS = ("dev", "prod")


def block(text: str, opening: str) -> str:
    """What stands between the brackets that `opening` ends with."""
    begin = text.index(opening) + len(opening)
    depth, end = 1, begin
    while depth:
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(text[end], 0)
        end += 1
    return text[begin : end - 1]


def test_apis() -> None:
    variable = block((TREE / "modules/project/variables.tf").read_text("utf-8"), 'variable "services" {')
    assert re.findall(r'"([\w.]+googleapis\.com)"', block(variable, "default = [")) == sorted(APIS)
    assert set(AGENTS) <= set(APIS)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_datasets(env: str) -> None:
    written = (TREE / "envs" / env / "main.tf").read_text("utf-8")
    assert set(DATASETS) <= set(re.findall(r"^    (telecom_\w+) = \{", written, re.MULTILINE))


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_buckets(env: str) -> None:
    values = (TREE / "envs" / env / "terraform.tfvars").read_text("utf-8")
    buckets = block(values, "buckets = {")
    assert set(LAYERS) <= set(re.findall(r"^  (\w+)\s*= \{", buckets, re.MULTILINE))
