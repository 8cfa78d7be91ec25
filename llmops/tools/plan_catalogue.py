"""What can be had, by the names that invoices print, and its list price a month in BRL."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Service:
    """An extra service: name, list price a month, and its column of telco_churn_features."""

    name: str
    price: Decimal
    column: str


@dataclass(frozen=True)
class InternetPlan:
    """An internet plan: name, technology (as in network_lines), Mbit/s and list price a month."""

    name: str
    technology: str
    mbps: int
    price: Decimal


SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        Service("Segurança digital", Decimal("5.00"), "online_security"),
        Service("Backup em nuvem", Decimal("5.00"), "online_backup"),
        Service("Proteção de aparelhos", Decimal("5.00"), "device_protection"),
        Service("Suporte técnico premium", Decimal("5.00"), "tech_support"),
        Service("Streaming TV", Decimal("10.00"), "streaming_tv"),
        Service("Streaming filmes", Decimal("10.00"), "streaming_movies"),
    )
}
PLANS: Mapping[str, InternetPlan] = {
    plan.name: plan
    for plan in (
        *(InternetPlan(f"Internet fibra {m} Mega", "FTTH", m, Decimal("50.00")) for m in (300, 500, 700)),
        *(InternetPlan(f"Internet banda larga {m} Mega", "xDSL", m, Decimal("25.00")) for m in (10, 15, 25)),
    )
}


def plan_of(technology: str, mbps: float | None) -> InternetPlan | None:
    """The plan of an internet line; None where the catalogue has none of that speed."""
    return next((p for p in PLANS.values() if p.technology == technology and p.mbps == mbps), None)
