"""A home for the pages: generated customers of today, two documents, and somebody whose every text is hostile."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from llmops.tests.small_world import Row, fill
from telecom.adapters.local.identity import LocalIdentity
from telecom.adapters.local.retrieval import LocalRetriever
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.cli import app
from telecom.ports import Passage
from telecom.settings import Settings

HOSTILE = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
    "'\"><svg onload=window.pwned=1> javascript:pwned"
)
DOCUMENTS = Path(__file__).parents[2] / "docs" / "telecom" / "billing"
EVIL = Passage(
    "p4",
    "evil.md",
    f"Roaming {HOSTILE}",
    f"1. Roaming em marte {HOSTILE}",
    None,
    f"O roaming em marte custa muito caro para qualquer cliente. {HOSTILE}",
)


@dataclass(frozen=True)
class DeskWorld:
    """A home, and who is in it: `first` leads the queue, `broken` and `own` have a line that is down, `hostile` is.

    All tests share it, in any order. A ticket that is approved stands in the way of the next one of its kind, so that
    whoever gets one is one test's alone: `broken`, `own` and `decided`; for the others nothing may be approved.
    """

    home: Path
    first: str
    broken: str
    hostile: str
    own: str
    decided: str

    def token(self, name: str = "ana", *scopes: str, customers: tuple[str, ...] = ("*",)) -> str:
        """An agent's token."""
        claims = {"kind": "agent", "customers": list(customers), "scopes": list(scopes or ("approve:*",))}
        return self._issue(name, claims)

    def customer(self, customer_id: str = "") -> str:
        """A customer's token."""
        who = customer_id or self.first
        return self._issue(who, {"kind": "customer", "customer": who})

    def _issue(self, name: str, claims: dict[str, object]) -> str:
        return LocalIdentity(Settings(home=self.home)).issue(name, "telecom-assistant", claims)


def build(home: Path) -> DeskWorld:
    """Writes the world's tables and documents below `home`."""
    settings = Settings(home=home, threads=1)
    warehouse = LocalWarehouse(settings)
    now = datetime.now(UTC)
    fill(warehouse, now.date())
    ranked = warehouse.query(
        "SELECT s.customer_id FROM telecom_gold.telco_churn_scored AS s "
        "JOIN telecom_bronze.network_lines AS n ON n.customer_id = s.customer_id AND n.service = 'internet' "
        "ORDER BY s.churn_probability * s.monthly_charges DESC, s.customer_id"
    )[0].to_pylist()
    first, broken, hostile, own, decided = list(dict.fromkeys(ranked))[:5]
    fill(warehouse, now.date(), lambda table, row: _changed(table, row, {broken, own}, hostile, now))
    ingested = CliRunner().invoke(app, ["rag", "ingest", str(DOCUMENTS)], env={"TELECOM_HOME": str(home)})
    assert ingested.exit_code == 0, ingested.output
    LocalRetriever(settings).replace({EVIL.document: [EVIL]})
    return DeskWorld(home, first, broken, hostile, own, decided)


def _changed(table: str, row: Row, broken: set[str], hostile: str, now: datetime) -> Row:
    if table == "telecom_bronze.network_lines" and row["customer_id"] in broken and row["service"] == "internet":
        dark = {"status": "down", "sync_mbps": None, "packet_loss_pct": None, "latency_ms": None, "uptime_hours": 0.0}
        healed = dict.fromkeys(("incident_id", "incident_started_at", "incident_expected_end_at"))
        return row | dark | healed
    if row["customer_id"] != hostile:
        return row
    if table == "telecom_bronze.crm_customers":
        return row | {"full_name": f"Eva {HOSTILE}", "city": HOSTILE}
    if table == "telecom_bronze.service_tickets":
        opened = {"opened_at": now - timedelta(days=2), "closed_at": None, "status": "open", "category": "other"}
        return row | opened | {"subject": HOSTILE, "description": f"{HOSTILE} {HOSTILE}"}
    if table == "telecom_gold.telco_churn_scored":
        return row | {"top_reasons": [{"feature": "contract", "value": HOSTILE, "contribution": 0.9}]}
    return row
