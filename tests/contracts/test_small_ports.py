"""What every FeatureStore, Experiments and Metrics promise."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from telecom.bootstrap import Platform
from telecom.errors import NotFound
from telecom.ports import FeatureGroup, Run, Sample, Write
from telecom.settings import Settings
from telecom.tables import contract

TABLE = "telecom_gold.telco_churn_features"
DAY = date(2026, 11, 20)
GROUP = FeatureGroup("churn", TABLE, "customer_id", ("tenure_months", "contract", "autopay"))
DEFAULTS = {"STRING": "x", "INT64": 3, "FLOAT64": 1.5, "BOOL": True}


def customers(platform: Platform, ids: list[str], day: date = DAY, tenure: int = 3) -> None:
    table = contract(TABLE)
    row = {c.name: DEFAULTS.get(c.type) for c in table.columns} | {"tenure_months": tenure}
    row |= {"snapshot_date": day, "feature_timestamp": datetime(2026, 11, 20, tzinfo=UTC)}
    rows = [row | {"customer_id": name} for name in ids]
    batch = pa.RecordBatch.from_pylist(rows, schema=table.schema)
    platform.warehouse.write(Write(TABLE, [batch], {"snapshot_date": day}))


def test_features_are_served_in_the_order_asked_for(platform: Platform) -> None:
    customers(platform, ["a", "b", "c"])
    platform.features.register(GROUP)
    assert platform.features.sync("churn", DAY) == 3
    found = platform.features.read("churn", ["c", "missing", "a"])
    assert found.to_pylist() == [
        {"customer_id": name, "tenure_months": 3, "contract": "x", "autopay": True} for name in ("c", "a")
    ]


def test_many_entities_at_once(platform: Platform) -> None:
    ids = [f"c{n}" for n in range(1_201)]
    customers(platform, ids)
    platform.features.register(GROUP)
    platform.features.sync("churn", DAY)
    assert platform.features.read("churn", ids)["customer_id"].to_pylist() == ids


def test_a_sync_replaces_what_was_served(platform: Platform) -> None:
    platform.features.register(GROUP)
    for day, ids, tenure in ((DAY, ["a", "b"], 1), (date(2026, 12, 20), ["a"], 2)):
        customers(platform, ids, day, tenure)
        platform.features.sync("churn", day)
    assert platform.features.read("churn", ["a", "b"])["tenure_months"].to_pylist() == [2]


def test_unknown_groups_and_features_are_named(platform: Platform) -> None:
    with pytest.raises(NotFound, match="'nothing'"):
        platform.features.read("nothing", ["a"])
    with pytest.raises(NotFound, match="no column 'shoe_size'"):
        platform.features.register(FeatureGroup("g", TABLE, "customer_id", ("shoe_size",)))
    platform.features.register(GROUP)
    with pytest.raises(NotFound, match="telecom features"):
        platform.features.read("churn", ["a"])


def test_a_run_is_remembered(mlflow_platform: Platform, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    files = tmp_path / "artifacts"
    files.mkdir()
    (files / "curve.json").write_text("[]")
    run = Run("churn", "first", {"depth": "3"}, {"auc": 0.85}, {"data_digest": "abc"}, files)
    run_id = mlflow_platform.experiments.record(run)
    assert mlflow_platform.experiments.record(run) != run_id
    client = MlflowClient(f"sqlite:///{mlflow_platform.settings.home / 'mlflow.db'}")
    stored = client.get_run(run_id)
    assert (stored.data.params, stored.data.metrics) == ({"depth": "3"}, {"auc": 0.85})
    assert stored.data.tags["data_digest"] == "abc"
    assert [f.path for f in client.list_artifacts(run_id)] == ["curve.json"]


def test_gauges_are_replaced_per_job(platform: Platform) -> None:
    platform.metrics.publish("drift", [Sample("churn/score", 9.0)])
    samples = [
        Sample("churn/score", 0.5),
        *(Sample("churn/psi", 0.1 * n, {"feature": f"f{n}"}) for n in (1, 2)),
    ]
    platform.metrics.publish("drift", samples)
    written = (platform.settings.home / "metrics" / "drift.prom").read_text()
    assert "churn_score 0.5" in written
    assert 'churn_psi{feature="f2"} 0.2' in written
    assert "9.0" not in written


def test_any_folder_may_be_home_and_any_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    working = tmp_path / 'it\'s a "q"'
    working.mkdir()
    monkeypatch.chdir(working)
    home = tmp_path / "50%20 ?mode=ro #é 'q' \"d\" :x &="
    platform = Platform(Settings(home=home))
    (files := tmp_path / "files").mkdir()
    (files / "a.txt").write_text("x")
    assert platform.experiments.record(Run("churn", "first", {"a": "b"}, {"auc": 0.5}, {}, files))
    assert platform.registry.register("churn", files, "0" * 64, {}).version == "1"
    assert (home / "mlflow.db").is_file() and list((home / "experiments").rglob("a.txt"))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["files", home.name, working.name])
    assert list(working.iterdir()) == []


def test_a_snapshot_that_cannot_be_served_leaves_the_old_one(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers(platform, ["a"])
    platform.features.register(GROUP)
    platform.features.sync("churn", DAY)

    def failing(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(type(platform.warehouse), "stream", failing)
    with pytest.raises(OSError, match="full"):
        platform.features.sync("churn", DAY)
    folder = platform.settings.home / "features"
    assert sorted(path.name for path in folder.iterdir()) == ["churn.json", "churn.sqlite"]
    assert platform.features.read("churn", ["a"]).num_rows == 1
