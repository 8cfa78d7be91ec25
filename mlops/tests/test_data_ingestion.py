"""End to end over the local platform: what is taken, what is refused, and that nothing is half done."""

import csv
import dataclasses
import json
import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from mlops.src.data_ingestion import QUARANTINE, RAW, Ingested, object_key, run
from mlops.tests.intake.telco_files import DAY, NAMES, NOW, record, records, telco_csv
from telecom.bootstrap import Platform
from telecom.errors import InputRefused, NotFound, TelecomError, UsageError
from telecom.settings import Settings

Ingest = Callable[..., Ingested]


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(home=tmp_path / "home dir"))


@pytest.fixture
def ingest(platform: Platform, tmp_path: Path) -> Ingest:
    """Ingests bytes as a file of a given name."""

    def call(data: bytes, name: str = "telco.csv", day: date = DAY, replace: bool = False) -> Ingested:
        path = tmp_path / name
        path.write_bytes(data)
        return run(
            platform.warehouse,
            platform.objects,
            platform.progress,
            csv=str(path),
            snapshot_date=day,
            now=NOW,
            replace=replace,
        )

    return call


def tables(platform: Platform) -> tuple[list[dict[str, object]], ...]:
    return tuple(
        platform.warehouse.query(f"SELECT * FROM {table} ORDER BY snapshot_date, source_digest, source_row").to_pylist()
        for table in (RAW, QUARANTINE)
    )


def test_a_file_becomes_rows_and_bytes_in_the_lake(platform: Platform, ingest: Ingest, tmp_path: Path) -> None:
    data = telco_csv([record(1), record(2, TotalCharges=" "), record(3, gender=" Male ")], newline="\r\n")
    result = ingest(data, "My extract (1).csv")
    assert (result.read, result.accepted, result.refused) == (3, 3, 0)
    assert result.labelled and not result.already_present and result.quarantine is None
    key = f"bronze/churn/snapshot_date=2026-01-31/{result.source_digest[:16]}-My-extract-1.csv"
    assert platform.objects.keys("") == (key,)
    assert platform.objects.get(result.uri, tmp_path).read_bytes() == data
    rows, quarantine = tables(platform)
    expected = [record(1), record(2) | {"TotalCharges": None}, record(3) | {"gender": "Male"}]
    assert [{name: row[name] for name in NAMES} for row in rows] == expected
    assert [row["source_row"] for row in rows] == [1, 2, 3]
    assert {(row["snapshot_date"], row["source_digest"], row["ingested_at"]) for row in rows} == {
        (DAY, result.source_digest, NOW)
    }
    assert quarantine == []


def test_customers_to_be_scored_come_without_the_label(platform: Platform, ingest: Ingest) -> None:
    result = ingest(telco_csv(records(2), [name for name in NAMES if name != "Churn"]))
    assert (result.accepted, result.labelled) == (2, False)
    assert [row["Churn"] for row in tables(platform)[0]] == [None, None]


def test_the_same_file_again_writes_nothing_and_says_so(platform: Platform, ingest: Ingest) -> None:
    data = telco_csv([*records(150), record(151, gender="?")])
    first = ingest(data)
    before, catalog = tables(platform), (platform.settings.home / "warehouse/catalog.json").read_bytes()
    again = ingest(data, "another-name.csv")
    assert again == dataclasses.replace(first, already_present=True)
    assert (again.read, again.accepted, again.refused, again.by_reason) == (151, 150, 1, {"value_not_allowed": 1})
    assert tables(platform) == before
    assert (platform.settings.home / "warehouse/catalog.json").read_bytes() == catalog
    assert len(platform.objects.keys("bronze/")) == 1


def test_the_same_file_may_serve_two_snapshots(platform: Platform, ingest: Ingest) -> None:
    data = telco_csv(records(2))
    ingest(data)
    assert not ingest(data, day=date(2026, 2, 28)).already_present
    assert [row["snapshot_date"] for row in tables(platform)[0]] == [DAY] * 2 + [date(2026, 2, 28)] * 2


def test_files_of_one_snapshot_accumulate(platform: Platform, ingest: Ingest) -> None:
    ingest(telco_csv(records(2)))
    ingest(telco_csv([record(7)]))
    assert sorted(str(row["customerID"]) for row in tables(platform)[0]) == ["0001-ABCDE", "0002-ABCDE", "0007-ABCDE"]


def test_replace_leaves_one_file_of_the_snapshot_and_other_snapshots_alone(platform: Platform, ingest: Ingest) -> None:
    ingest(telco_csv(records(1)), day=date(2025, 12, 31))
    ingest(telco_csv([*records(150), record(151, gender="?")]))
    ingest(telco_csv(records(3)))
    result = ingest(telco_csv([record(8)]), replace=True)
    assert (result.accepted, result.replaced) == (1, 2)
    rows, quarantine = tables(platform)
    assert [(row["snapshot_date"], row["customerID"]) for row in rows] == [
        (date(2025, 12, 31), "0001-ABCDE"),
        (DAY, "0008-ABCDE"),
    ]
    assert quarantine == []


def test_replace_by_a_file_that_is_present_only_removes_the_others(platform: Platform, ingest: Ingest) -> None:
    kept = telco_csv(records(2))
    ingest(kept)
    ingest(telco_csv(records(5)))
    result = ingest(kept, replace=True)
    assert (result.already_present, result.replaced, result.accepted) == (True, 1, 2)
    assert [row["source_row"] for row in tables(platform)[0]] == [1, 2]


