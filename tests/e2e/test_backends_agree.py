"""The whole churn loop on Google Cloud's clients ends with the same scores, in the same table, as on one laptop."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops.src.churn_loop import Loop
from mlops.src.config import ChurnConfig
from telecom.bootstrap import Platform
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.synthetic.customers import write_csv
from telecom.tables import contract
from tests.loopback.cloud import Cloud
from tests.loopback.fixtures import process_cloud

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCORED = contract("telecom_gold.telco_churn_scored")
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "1" * 64


@dataclass(frozen=True)
class Done:
    """A finished loop: what it ran on, what each step said, and the scored rows by customer."""

    platform: Platform
    outcomes: dict[str, str]
    scored: dict[str, dict[str, Any]]


def run_loop(settings: Settings, csv: Path, out: Path) -> Done:
    platform = Platform(settings, Silent())
    loop = Loop(platform, ChurnConfig(tuning_trials=1, tuning_rows=1_000), str(csv), DAY, NOW, out)
    outcomes = {step.name: step.outcome for step in loop.steps()}
    rows = platform.warehouse.query(f"SELECT * FROM {SCORED.table} ORDER BY customer_id").to_pylist()
    return Done(platform, outcomes, {row["customer_id"]: row for row in rows})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Done, Done]]:
    folder = tmp_path_factory.mktemp("backends")
    csv = folder / "customers.csv"
    write_csv(csv, 900, seed=3)
    local = run_loop(Settings(home=folder / "local"), csv, folder / "local-report")
    cloud = process_cloud()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in cloud.environment.items():
            environment.setenv(name, value)
        cloud.reset()
        gcp = run_loop(cloud.settings(home=folder / "gcp", image=IMAGE), csv, folder / "gcp-report")
        yield cloud, local, gcp


def test_the_scores_are_the_same(both: tuple[Cloud, Done, Done]) -> None:
    _, local, gcp = both
    assert len(local.scored) == 900 and local.scored.keys() == gcp.scored.keys()
    worst = max(abs(gcp.scored[c]["churn_probability"] - row["churn_probability"]) for c, row in local.scored.items())
    assert worst <= 1e-6


def test_the_rows_are_the_same_in_every_column(both: tuple[Cloud, Done, Done]) -> None:
    _, local, gcp = both
    for customer, row in local.scored.items():
        assert same(row, gcp.scored[customer]), (row, gcp.scored[customer])


def same(left: Any, right: Any) -> bool:
    """Equal, numbers within 1e-6."""
    if isinstance(left, float):
        return abs(left - right) <= 1e-6
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    return bool(left == right)


def test_every_step_says_the_same(both: tuple[Cloud, Done, Done]) -> None:
    _, local, gcp = both
    assert local.outcomes.keys() == gcp.outcomes.keys()
    alike = local.outcomes.keys() - {"report", "features"}
    assert {name: gcp.outcomes[name] for name in alike} == {name: local.outcomes[name] for name in alike}


def test_the_model_is_the_same_to_the_byte(both: tuple[Cloud, Done, Done]) -> None:
    _, local, gcp = both
    (ours,), (theirs,) = local.platform.registry.versions("telco-churn"), gcp.platform.registry.versions("telco-churn")
    assert theirs.digest == ours.digest
    assert set(theirs.aliases) == {"champion", "challenger"} == set(ours.aliases)


def test_the_tables_have_the_contracts_schema(both: tuple[Cloud, Done, Done]) -> None:
    _, local, gcp = both
    for platform in (local.platform, gcp.platform):
        assert platform.warehouse.query(f"SELECT * FROM {SCORED.table} LIMIT 0").schema.equals(SCORED.schema)


def test_the_cloud_was_really_asked(both: tuple[Cloud, Done, Done]) -> None:
    cloud, _, _ = both
    asked = {call.rpc for call in cloud.grpc.calls}
    assert {"UploadModel", "MergeVersionAliases", "CreateFeatureGroup", "CreateTimeSeries", "ReadRows"} <= asked
    assert not [call for call in cloud.grpc.calls if call.problems], "no request lacked a required field"
