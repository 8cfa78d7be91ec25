"""The environments are one estate with two sets of values."""

import re
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).resolve().parents[2] / "infra/terraform/envs"
MODULES = ENVS.parent / "modules"
FILES = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "backend.tf")


def values(env: str) -> str:
    return (ENVS / env / "terraform.tfvars").read_text("utf-8")


@pytest.mark.parametrize("file", FILES)
def test_dev_and_prod_have_the_same_files(file: str) -> None:
    assert (ENVS / "dev" / file).read_bytes() == (ENVS / "prod" / file).read_bytes()


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_an_environment_is_made_of_modules_alone_and_of_all_of_them(env: str) -> None:
    assert sorted(path.name for path in (ENVS / env).glob("*.tf")) == sorted(FILES)
    main = (ENVS / env / "main.tf").read_text("utf-8")
    assert not re.search(r"^(resource|data) ", main, re.MULTILINE)
    called = re.findall(r'^  source = "../../modules/(\w+)"$', main, re.MULTILINE)
    assert sorted(called) == sorted(path.name for path in MODULES.iterdir() if path.is_dir())


@pytest.mark.parametrize(
    ("name", "in_dev", "in_prod"), [("deletion_protection", "false", "true"), ("force_destroy", "true", "false")]
)
def test_only_dev_may_be_torn_down(name: str, in_dev: str, in_prod: str) -> None:
    for env, value in (("dev", in_dev), ("prod", in_prod)):
        assert re.search(rf"^{name} += {value}$", values(env), re.MULTILINE)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_no_values_are_secret_and_the_project_is_an_example(env: str) -> None:
    assert re.search(r'^project_id = "example-', values(env), re.MULTILINE)
    assert "channel_secrets" not in values(env)
    assert set(re.findall(r"[\w.-]+@([\w.-]+)", values(env))) == {"example.com"}


def test_prod_makes_all_that_dev_makes() -> None:
    dev, prod = (yaml.safe_load((ENVS / env / "inventory.yaml").read_text("utf-8")) for env in ("dev", "prod"))
    assert set(dev["modules"]) == set(prod["modules"])
    missing = set(dev["types"]) - set(prod["types"])
    assert missing == set()