def test_a_few_bad_records_are_set_aside_with_their_reasons(platform: Platform, ingest: Ingest) -> None:
    lines = telco_csv(records(400)).splitlines(keepends=True)
    lines[10] = lines[10].replace(b"29.85", b'"29,85"')
    lines[20] = b"only,three,fields\n"
    lines[30] = telco_csv([record(30, gender="", Partner="maybe")]).splitlines(keepends=True)[1]
    result = ingest(b"".join(lines))
    assert (result.read, result.accepted, result.refused) == (400, 397, 3)
    assert result.by_reason == {"missing_value": 1, "not_plain_decimal": 1, "wrong_field_count": 1}
    rows, quarantine = tables(platform)
    assert [row["source_row"] for row in rows] == [n for n in range(1, 401) if n not in (10, 20, 30)]
    assert [(row["source_row"], row["reason"], row["column_name"], row["value"]) for row in quarantine] == [
        (10, "not_plain_decimal", "MonthlyCharges", "29,85"),
        (20, "wrong_field_count", "", "3"),
        (30, "missing_value", "gender", ""),
    ]
    assert json.loads(str(quarantine[0]["record"])) == list(record(10, MonthlyCharges="29,85").values())
    assert json.loads(str(quarantine[1]["record"])) == ["only", "three", "fields"]
    assert result.quarantine is not None
    where = result.quarantine.removeprefix(QUARANTINE)
    assert platform.warehouse.query(f"SELECT * FROM {QUARANTINE} {where}").num_rows == 3


def test_too_many_bad_records_refuse_the_file_and_keep_a_copy(
    platform: Platform, ingest: Ingest, tmp_path: Path
) -> None:
    ingest(telco_csv([record(900)]))
    before, lake = tables(platform), platform.objects.keys("")
    data = telco_csv([*records(99), record(100, Churn="Perhaps"), record(101, tenure="-1")])
    for _ in range(2):
        with pytest.raises(InputRefused) as refused:
            ingest(data)
        error = refused.value
        assert (error.reason, error.read, error.refused, error.accepted) == ("too_many_bad_rows", 101, 101, 0)
        assert "2 of the 101 records" in str(error) and "'Perhaps'" in str(error) and "tenure = '-1'" in str(error)
        assert str(error.where) in str(error)
    assert tables(platform) == before
    (copy,) = set(platform.objects.keys("")) - set(lake)
    assert copy.startswith("quarantine/churn/snapshot_date=2026-01-31/")
    stored = platform.objects.get(str(error.where), tmp_path).read_text("utf-8").splitlines()
    assert [(json.loads(line)["row"], json.loads(line)["reason"]) for line in stored] == [
        (100, "value_not_allowed"),
        (101, "out_of_range"),
    ]


def test_exactly_the_allowed_share_is_taken(ingest: Ingest) -> None:
    bad = record(100, gender="?")
    assert ingest(telco_csv([*records(99), bad])).refused == 1
    with pytest.raises(InputRefused, match="break the contract"):
        ingest(telco_csv([*records(98), bad]))


def test_a_refused_file_leaves_tables_and_lake_as_they_were(platform: Platform, ingest: Ingest) -> None:
    ingest(telco_csv(records(2)))
    before, lake = tables(platform), platform.objects.keys("")
    with pytest.raises(InputRefused) as refused:
        ingest(telco_csv([record(1), record(2), record(1)]), replace=True)
    assert (refused.value.reason, refused.value.exit_code) == ("duplicate_ids", 3)
    assert (tables(platform), platform.objects.keys("")) == (before, lake)


def test_what_is_not_a_file_is_named(platform: Platform, tmp_path: Path) -> None:
    def ingest(name: str) -> None:
        run(platform.warehouse, platform.objects, platform.progress, csv=name, snapshot_date=DAY, now=NOW)

    with pytest.raises(NotFound, match="nowhere"):
        ingest(str(tmp_path / "nowhere.csv"))
    with pytest.raises(InputRefused, match="regular file") as refused:
        ingest(str(tmp_path))
    assert refused.value.reason == "not_a_file"
    for name in ("", "x\0y", "~nobody-here/x", "a" * 5_000, "gs://bucket/telco.csv"):
        with pytest.raises(TelecomError):
            ingest(name)


def test_a_time_without_zone_is_refused(platform: Platform) -> None:
    with pytest.raises(UsageError, match="time zone"):
        run(
            platform.warehouse,
            platform.objects,
            platform.progress,
            csv="x",
            snapshot_date=DAY,
            now=datetime(2026, 1, 1),
        )


@pytest.mark.parametrize(
    ("name", "safe"),
    [("gs://b/x y.csv", "x-y"), ("/a/.csv", "csv"), ("...", "file"), ("ção.csv", "o"), ("a" * 99, "a" * 64)],
)
def test_keys_are_safe(name: str, safe: str) -> None:
    assert object_key("bronze", DAY, "0" * 64, name, ".csv").rpartition("/")[2] == f"{'0' * 16}-{safe}.csv"


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("TELECOM_TEST_CSV"), reason="TELECOM_TEST_CSV is not set")
def test_the_public_file(platform: Platform) -> None:
    path = Path(os.environ["TELECOM_TEST_CSV"])
    result = run(platform.warehouse, platform.objects, platform.progress, csv=str(path), snapshot_date=DAY, now=NOW)
    assert (result.read, result.accepted, result.refused, result.labelled) == (5_602, 5_602, 0, True)
    with path.open(encoding="utf-8", newline="") as stream:
        expected = [{k: v.strip() or None for k, v in row.items()} for row in csv.DictReader(stream)]
    assert [{name: row[name] for name in NAMES} for row in tables(platform)[0]] == expected
