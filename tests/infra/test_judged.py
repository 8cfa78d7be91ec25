"""What `make infra-check` has the policies and the cost page say of the plans that it made."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.honesty.documents import ROOT
from tests.infra.plans import Json, change, document, write
from tools.infra_check import judged
from tools.infra_cost.estimate import estimate
from tools.infra_cost.page import whole
from tools.infra_cost.tables import read_prices, read_usage
from tools.infra_policies.plan import read_plan

TODAY = date(2026, 11, 21)
MEMBER = "google_project_iam_member"
OWNER = change(MEMBER, {"role": "roles/owner", "member": "user:a@b.c"})
EXCEPTION = """
exceptions:
  - policy: {policy}
    address: google_project_iam_member.this
    environments: [dev, prod]
    reason: A person brings the project to life, once.
    expires: 2027-01-31
"""


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_what_a_policy_refuses_is_named_with_its_place(env: str, tmp_path: Path) -> None:
    (found,) = judged.policy_faults(document(OWNER, env=env), env, tmp_path, TODAY)
    assert found == "primitive-role: google_project_iam_member.this: user:a@b.c gets roles/owner"


def test_an_exception_lets_pass_and_one_that_covers_nothing_is_named(tmp_path: Path) -> None:
    file = tmp_path / judged.EXCEPTIONS
    file.parent.mkdir()
    file.write_text(EXCEPTION.format(policy="primitive-role"), "utf-8")
    assert judged.policy_faults(document(OWNER), "dev", tmp_path, TODAY) == []
    (idle,) = judged.policy_faults(document(), "dev", tmp_path, TODAY)
    assert "covers nothing" in idle


def test_another_environment_counts_as_prod(tmp_path: Path) -> None:
    bucket = {"force_destroy": True, "public_access_prevention": "enforced", "uniform_bucket_level_access": True}
    kind: Json = {**bucket, "labels": {"app": "telecom-ml-llmops", "env": "dev"}}
    plan = document(change("google_storage_bucket", kind))
    assert judged.policy_faults(plan, "dev", tmp_path, TODAY) == []
    assert "destroyable" in {each.partition(":")[0] for each in judged.policy_faults(plan, "test", tmp_path, TODAY)}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Prices and assumptions of the repository, without a page."""
    (tmp_path / "infra").mkdir()
    shutil.copy(ROOT / judged.PRICES, tmp_path / judged.PRICES)
    shutil.copytree(ROOT / judged.USAGE, tmp_path / judged.USAGE)
    return tmp_path


def test_a_cost_page_is_current_stale_or_missing(checkout: Path) -> None:
    plans = [write(checkout, change("google_project_service", {"service": "x"}), env=env) for env in ("prod", "dev")]
    (missing,) = judged.cost_faults(plans, checkout)
    assert "docs/infra/cost.md is stale" in missing
    prices = read_prices(checkout / judged.PRICES)
    usages = [read_usage(checkout / judged.USAGE / f"{env}.yaml") for env in ("dev", "prod")]
    read = [read_plan(checkout / f"{env}.json") for env in ("dev", "prod")]
    page = checkout / judged.PAGE
    page.parent.mkdir(parents=True)
    found = [estimate(*each, prices) for each in zip(read, usages, strict=True)]
    page.write_text(whole(prices, usages, found), "utf-8")
    assert judged.cost_faults(plans, checkout) == []
    page.write_text(page.read_text("utf-8") + "\n", "utf-8")
    assert len(judged.cost_faults(plans, checkout)) == 1


def test_what_nobody_priced_is_named(checkout: Path) -> None:
    kinds = {"dev": "google_project_service", "prod": "google_spanner_instance"}
    plans = [write(checkout, change(kind, {"num_nodes": 1}), env=env) for env, kind in kinds.items()]
    found = judged.cost_faults(plans, checkout)
    assert any(each.startswith("prod: nobody has priced google_spanner_instance") for each in found)
    assert json.loads(plans[0].read_text("utf-8"))["variables"]["env"]["value"] == "dev"
