"""Online equals batch, on every customer of a generated snapshot: probability, segment and reasons."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops.src import batch_inference, data_ingestion, data_prep_churn, feature_store_loader
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.serving.churn_wiring import _features
from mlops.tests.serving.churn_fakes import Service, registry_with
from mlops.tests.serving.conftest import Model
from telecom.bootstrap import Platform
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.synthetic.customers import write_csv
from telecom.tables import contract

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMERS = 2_500
WITHIN = 1e-12
Rows = dict[str, dict[str, Any]]


class World:
    """A generated snapshot, scored in batch, and a service with the same model."""

    def __init__(self, folder: Path, model: Model) -> None:
        self.platform = Platform(Settings(home=folder / "home"))
        warehouse, registry = self.platform.warehouse, registry_with(model)
        path = folder / "customers.csv"
        write_csv(path, CUSTOMERS, 3)
        data_ingestion.run(warehouse, self.platform.objects, Silent(), csv=str(path), snapshot_date=DAY, now=NOW)
        data_prep_churn.run(warehouse, Silent(), now=NOW)
        feature_store_loader.run(warehouse, self.platform.features)
        batch_inference.run(warehouse, registry, Silent(), now=NOW)
        with path.open(newline="") as file:
            rows = [{name: text for name, text in row.items() if name != "Churn"} for row in csv.DictReader(file)]
        self.telco = {row["customerID"]: row for row in rows}
        self.scored = self.table(batch_inference.SCORED)
        self.service = Service(registry, features=_features(self.platform), body_bytes=4_000_000)

    def table(self, name: str) -> Rows:
        """All rows of a table by customer."""
        names = ", ".join(contract(name).schema.names)
        rows = self.platform.warehouse.query(f"SELECT {names} FROM {name}").to_pylist()
        return {row["customer_id"]: row for row in rows}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, first: Model) -> Iterator[World]:
    yield World(tmp_path_factory.mktemp("world"), first)


def differing(world: World, answered: dict[str, Any]) -> list[Any]:
    """Customers whose answers are not those of the batch."""
    assert len(answered) == len(world.scored) == CUSTOMERS
    return [(name, answer) for name, answer in answered.items() if not same(answer, world.scored[name])]


def same(answer: dict[str, Any], scored: dict[str, Any]) -> bool:
    """Segment and reasons equal, probability and contributions to the last digits of a sum."""
    reasons, expected = answer["top_reasons"], scored["top_reasons"]
    words = [[(reason["feature"], reason["value"]) for reason in told] for told in (reasons, expected)]
    sizes = [[reason["contribution"] for reason in told] for told in (reasons, expected)]
    return (
        answer["risk_segment"] == scored["risk_segment"]
        and abs(answer["churn_probability"] - scored["churn_probability"]) <= WITHIN
        and words[0] == words[1]
        and all(abs(mine - theirs) <= WITHIN for mine, theirs in zip(*sizes, strict=True))
    )


def test_telco_columns(world: World) -> None:
    names = list(world.telco)
    answers = world.service.predict(*[world.telco[name] for name in names])
    assert differing(world, dict(zip(names, answers, strict=True))) == []


@pytest.mark.parametrize("table", [batch_inference.INPUT, data_prep_churn.FEATURES])
def test_feature_columns(world: World, table: str) -> None:
    rows = world.table(table)
    columns = [feature.name for feature in CHURN_FEATURES]
    sent = [{"customer_id": name} | {column: rows[name][column] for column in columns} for name in rows]
    assert differing(world, dict(zip(rows, world.service.predict(*sent), strict=True))) == []


def test_one_at_a_time_and_without_reasons(world: World) -> None:
    names = list(world.telco)[:100]
    bare = world.service.predict(*[world.telco[name] for name in names], parameters={"reasons": False})
    for name, plain in zip(names, bare, strict=True):
        (alone,) = world.service.predict(world.telco[name])
        assert same(alone, world.scored[name])
        assert abs(plain["churn_probability"] - alone["churn_probability"]) <= WITHIN


def test_customers_by_their_id_from_the_online_features(world: World) -> None:
    for name in list(world.telco)[:40]:
        answer = world.service.ask(f"/v1/customers/{name}/risk").json()
        assert answer["customer_id"] == name and same(answer, world.scored[name])
    assert world.service.ask("/v1/customers/0000-NOBODY/risk").status_code == 404


def test_the_comparison_notices_a_difference(world: World) -> None:
    name, scored = next(iter(world.scored.items()))
    (answer,) = world.service.predict(world.telco[name])
    assert same(answer, scored)
    for change in ({"churn_probability": answer["churn_probability"] + 1e-6}, {"risk_segment": "none"}):
        assert not same(answer | change, scored)
    assert not same(answer | {"top_reasons": [answer["top_reasons"][0] | {"value": "?"}]}, scored)


def test_a_store_without_an_online_side(tmp_path: Path, first: Model) -> None:
    made = Service(registry_with(first), features=_features(Platform(Settings(home=tmp_path))))
    answer = made.ask("/v1/customers/a/risk")
    assert answer.status_code == 503 and "telecom features" in answer.json()["error"]
