"""A small generated world in a real warehouse, rows by hand for exact cases, and state that lives in memory."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from llmops.agent.policy import load_policy
from llmops.evaluations.world import features, silver
from llmops.tools.context import ToolContext
from llmops.tools.rows import QUERIES
from telecom.adapters._event_rows import checked_rows
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Parameters, Reader, Record, Write
from telecom.settings import Settings
from telecom.synthetic import customers, world
from telecom.tables import contract

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""A Friday, noon in Brasília."""
CUSTOMERS, SEED = 80, 7
RULES = load_policy()
SQL = {path.read_text("utf-8"): path.stem for path in QUERIES.glob("*.sql")}
CUSTOMER = "0001-AAAAA"
Row = dict[str, Any]


class MemoryRecords:
    """Implements `telecom.ports.Records` in memory; what is stored has been JSON in between."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Record] = {}
        self._lock = threading.RLock()

    def read(self, kind: str, key: str) -> Record | None:
        with self._lock:
            return _copied(self._kept.get((kind, key)))

    def change(self, kind: str, key: str, change: Callable[[Record | None], Record | None]) -> Record | None:
        with self._lock:
            after = change(_copied(self._kept.get((kind, key))))
            self._kept.pop((kind, key), None)
            if after is not None:
                self._kept[kind, key] = Record(key, json.loads(json.dumps(after.value)), after.owner, after.expires_at)
            return after

    def of(self, kind: str, owner: str, limit: int = 100) -> tuple[Record, ...]:
        with self._lock:
            found = [r for (k, _), r in reversed(self._kept.items()) if k == kind and r.owner == owner]
            return tuple(_copied(record) for record in found[:limit] if record)  # type: ignore[misc]

    def erase(self, owner: str) -> int:
        with self._lock:
            gone = [name for name, record in self._kept.items() if record.owner == owner]
            for name in gone:
                del self._kept[name]
            return len(gone)


def _copied(record: Record | None) -> Record | None:
    return record and Record(record.key, json.loads(json.dumps(record.value)), record.owner, record.expires_at)


class MemoryEvents:
    """Implements `telecom.ports.Events` in memory; rows are checked against their contracts."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Mapping[str, Any]]] = []

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        checked_rows(table, rows, "batch")
        self.rows += [(table, row) for row in rows]

    def flush(self) -> None:
        """Nothing waits."""

    def of(self, table: str) -> list[Mapping[str, Any]]:
        return [row for name, row in self.rows if name == table]


class RowsReader:
    """Answers each query with rows by hand, whoever is asked for: `customer_lines=[…]`. Tables are never empty."""

    def __init__(self, **rows: Iterable[Mapping[str, Any]]) -> None:
        self.rows = {name: [dict(row) for row in found] for name, found in rows.items()}
        self.asked: list[str] = []

    def query(self, sql: str, parameters: Parameters | None = None) -> Any:
        name = SQL[sql]
        self.asked.append(name)
        usual = [{"rows_there": 1}] if name.startswith("any_") else ()
        return pa.Table.from_pylist([dict(row) for row in self.rows.get(name, usual)])


def context(reader: Reader, **changes: Any) -> ToolContext:
    """A turn of an agent with CUSTOMER at NOW."""
    given: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "role": "agent",
        "principal": "ana",
        "now": NOW,
        "warehouse": reader,
        "records": MemoryRecords(),
        "trace_id": "trace-1",
        "rules": RULES,
    }
    return ToolContext(**(given | changes))


