"""What only the local ports do: gauges in one file per job, state in one folder of any name."""

from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.ports import Run, Sample
from telecom.settings import Settings


def test_gauges_are_replaced_per_job(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path / "home"))
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
