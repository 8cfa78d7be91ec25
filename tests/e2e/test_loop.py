"""CSV → scored table → report, as a person runs it."""

import hashlib
import json
import os
import random
import re
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.settings import Settings
from tests.e2e.conftest import DAY, Telecom

pytestmark = pytest.mark.slow
Demo = tuple[Telecom, dict[str, Any]]
SCORES = "SELECT * EXCEPT (scored_at) FROM telecom_gold.telco_churn_scored ORDER BY customer_id"


def test_every_step_ran_and_said_so(demo: Demo) -> None:
    _, done = demo
    names = [step["name"] for step in done["steps"]]
    assert names == "ingest prepare world features train promote score drift report knowledge".split()
    assert all(step["seconds"] >= 0 and step["outcome"] for step in done["steps"])
    assert [step["rows"] for step in done["steps"] if step["name"] in ("ingest", "prepare", "score")] == [2500] * 3


def test_the_readme_shows_every_step_and_no_other(demo: Demo) -> None:
    page = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    shown = page.split("<!-- demo-output -->")[1].split("<!-- /demo-output -->")[0]
    rows = re.findall(r"^  (\w+) +[\d,–]+ +[\d.]+   ", shown, re.MULTILINE)
    assert rows == [step["name"] for step in demo[1]["steps"]]


def test_every_customer_is_scored_once_by_contract(demo: Demo) -> None:
    telecom, _ = demo
    (row,) = telecom.query(
        """
        SELECT COUNT(*) AS n, COUNT(DISTINCT customer_id) AS ids, MIN(churn_probability) AS low,
          MAX(churn_probability) AS high, MIN(ARRAY_LENGTH(top_reasons)) AS few, MAX(ARRAY_LENGTH(top_reasons)) AS many,
          COUNT(DISTINCT snapshot_date) AS days, AVG(churn_probability) AS mean
        FROM telecom_gold.telco_churn_scored
        """
    )
    assert (row["n"], row["ids"], row["days"]) == (2500, 2500, 1)
    assert 0 < row["low"] < row["high"] < 1 and 0.15 < row["mean"] < 0.4
    assert 3 <= row["few"] <= row["many"] <= 5


def test_reasons_are_largest_first_in_the_customers_own_words(demo: Demo) -> None:
    telecom, _ = demo
    rows = telecom.query(
        """
        SELECT top_reasons, contract, tenure_months FROM telecom_gold.telco_churn_scored
        INNER JOIN telecom_gold.telco_churn_features USING (customer_id, snapshot_date) LIMIT 300
        """
    )
    for row in rows:
        sizes = [abs(reason["contribution"]) for reason in row["top_reasons"]]
        assert sizes == sorted(sizes, reverse=True)
        told = {reason["feature"]: reason["value"] for reason in row["top_reasons"]}
        assert told.get("contract", row["contract"]) == row["contract"]
        assert told.get("tenure_months", str(row["tenure_months"])) == str(row["tenure_months"])


def test_segments_follow_the_probability(demo: Demo) -> None:
    rows = demo[0].query(
        "SELECT risk_segment, MIN(churn_probability) AS low, MAX(churn_probability) AS high "
        "FROM telecom_gold.telco_churn_scored GROUP BY risk_segment"
    )
    bands = {row["risk_segment"]: (row["low"], row["high"]) for row in rows}
    assert bands["low"][1] < bands["medium"][0] and bands["medium"][1] < bands["high"][0]


def test_the_report_is_one_page_without_network(demo: Demo) -> None:
    _, done = demo
    page = Path(done["report"]).read_text("utf-8")
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)
    assert "Nobody on this page exists" in page and "telco-churn" in page


def test_a_later_report_still_says_that_the_customers_are_generated(demo: Demo, tmp_path: Path) -> None:
    demo[0]("report", "--out", str(tmp_path))
    assert "Nobody on this page exists" in (tmp_path / "index.html").read_text("utf-8")


def test_the_same_loop_again_gives_the_same(copied: Telecom) -> None:
    before = (copied.query(SCORES), copied.json("models"))
    out = str(copied.home.parent / "again")
    done = copied.json("demo", "--customers", "2500", "--snapshot-date", DAY, "--out", out)
    outcomes = {step["name"]: step["outcome"] for step in done["steps"]}
    assert "already present" in outcomes["ingest"] and "champion already" in outcomes["promote"]
    assert (copied.query(SCORES), copied.json("models")) == before


def test_another_demo_takes_the_place_of_the_first(copied: Telecom) -> None:
    out = str(copied.home.parent / "again")
    copied.json("demo", "--customers", "1500", "--snapshot-date", "2026-11-30", "--out", out)
    rows = copied.query(
        "SELECT snapshot_date, COUNT(*) AS n FROM telecom_gold.telco_churn_features GROUP BY snapshot_date"
    )
    assert rows == [{"snapshot_date": "2026-11-30", "n": 1500}]
    assert len(copied.query("SELECT DISTINCT snapshot_date FROM telecom_gold.telco_churn_scored")) == 1


