"""Erasure and access over every table that the contracts describe, on both backends."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlops.src import data_ingestion
from telecom import erasures, privacy, privacy_export
from telecom.bootstrap import Platform
from telecom.errors import NotFound, TelecomError, UsageError
from telecom.ports import Parameters, Write
from telecom.privacy_places import rows_of
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.tables import Column, Contract, contracts
from tests.contracts.home_search import found_below
from tests.contracts.people import ANA, DAY, NAMES, NOW, RUI, fill, leave_behind, personal, put, row, stores

pytestmark = pytest.mark.backends("local", "gcp")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a platform with two people in it, to be copied."""
    home = tmp_path_factory.mktemp("people") / "home"
    fill(Platform(Settings(home=home)))
    return home


@pytest.fixture
def people(platform: Platform, request: pytest.FixtureRequest) -> None:
    """Two people are in the platform."""
    if platform.settings.backend == "local":
        shutil.copytree(request.getfixturevalue("filled"), platform.settings.home)
    else:
        fill(platform)


def left(platform: Platform, who: str) -> int:
    return sum(rows.count(platform.warehouse) for rows in rows_of(who))


def test_every_table_that_may_name_a_customer_is_covered() -> None:
    covered = {rows.table for rows in rows_of(ANA)} | {erasures.TABLE}
    for name, table in contracts().items():
        for column in table.columns:
            plain = column.name.lower().replace("_", "")
            marked = column.pii != "none" or any(field.pii != "none" for field in column.fields)
            if plain == "customerid" or marked or column.name in ("trace_id", "session_id"):
                assert name in covered, f"{name}.{column.name} may name a person, and erasure does not look there"
            if plain.endswith("customerid"):
                assert column.pii == "identifier", f"{name}.{column.name} is not marked as an identifier"
            assert all(field.pii == "none" for field in column.fields), f"{name}.{column.name}: not looked into"


def test_a_new_table_is_covered_by_being_described() -> None:
    columns = (Column(name="customer_id", type="STRING", description="Whose.", pii="identifier"),)
    made = Contract.model_validate(
        {"table": "telecom_gold.new", "description": "x", "owner": "x", "domain": "customer"}
        | {"sensitivity": "internal", "freshness_hours": 1, "key": [], "replace_by": [], "columns": columns}
    )
    (rows,) = rows_of(ANA, {made.table: made})
    assert (rows.table, rows.where, rows.parameters) == (made.table, "customer_id = @customer_id", {"customer_id": ANA})


@pytest.mark.usefixtures("people")
def test_a_person_goes_from_every_layer_and_others_stay(platform: Platform, tmp_path: Path) -> None:
    csv = "bronze/churn/snapshot_date=2026-11-20/0-a.csv"
    put(platform, csv, f'customerID,gender\r\n{RUI},Male\r\n" {ANA} ","Fe,male"\r\n7590-VHVEG2,x', tmp_path)
    put(platform, "quarantine/churn/a.jsonl", json.dumps([ANA]) + "\n" + json.dumps([RUI]) + "\n", tmp_path)
    put(platform, "docs/a.md", f"{ANA} is an example.", tmp_path)
    before = {rows.table: rows.count(platform.warehouse) for rows in rows_of(RUI)}
    assert all(before.values()), before
    done = privacy.erase(stores(platform), ANA, "dpo", lambda: NOW)
    assert done.anything and done.proof.finished_at == NOW
    assert {name for name in done.proof.places if name.startswith("telecom_")} == {t.table for t in personal()}
    assert done.proof.places.items() >= {f"lake/{csv}": 1, "lake/quarantine/churn/a.jsonl": 1}.items()
    assert done.proof.places["records/session"] == done.proof.places["features/telco_churn"] == 1
    assert left(platform, ANA) == 0 and platform.records.owned(ANA) == () and platform.features.served(ANA) == ()
    assert {rows.table: rows.count(platform.warehouse) for rows in rows_of(RUI)} == before
    kept = Path(platform.objects.get(csv, tmp_path / "in")).read_bytes()
    assert kept == f"customerID,gender\r\n{RUI},Male\r\n7590-VHVEG2,x".encode()
    keys = [key for key in platform.objects.keys("") if not key.startswith("models/documents/")]
    assert keys == [csv, "docs/a.md", "quarantine/churn/a.jsonl"]
    with pytest.raises(NotFound):
        privacy.held(stores(platform), ANA)
    assert len(privacy.held(stores(platform), RUI)) >= len(before)