def profile_row(**changes: Any) -> dict[str, Any]:
    """A customer of 30 months in the standard segment, with fibre and two extras."""
    extras = ("phone_service", "multiple_lines", "online_security", "online_backup", "device_protection")
    extras += ("tech_support", "streaming_tv", "streaming_movies")
    return {
        "snapshot_date": DAY,
        "full_name": "Maria Silva Santos",
        "cpf_masked": "***.***.***-77",
        "email_masked": "m***@example.net",
        "phone_masked": "(11) *****-0902",
        "city": "São Paulo",
        "state": "SP",
        "customer_since": date(2024, 5, 9),
        "segment": "standard",
        "preferred_language": "pt-BR",
        "preferred_channel": "whatsapp",
        "consent_marketing": True,
        "consent_data_sharing": False,
        "consent_updated_on": date(2026, 1, 2),
        "products_on": DAY,
        "contract": "Month-to-month",
        "contract_months": 1,
        "months_to_renewal": 1,
        "tenure_months": 30,
        "monthly_charges": 70.0,
        "payment_method": "Electronic check",
        "paperless_billing": True,
        "internet_service": "Fiber optic",
        **{name: name in ("phone_service", "tech_support") for name in extras},
    } | changes


def line_row(**changes: Any) -> dict[str, Any]:
    """A good fibre line of 300 Mega."""
    measured = NOW - timedelta(hours=9)
    return {
        "snapshot_date": DAY,
        "line_id": "0001-AAAAA-NET",
        "service": "internet",
        "technology": "FTTH",
        "city": "São Paulo",
        "state": "SP",
        "area": "Centro",
        "node_id": "OLT-SAO-001",
        "status": "active",
        "contracted_mbps": 300.0,
        "sync_mbps": 298.0,
        "optical_power_dbm": -20.0,
        "snr_margin_db": None,
        "attenuation_db": None,
        "signal_rsrp_dbm": None,
        "packet_loss_pct": 0.1,
        "latency_ms": 8.0,
        "uptime_hours": 100.0,
        "last_seen_at": measured,
        "equipment_model": "ONT AX6",
        "firmware_version": "4.0.2",
        "incident_id": None,
        "incident_started_at": None,
        "incident_expected_end_at": None,
        "measured_at": measured,
    } | changes


def down_row(**changes: Any) -> dict[str, Any]:
    """The same line, dark."""
    dark = {"status": "down", "sync_mbps": None, "packet_loss_pct": None, "latency_ms": None, "uptime_hours": 0.0}
    return line_row(**dark, optical_power_dbm=-38.0) | changes


def dsl_row(**changes: Any) -> dict[str, Any]:
    """A good copper line of 10 Mega."""
    levels = {"snr_margin_db": 14.0, "attenuation_db": 30.0, "optical_power_dbm": None, "sync_mbps": 9.5}
    named = {"technology": "xDSL", "node_id": "DSLAM-SAO-001", "contracted_mbps": 10.0, "latency_ms": 30.0}
    return line_row(**levels, **named, equipment_model="Modem V5") | changes


def incident(hours: float = 10.0) -> dict[str, Any]:
    """Columns of an incident that ends so many hours after NOW."""
    return {
        "incident_id": "INC-20261120-OLT-SAO-001",
        "incident_started_at": NOW - timedelta(hours=12),
        "incident_expected_end_at": NOW + timedelta(hours=hours),
    }


