"""tools/infra_cost: known answers, what is not counted is named, and the page tells what the tables hold."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from telecom.errors import UsageError
from tests.infra.plans import Json, change, document, write
from tools.infra_cost.__main__ import PAGE, PRICES, USAGE, main
from tools.infra_cost.estimate import Estimate, estimate
from tools.infra_cost.page import BEGIN, END, body, whole
from tools.infra_cost.quantities import gibibytes, vcpus
from tools.infra_cost.tables import Usage, read_prices, read_usage
from tools.infra_policies.plan import ENVIRONMENTS, Plan, resources

MONTH = 730 * 3600
TABLES = read_prices(PRICES)
SERVICE = "google_cloud_run_v2_service"


def usage(**more: Any) -> Usage:
    nothing: dict[str, Any] = {"services": {}, "jobs": {}, "buckets": {}, "datasets": {}, "each": {}, "lines": ()}
    return Usage(**({"environment": "dev"} | nothing | more))


def service(name: str, least: int | None = None, *, idle: bool | None = None, cpu: str = "2") -> Json:
    sized = {"resources": [{"limits": {"cpu": cpu, "memory": "1Gi"}, "cpu_idle": idle}]}
    template = {"scaling": [{"min_instance_count": least, "max_instance_count": 3}], "containers": [sized]}
    return change(SERVICE, {"name": name, "template": [template]})


def of(*changes: Json, assumed: Usage | None = None) -> Estimate:
    plan = Plan("p", "dev", tuple(resources(document(*changes), "dev")))
    return estimate(plan, assumed or usage(), TABLES)


def dollars(found: Estimate) -> dict[str, float]:
    return {line.item: line.usd for line in found.lines}


CHURN = usage(services={"churn": {"requests": 3_000_000, "busy_seconds": 100_000, "why": "w"}})


def test_a_service_is_paid_while_it_answers() -> None:
    found = dollars(of(service("telecom-churn-dev"), assumed=CHURN))
    assert found["telecom-churn-dev: requests"] == pytest.approx(3 * 0.40)
    assert found["telecom-churn-dev: CPU while answering"] == pytest.approx(100_000 * 2 * 0.000024)
    assert found["telecom-churn-dev: memory while answering"] == pytest.approx(100_000 * 0.0000025)
    assert found["telecom-churn-dev: CPU of idle minimum instances"] == 0


def test_minimum_instances_are_paid_while_they_idle() -> None:
    found = dollars(of(service("telecom-churn-dev", 2), assumed=CHURN))
    idle = 2 * MONTH - 100_000
    assert found["telecom-churn-dev: CPU of idle minimum instances"] == pytest.approx(idle * 2 * 0.0000025)


def test_an_instance_with_its_cpu_always_is_paid_while_it_lives() -> None:
    found = of(service("telecom-churn-dev", 1, idle=False), assumed=CHURN)
    assert dollars(found)["telecom-churn-dev: CPU, always allocated"] == pytest.approx(MONTH * 2 * 0.000018)
    assert "telecom-churn-dev: requests" not in dollars(found)


def test_a_job_is_paid_by_its_tasks() -> None:
    limits = {"resources": [{"limits": {"cpu": "1", "memory": "2Gi"}}]}
    job = {"name": "telecom-churn-dev", "template": [{"task_count": 3, "template": [{"containers": [limits]}]}]}
    assumed = usage(jobs={"churn": {"executions": 10, "seconds": 60, "why": "w"}})
    found = dollars(of(change("google_cloud_run_v2_job", job), assumed=assumed))
    assert found["telecom-churn-dev: CPU of the job"] == pytest.approx(10 * 60 * 3 * 0.000018)
    assert found["telecom-churn-dev: memory of the job"] == pytest.approx(10 * 60 * 3 * 2 * 0.000002)


def test_what_needs_no_assumption_is_counted_from_the_plan() -> None:
    condition = {"display_name": "c"}
    found = dollars(
        of(
            change("google_monitoring_alert_policy", {"conditions": [condition, condition]}),
            change("google_monitoring_uptime_check_config", {"period": "60s", "selected_regions": ["A", "B", "C"]}),
            change("google_cloud_scheduler_job", {"name": "a"}, name="a"),
            change("google_cloud_scheduler_job", {"name": "b"}, name="b"),
            change("google_secret_manager_secret", {"secret_id": "s", "replication": [{"auto": [{}]}]}),
            change(
                "google_vertex_ai_feature_online_store",
                {"name": "o", "bigtable": [{"auto_scaling": [{"min_node_count": 1, "max_node_count": 2}]}]},
            ),
            assumed=usage(each={"secret_versions": 3}),
        )
    )
    assert found == pytest.approx(
        {
            "alert conditions": 2 * 0.10,
            "uptime checks": MONTH / 60 * 3 / 1000 * 0.30,
            "scheduler jobs": 2 * 0.10,
            "secret s": 3 * 0.06,
            "online store o": 730 * TABLES["features.bigtable"].usd,
        }
    )


@pytest.mark.parametrize(
    ("tier", "price"), [("SEARCH_TIER_ENTERPRISE", 4.0), ("SEARCH_TIER_STANDARD", 1.5), (None, 1.5)]
)
def test_searches_are_priced_by_the_engine_s_tier(tier: str | None, price: float) -> None:
    engine = change("google_discovery_engine_search_engine", {"search_engine_config": [{"search_tier": tier}]})
    assert of(engine, assumed=usage(each={"thousand_searches": 7})).usd == pytest.approx(7 * price)


def test_storage_is_assumed_by_layer_and_priced_by_class() -> None:
    assumed = usage(
        buckets={
            "bronze": {"gb": 100, "class_a": 10_000, "class_b": 20_000, "why": "w"},
            "ze": {"gb": 9, "class_a": 0, "class_b": 0, "why": "not the end of a name after a hyphen"},
        },
        datasets={"gold": {"gib": 50, "why": "w"}},
    )
    bucket = {"name": "telecom-test-dev-bronze", "storage_class": "NEARLINE"}
    found = dollars(
        of(
            change("google_storage_bucket", bucket),
            change("google_bigquery_dataset", {"dataset_id": "telecom_gold"}),
            assumed=assumed,
        )
    )
    assert found["bucket telecom-test-dev-bronze: nearline"] == pytest.approx(100 * 0.010)
    assert found["bucket telecom-test-dev-bronze: writes, lists"] == pytest.approx(10 * 0.005)
    assert found["dataset telecom_gold"] == pytest.approx(50 * 0.02)


def test_the_free_tier_is_taken_off_once_for_all_items() -> None:
    assumed = usage(datasets={"gold": {"gib": 8, "why": "w"}, "silver": {"gib": 8, "why": "w"}})
    made = [change("google_bigquery_dataset", {"dataset_id": f"telecom_{n}"}, name=n) for n in ("gold", "silver")]
    found = of(*made, assumed=assumed)
    assert found.usd == pytest.approx(16 * 0.02)
    assert found.usd_with_free_tier == pytest.approx(6 * 0.02)


def test_what_nobody_priced_or_assumed_is_named() -> None:
    found = of(
        change("google_sql_database_instance", {}),
        change("google_project_iam_member", {}),
        service("telecom-new-dev"),
    )
    assert found.unpriced == ("google_sql_database_instance",)
    assert found.unassumed == (f"{SERVICE}.this",)


def test_an_assumption_counts_where_the_plan_has_what_it_needs(tmp_path: Path) -> None:
    line = {
        "item": "scans",
        "price": "dataplex.premium",
        "quantity": 10,
        "why": "w",
        "needs": "google_dataplex_datascan",
    }
    (tmp_path / "dev.yaml").write_text(yaml.safe_dump({"environment": "dev", "lines": [line]}))
    assumed = read_usage(tmp_path / "dev.yaml")
    assert of(assumed=assumed).usd == 0
    with_scan = of(change("google_dataplex_datascan", {}), assumed=assumed)
    assert with_scan.usd == with_scan.usd_unsure == pytest.approx(10 * 0.089)


@pytest.mark.parametrize(("text", "number"), [("2", 2), ("500m", 0.5), (None, 1)])
def test_cpus_are_read(text: Any, number: float) -> None:
    assert vcpus(text) == number


@pytest.mark.parametrize(("text", "number"), [("512Mi", 0.5), ("2Gi", 2), ("1G", 1e9 / 2**30), (None, 0.5)])
def test_memory_is_read(text: Any, number: float) -> None:
    assert gibibytes(text) == pytest.approx(number)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_our_assumptions_have_prices_and_reasons(env: str) -> None:
    found = read_usage(USAGE / f"{env}.yaml")
    assert found.environment == env
    assert {line.price for line in found.lines} <= set(TABLES)
    assert all(len(line.why) > 5 for line in found.lines)


def test_our_prices_say_where_they_are_from() -> None:
    assert all(price.usd > 0 and price.source.startswith("https://") for price in TABLES.values())
    assert {price.kind for price in TABLES.values()} == {"page", "quoted", "unsure"}


@pytest.mark.parametrize(
    "change_of",
    [{"kind": "guess"}, {"date": "yesterday"}, {"usd": "cheap"}, {"source": None, "unit": None, "kind": None}],
)
def test_an_incomplete_price_is_refused(tmp_path: Path, change_of: dict[str, Any]) -> None:
    entry = {"usd": 1.0, "unit": "u", "kind": "page", "source": "https://x", "date": TABLES["run.cpu"].date}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({"prices": {"x": entry | change_of}}))
    with pytest.raises(UsageError, match="incomplete"):
        read_prices(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "environment: dev\nlines: [{item: a, price: run.cpu, quantity: 1}]\n",
        "environment: dev\nlines: []\nbuckets: {gold: {gb: 1}}\n",
        "lines: []\n",
    ],
)
def test_an_assumption_without_reason_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dev.yaml").write_text(text)
    with pytest.raises(UsageError, match="incomplete"):
        read_usage(tmp_path / "dev.yaml")


def test_an_unknown_price_is_refused() -> None:
    plan = Plan("p", "dev", tuple(resources(document(change("google_cloud_scheduler_job", {"name": "a"})), "dev")))
    with pytest.raises(UsageError, match=r"scheduler\.job"):
        estimate(plan, usage(), {})


def test_the_command_prints_a_table_or_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, change("google_cloud_scheduler_job", {"name": "a"}))
    assert main([str(path)]) == 0
    shown = capsys.readouterr()
    assert "scheduler jobs" in shown.out and "total" in shown.out and "free tier" in shown.err
    assert main([str(path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["estimates"]
    assert found["environment"] == "dev" and found["usd"] == pytest.approx(sum(line["usd"] for line in found["lines"]))


def test_the_command_ends_with_4_when_something_is_not_counted(tmp_path: Path) -> None:
    assert main([str(write(tmp_path, change("google_sql_database_instance", {})))]) == 4


def test_the_page_is_about_every_environment(tmp_path: Path) -> None:
    assert main([str(write(tmp_path)), "--check-page"]) == 2


def test_the_page_holds_the_prices_and_assumptions_as_they_are() -> None:
    usages = [read_usage(USAGE / f"{env}.yaml") for env in ENVIRONMENTS]
    text = PAGE.read_text("utf-8")
    told = "run: make infra-check, then python -m tools.infra_cost --write-page PLAN.json…"
    assert text.endswith(body(TABLES, usages)), told
    head, _, rest = text.partition(BEGIN)
    assert head == whole(TABLES, usages, []).partition(BEGIN)[0], told
    assert all(f"### {env}: $" in rest.partition(END)[0] for env in ENVIRONMENTS), told


def test_every_price_is_used_by_something() -> None:
    sources = "".join(path.read_text("utf-8") for path in Path(main.__code__.co_filename).parent.glob("*.py"))
    lines = {line.price for env in ENVIRONMENTS for line in read_usage(USAGE / f"{env}.yaml").lines}
    assert {p for p in TABLES if f'"{p}"' not in sources and not p.startswith(("storage.", "search."))} <= lines