@pytest.mark.usefixtures("people")
@pytest.mark.backends("local")
def test_doing_it_again_does_nothing_and_keeps_the_proof(platform: Platform) -> None:
    first = privacy.erase(stores(platform), ANA, "dpo", lambda: NOW)
    again = privacy.erase(stores(platform), ANA, "somebody else", lambda: NOW + timedelta(days=1))
    assert not again.anything and again.proof == first.proof
    assert ANA not in repr(first) and NAMES[ANA] not in repr(first)
    found = platform.warehouse.query(f"SELECT * FROM {erasures.TABLE}").to_pylist()
    assert [each["person"] for each in found] == [first.proof.person] and found[0]["erased_by"] == "dpo"


@pytest.mark.usefixtures("people")
@pytest.mark.backends("local")
def test_the_proof_tells_when_it_began_and_when_it_ended(platform: Platform) -> None:
    moments = iter([NOW, NOW + timedelta(seconds=9)])
    proof = privacy.erase(stores(platform), ANA, "dpo", lambda: next(moments)).proof
    assert (proof.began_at, proof.finished_at) == (NOW, NOW + timedelta(seconds=9))


@pytest.mark.usefixtures("people")
@pytest.mark.backends("local")
def test_what_broke_off_comes_to_the_same_proof(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = privacy.survey(stores(platform), ANA)
    whole, calls = platform.warehouse.erase, []

    def breaking(table: str, where: str, parameters: Parameters) -> int:
        calls.append(table)
        if len(calls) == 5:
            raise TelecomError("The plug was pulled.")
        return whole(table, where, parameters)

    monkeypatch.setattr(platform.warehouse, "erase", breaking)
    with pytest.raises(TelecomError, match="plug"):
        privacy.erase(stores(platform), ANA, "dpo", lambda: NOW)
    assert 0 < left(platform, ANA) < sum(n for name, n in expected.items() if name.startswith("telecom_"))
    done = privacy.erase(stores(platform), ANA, "other", lambda: NOW + timedelta(hours=1))
    assert left(platform, ANA) == 0
    assert (done.proof.places, done.proof.erased_by, done.proof.began_at) == (expected, "dpo", NOW)


@pytest.mark.usefixtures("people")
@pytest.mark.backends("local")
def test_whoever_is_written_anew_all_the_time_is_not_proven_gone(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform.warehouse, "erase", lambda *_: 0)
    with pytest.raises(TelecomError, match=r"written anew.*run it again"):
        privacy.erase(stores(platform), ANA, "dpo", lambda: NOW)
    (found,) = platform.warehouse.query(f"SELECT finished_at FROM {erasures.TABLE}")["finished_at"].to_pylist()
    assert found is None


@pytest.mark.backends("local")
def test_of_nobody_there_is_no_proof(platform: Platform) -> None:
    with pytest.raises(NotFound, match="'0000-NOBODY'"):
        privacy.erase(stores(platform), "0000-NOBODY", "dpo", lambda: NOW)
    assert platform.warehouse.query(f"SELECT person FROM {erasures.TABLE}").num_rows == 0


def taken(platform: Platform, csv: Path, day: date = DAY) -> data_ingestion.Ingested:
    return data_ingestion.run(
        platform.warehouse, platform.objects, Silent(), csv=str(csv), snapshot_date=day, now=NOW,
        documents=platform.documents,
    )  # fmt: skip


def test_a_later_file_is_taken_without_the_person(platform: Platform, tmp_path: Path) -> None:
    sample = Path(__file__).resolve().parents[2] / "data" / "sample" / "telco_sample.csv"
    lines = sample.read_text().splitlines()
    who = lines[3].split(",")[0]
    csv = tmp_path / "telco.csv"
    csv.write_text("\n".join(lines[:50]) + "\n")
    first = taken(platform, csv)
    privacy.erase(stores(platform), who, "dpo", lambda: NOW)
    again, later = taken(platform, csv), taken(platform, csv, DAY + timedelta(days=1))
    assert (first.accepted, again.accepted, later.accepted) == (49, 48, 48)
    assert (again.already_present, later.already_present) == (True, False)
    for each in (again, later):
        assert each.by_reason == {"erased": 1} and each.read == 49 == each.accepted + each.refused
        assert each.source_digest == first.source_digest and each.quarantine is None
        kept = Path(platform.objects.get(each.uri, tmp_path / "in")).read_text()
        assert who not in kept and kept.splitlines()[1:] == lines[1:3] + lines[4:50]
    assert left(platform, who) == 0
    with pytest.raises(TelecomError, match="erasure-key"):
        data_ingestion.run(platform.warehouse, platform.objects, Silent(), csv=str(csv), snapshot_date=DAY, now=NOW)


@pytest.mark.usefixtures("people")
@pytest.mark.backends("local")
def test_access_has_all_that_is_held_with_its_sources(platform: Platform, tmp_path: Path) -> None:
    put(platform, "bronze/churn/a.csv", f"customerID,gender\n{ANA},Female\n{RUI},Male\n", tmp_path)
    held = privacy.held(stores(platform), ANA)
    assert {t.table for t in personal()} <= held.keys()
    assert held["lake/bronze/churn/a.csv"] == [{"customerID": ANA, "gender": "Female"}]
    assert held["records/session"][0]["value"] == {"turns": [["Oi", ANA, "x"]]}  # type: ignore[index]
    out = tmp_path / "out"
    written = privacy_export.write(held, ANA, NOW, out)
    data, page = json.loads((out / "data.json").read_text()), (out / "data.html").read_text()
    assert written.sources == len(held) == len(data["sources"]) and written.items == sum(map(len, held.values()))
    assert RUI not in json.dumps(data) and RUI not in page and NAMES[ANA] in page
    assert all(source["about"] for source in data["sources"])
    assert (out / "data.json").stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="not empty"):
        privacy_export.write(held, ANA, NOW, out)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=1>'])