def test_customers_without_labels_are_scored_in_their_own_snapshot(copied: Telecom) -> None:
    new = copied.home.parent / "new.csv"
    copied("synth", "--customers", "300", "--seed", "99", "--without-churn", "--out", str(new))
    taken = copied.json("ingest", "--csv", str(new), "--snapshot-date", "2026-11-30")
    assert (taken["accepted"], taken["labelled"]) == (300, False)
    copied("prepare")
    assert copied.json("score")["rows"] == 300
    days = copied.query(
        "SELECT snapshot_date, COUNT(*) AS n FROM telecom_gold.telco_churn_scored GROUP BY 1 ORDER BY 1"
    )
    assert [row["n"] for row in days] == [2500, 300]
    assert copied.json("score", "--snapshot-date", DAY)["rows"] == 2500


def test_a_refused_file_leaves_everything_and_exits_with_3(copied: Telecom, tmp_path: Path) -> None:
    before = copied.query(SCORES)
    bad = tmp_path / "bad.csv"
    bad.write_text("customerID;gender\n1;Female\n")
    described = copied.json("ingest", "--csv", str(bad), code=3)["error"]
    assert described["reason"] == "wrong_delimiter"
    assert described["read"] == described["accepted"] + described["refused"]
    assert copied.query(SCORES) == before


@pytest.mark.parametrize(("kind", "gate"), [("unit_change", "quality"), ("null_burst", "quality")])
def test_broken_sources_stop_at_the_quality_gate(copied: Telecom, kind: str, gate: str) -> None:
    path = copied.home.parent / "broken.csv"
    copied("synth", "--customers", "2000", "--seed", "3", "--drift", kind, "--out", str(path))
    copied("ingest", "--csv", str(path), "--snapshot-date", "2026-11-30")
    assert copied.json("prepare", code=4)["error"]["gate"] == gate
    assert copied.json("score")["snapshot_date"] == DAY, "the last good snapshot is still what is scored"


@pytest.mark.parametrize("kind", ["price_rise", "new_plan"])
def test_drift_exits_with_4_and_no_drift_with_0(copied: Telecom, kind: str) -> None:
    for day, drift, code in (("2026-11-29", "none", 0), ("2026-11-30", kind, 4)):
        path = copied.home.parent / f"{drift}.csv"
        copied("synth", "--customers", "7000", "--seed", "11", "--drift", drift, "--out", str(path))
        copied("ingest", "--csv", str(path), "--snapshot-date", day)
        copied("prepare")
        assert copied.json("drift", code=code)["drifted"] == (code == 4), "one JSON document, whatever the gate says"
    rows = copied.query("SELECT feature FROM telecom_monitoring.feature_drift_metrics WHERE drifted")
    assert rows and (copied.home / "metrics" / "drift.prom").is_file()


def test_scoring_killed_at_any_moment_leaves_the_old_rows_or_the_new(copied: Telecom) -> None:
    before = copied.query(SCORES)
    for wait in (0.45, 0.7, 0.85, 1.0, 1.15):
        process = copied.start("score", "--no-reasons")
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        found = copied.query(
            "SELECT COUNT(*) AS n, MIN(ARRAY_LENGTH(top_reasons)) AS r FROM telecom_gold.telco_churn_scored"
        )
        assert found[0]["n"] == 2500
    copied("score")
    assert copied.query(SCORES) == before


def test_two_scorings_at_once_leave_one_set_of_rows(copied: Telecom) -> None:
    before = copied.query(SCORES)
    processes = [copied.start("score") for _ in range(2)]
    codes = [(process.communicate(timeout=120), process.returncode)[1] for process in processes]
    assert 0 in codes and set(codes) <= {0, 5}
    assert copied.query(SCORES) == before


def test_a_tampered_champion_is_never_used(copied: Telecom) -> None:
    (model,) = copied.home.glob("models/telco-churn/*/model.json")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    said = copied("score", code=1)
    assert "model.json" in said
    with sqlite3.connect(copied.home / "mlflow.db") as database:
        assert database.execute("SELECT COUNT(*) FROM model_versions").fetchone() == (1,)


def test_a_report_speaks_of_the_model_that_scored_and_rollback_goes_back(copied: Telecom, tmp_path: Path) -> None:
    dearer = Telecom(copied.home, {"TELECOM_CHURN_OFFER_COST": "61"})
    second = dearer.json("train")["version"]
    first = next(model["version"] for model in copied.json("models") if "champion" in model["aliases"])
    assert second != first, "another business case is another model"
    Platform(Settings(home=copied.home)).registry.point("telco-churn", "champion", second)
    assert f"was scored by version {first}; the champion is {second}" in copied(
        "report", "--out", str(tmp_path), code=1
    )
    copied("score")
    copied("report", "--out", str(tmp_path))
    assert "61.00" in (tmp_path / "index.html").read_text("utf-8")
    back = copied.json("rollback")
    assert (back["from_version"], back["to_version"]) == (second, first)