def invoice_row(months_ago: int = 0, items: Sequence[tuple[str, str, str]] = (), **changes: Any) -> dict[str, Any]:
    """A paid invoice, its period beginning on 1 October less so many months; items as (text, kind, amount)."""
    number = 2026 * 12 + 9 - months_ago
    start, end = (date(n // 12, n % 12 + 1, 1) for n in (number, number + 1))
    lines = items or (("Internet fibra 300 Mega", "internet", "50.00"), ("Linha móvel", "mobile", "20.00"))
    due = end + timedelta(days=10)
    return {
        "snapshot_date": DAY,
        "invoice_id": f"{CUSTOMER}-{start:%Y%m}",
        "reference_month": start,
        "period_start": start,
        "period_end": end,
        "issued_on": end,
        "due_on": due,
        "paid_on": due,
        "status": "paid",
        "payment_method": "Electronic check",
        "total_amount": sum((Decimal(amount) for _, _, amount in lines), Decimal(0)),
        "late_fee": Decimal("0.00"),
        "items": [{"description": text, "kind": kind, "amount": Decimal(amount)} for text, kind, amount in lines],
    } | changes


def ticket_row(**changes: Any) -> dict[str, Any]:
    """A closed ticket of ten days ago."""
    return {
        "snapshot_date": DAY,
        "ticket_id": f"{CUSTOMER}-T202611-1",
        "opened_at": NOW - timedelta(days=10),
        "closed_at": NOW - timedelta(days=9),
        "category": "internet_slow",
        "priority": "medium",
        "channel": "app",
        "status": "closed",
        "subject": "Velocidade abaixo da contratada",
        "description": "Teste por cabo mostra menos da metade.",
        "resolution": "Perfil corrigido.",
    } | changes


def score_row(**changes: Any) -> dict[str, Any]:
    """A high risk of today."""
    return {
        "snapshot_date": DAY,
        "churn_probability": 0.61,
        "risk_segment": "high",
        "top_reasons": [{"feature": "contract", "value": "Month-to-month", "contribution": 0.9}],
        "model_name": "telco-churn",
        "model_version": "1",
        "scored_at": NOW,
    } | changes


def by_hand(**changes: Iterable[Mapping[str, Any]]) -> RowsReader:
    """A customer for whom everything is in order: high risk, paid up, a good line."""
    rows: dict[str, Any] = {
        "customer_profile": [profile_row()],
        "customer_lines": [line_row()],
        "customer_invoices": [invoice_row(0), invoice_row(1)],
        "customer_tickets": [],
        "customer_score": [score_row()],
        "area_outages": [],
    }
    return RowsReader(**(rows | changes))


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> LocalWarehouse:
    """CUSTOMERS generated customers of DAY: CRM, invoices, tickets, lines, features and scores."""
    warehouse = LocalWarehouse(Settings(home=tmp_path_factory.mktemp("world"), threads=1))
    fill(warehouse, DAY)
    return warehouse


def fill(warehouse: LocalWarehouse, day: date, change: Callable[[str, Row], Row] = lambda _, row: row) -> None:
    """Writes the generated customers of a day; `change` may alter each row of each table."""
    clean = pa.Table.from_pylist(silver(pa.Table.from_batches(customers.generate(CUSTOMERS, SEED))))
    batch = clean.to_batches()[0]
    made = {f"telecom_bronze.{name}": make(batch) for name, make in world.makers(day, SEED).items()}
    made["telecom_gold.telco_churn_features"] = _features(clean, day)
    made["telecom_gold.telco_churn_scored"] = _scores(clean, day)
    for table, rows in made.items():
        changed = [change(table, row) for row in rows.to_pylist()]
        made[table] = pa.RecordBatch.from_pylist(changed, schema=rows.schema)
    warehouse.write(*(Write(table, [rows], {"snapshot_date": day}) for table, rows in made.items()))


def ids(warehouse: LocalWarehouse) -> Iterator[str]:
    """The generated customers."""
    yield from warehouse.query("SELECT customer_id FROM telecom_bronze.crm_customers ORDER BY customer_id")[
        0
    ].to_pylist()


def _features(clean: pa.Table, day: date) -> pa.RecordBatch:
    rows = [features(row, day) for row in clean.to_pylist()]
    return pa.RecordBatch.from_pylist(rows, schema=contract("telecom_gold.telco_churn_features").schema)


def _scores(clean: pa.Table, day: date) -> pa.RecordBatch:
    chances = customers.churn_probabilities(CUSTOMERS, SEED)
    rows = [
        {
            "customer_id": row["customer_id"],
            "snapshot_date": day,
            "churn_probability": float(chance),
            "risk_segment": ("low", "medium", "high")[int(np.digitize(chance, (0.2, 0.4)))],
            "top_reasons": [{"feature": "contract", "value": row["contract"], "contribution": 0.4}],
            "monthly_charges": row["monthly_charges"],
            "model_name": "telco-churn",
            "model_version": "1",
            "scored_at": datetime.combine(day, NOW.timetz()),
        }
        for row, chance in zip(clean.to_pylist(), chances, strict=True)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=contract("telecom_gold.telco_churn_scored").schema)
