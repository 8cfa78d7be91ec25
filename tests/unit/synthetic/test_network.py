"""Lines are those that were bought, and measures agree with their state."""

import pandas as pd
import pyarrow as pa


def test_lines_are_those_that_were_bought(frames: dict[str, pd.DataFrame], silver: pa.Table) -> None:
    lines = frames["network_lines"]
    counts = lines.groupby(["customer_id", "service"]).size().unstack(fill_value=0)
    for customer in silver.to_pylist():
        has = counts.loc[customer["customer_id"]]
        assert has["internet"] == (customer["internet_service"] != "No")
        assert has["mobile"] == customer["phone_service"] + customer["multiple_lines"]
    fixed = lines[lines.service == "internet"]
    kind = fixed.internet_service.map({"Fiber optic": "FTTH", "DSL": "xDSL"})
    assert (fixed.technology == kind).all()


def test_measures_apply_to_their_technology(frames: dict[str, pd.DataFrame]) -> None:
    lines = frames["network_lines"]
    down = lines.status == "down"
    applies = {
        "optical_power_dbm": lines.technology == "FTTH",
        "snr_margin_db": lines.technology == "xDSL",
        "attenuation_db": lines.technology == "xDSL",
        "signal_rsrp_dbm": lines.technology == "mobile",
        "contracted_mbps": lines.service == "internet",
        "sync_mbps": (lines.service == "internet") & ~down,
        "packet_loss_pct": ~down,
        "latency_ms": ~down,
        "port": lines.service == "internet",
        "equipment_model": lines.service == "internet",
        "firmware_version": lines.service == "internet",
    }
    for name, where in applies.items():
        assert (lines[name].notna() == where).all(), name
    assert ((lines.uptime_hours == 0) == down).all()
    assert (lines.sync_mbps <= lines.contracted_mbps).where(lines.sync_mbps.notna(), True).all()
    alone = lines[lines.incident_id.isna() & ~down]
    fiber = alone[alone.technology == "FTTH"]
    assert ((fiber.optical_power_dbm < -27.0) == (fiber.status == "degraded")).mean() > 0.999
    assert 0.02 < (lines.status == "degraded").mean() < 0.2


def test_a_node_has_one_place_and_one_incident(frames: dict[str, pd.DataFrame], made: dict[str, pa.Table]) -> None:
    lines = frames["network_lines"]
    for name in ("city", "area", "technology"):
        assert (lines.groupby("node_id")[name].nunique() == 1).all(), name
    assert (lines.groupby("node_id").incident_id.nunique(dropna=False) == 1).all()
    hit = lines[lines.incident_id.notna()]
    assert 0.005 < len(hit) / len(lines) < 0.1
    assert (hit.status != "active").all()
    assert (hit.incident_started_at < hit.measured_at).all()
    assert (hit.measured_at < hit.incident_expected_end_at).all()
    assert hit.incident_id.nunique() == hit.node_id.nunique()
    homes = made["crm_customers"].to_pandas().set_index("customer_id")
    for name in ("city", "state"):
        assert (lines[name] == lines.customer_id.map(homes[name])).all(), name


def test_the_speed_on_the_invoice_is_the_speed_of_the_line(frames: dict[str, pd.DataFrame]) -> None:
    speeds = frames["network_lines"].dropna(subset="contracted_mbps").set_index("customer_id").contracted_mbps
    newest = frames["billing_invoices"].groupby("customer_id").tail(1)
    checked = 0
    for invoice in newest.itertuples():
        for item in invoice.items:
            if item["kind"] == "internet":
                assert f" {speeds[invoice.customer_id]:.0f} Mega" in item["description"]
                checked += 1
    assert checked > 2_000