def test_rollback_needs_an_earlier_champion(copied: Telecom) -> None:
    said = copied("rollback", code=1)
    assert "no earlier champion" in said and "telecom models" in said


def test_a_command_before_its_time_says_what_to_run(tmp_path: Path) -> None:
    telecom = Telecom(tmp_path / "home")
    for command, remedy in {
        ("prepare",): "telecom ingest",
        ("train",): "telecom ingest",
        ("score",): "telecom prepare",
        ("promote",): "telecom ingest",
        ("drift",): "telecom train",
        ("report", "--out", str(tmp_path)): "telecom score",
    }.items():
        assert remedy in telecom(*command, code=1), command


def test_what_the_operating_system_refuses_is_said_and_exits_with_5(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    telecom = Telecom(tmp_path / "file" / "home")
    process = Telecom(tmp_path / "home").start("synth", "--customers", "5", "--out", str(tmp_path / "file" / "x.csv"))
    _, err = process.communicate()
    assert (process.returncode, "Traceback" in err) == (5, False)
    assert str(tmp_path / "file") in err
    assert "Not a directory" in telecom_in(
        tmp_path, telecom, "query", "SELECT 1 AS x FROM telecom_gold.telco_churn_scored"
    )


def telecom_in(folder: Path, telecom: Telecom, *arguments: str) -> str:
    process = telecom.start(*arguments, folder=folder)
    out, err = process.communicate()
    assert process.returncode == 5 and "Traceback" not in err, err
    return err + out


def test_a_reader_that_has_seen_enough_is_no_error(demo: Demo) -> None:
    process = demo[0].start("query", "SELECT * FROM telecom_bronze.telco_churn_raw", "--format", "csv")
    assert process.stdout
    process.stdout.readline()  # of half a megabyte; a pipe holds 64 kilobytes
    process.stdout.close()
    assert process.stderr
    assert (process.wait(60), process.stderr.read()) == (0, "")
    process.stderr.close()


def test_training_on_known_data_makes_that_version_the_challenger(copied: Telecom) -> None:
    more = copied.home.parent / "more.csv"
    copied("synth", "--customers", "1500", "--seed", "42", "--out", str(more))
    first = copied.json("models")[0]["version"]
    copied("ingest", "--csv", str(more), "--snapshot-date", "2026-11-30")
    copied("prepare")
    second = copied.json("train")["version"]
    assert second != first
    assert copied.json("train", "--up-to", DAY)["version"] == first
    aliases = {model["version"]: model["aliases"] for model in copied.json("models")}
    assert aliases == {first: ["challenger", "champion"], second: []}


def test_doctor_is_content_after_a_demo(demo: Demo) -> None:
    checks = {check["name"]: check for check in demo[0].json("doctor")}
    assert all(check["ok"] for check in checks.values())
    assert "2,500 customers" in checks["warehouse"]["found"]


def test_the_lake_keeps_the_bytes_as_received(demo: Demo) -> None:
    telecom, _ = demo
    (kept,) = telecom.home.glob(f"lake/bronze/churn/snapshot_date={DAY}/*.csv")
    (row,) = telecom.query("SELECT DISTINCT source_digest FROM telecom_bronze.telco_churn_raw")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == row["source_digest"]


def test_the_model_does_not_depend_on_row_order_threads_time_zone_or_locale(tmp_path: Path) -> None:
    ordered = tmp_path / "ordered.csv"
    Telecom(tmp_path / "none")("synth", "--customers", "1500", "--seed", "5", "--out", str(ordered))
    header, *rows = ordered.read_text().splitlines()
    shuffled = tmp_path / "shuffled.csv"
    random.Random(1).shuffle(rows)
    shuffled.write_text("\r\n".join([header, *rows]) + "\r\n")
    elsewhere = {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "OMP_NUM_THREADS": "1",
        "TELECOM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Sandybridge",
        "PYTHONHASHSEED": "3",
    }
    digests = []
    for name, path, environment in (("here", ordered, {}), ("there", shuffled, elsewhere)):
        telecom = Telecom(tmp_path / name, environment)
        commands = ("ingest", "--csv", str(path), "--snapshot-date", DAY), ("prepare",), ("train", "--json")
        trained = json.loads((telecom.apart if environment else telecom.here)(*commands))
        digests.append({k: v for k, v in trained.items() if k.endswith("_digest")})
    assert digests[0] == digests[1]