def test_the_page_shows_text_as_text(tmp_path: Path, text: str) -> None:
    privacy_export.write({text: [{text: text}]}, text, NOW, tmp_path / "out")
    assert text not in (tmp_path / "out" / "data.html").read_text()


@pytest.mark.backends("local")
def test_not_a_byte_of_them_is_left_below_the_home_folder(platform: Platform, tmp_path: Path) -> None:
    home = platform.settings.home
    fill(platform)
    for table in personal():  # so that earlier states of every table lie about
        scope = {name: row(table, ANA)[name] for name in table.replace_by}
        batch = pa.RecordBatch.from_pylist([row(table, ANA), row(table, RUI)], schema=table.schema)
        platform.warehouse.write(Write(table.table, [batch], scope))
    audit = next(table for table in personal() if table.table.endswith("assistant_audit"))
    platform.events.add(audit.table, [{k: v for k, v in row(audit, ANA).items() if k != "batch"}])
    leave_behind(home)
    words = (ANA, NAMES[ANA], f"{ANA.lower()}@example.org")
    assert len(found_below(home, words)) > 15, "the search itself must find what is there"
    privacy.erase(stores(platform), ANA, "dpo", lambda: NOW)
    assert found_below(home, words) == {}
    assert found_below(home, [RUI]), "the others are still there"
    log = (home / "pipelines" / "run-1" / "run.log").read_text()
    assert log == "[erased] [erased] failed\nother\n"
    assert json.loads((home / "pipelines" / "run-1" / "state.json").read_text()) == {"name": "[erased]"}
    assert (home / "generated" / "x.csv").read_text() == f"customerID,name\n{RUI},Rui\n"
