"""Nobody complains of what he did not buy, and trouble has reasons."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa

from telecom.synthetic import tickets
from tests.unit.synthetic.conftest import SEED, SNAPSHOT


def test_tickets_are_about_what_the_customer_has(frames: dict[str, pd.DataFrame], made: dict[str, pa.Table]) -> None:
    opened = frames["service_tickets"]
    online = opened.category.isin(["internet_down", "internet_slow", "equipment"])
    assert (opened[online].internet_service != "No").all()
    assert opened[opened.category == "mobile_signal"].phone_service.all()
    assert opened.category.nunique() == 9
    midnight = datetime(SNAPSHOT.year, SNAPSHOT.month, SNAPSHOT.day, tzinfo=UTC)
    assert opened.opened_at.max() < midnight and opened.opened_at.min() >= midnight - timedelta(days=365)
    since = made["crm_customers"].to_pandas().set_index("customer_id").customer_since
    assert (opened.opened_at.dt.date >= opened.customer_id.map(since)).all()
    closed = opened.status == "closed"
    assert (opened.closed_at.notna() == closed).all() and (opened.resolution.notna() == closed).all()
    assert opened[~closed].satisfaction.isna().all()
    assert ((opened.closed_at > opened.opened_at) | ~closed).all() and opened.closed_at.max() < midnight
    assert 10 < (~closed).sum() < 400


def test_fibre_without_support_and_free_contracts_complain_more(
    frames: dict[str, pd.DataFrame], silver: pa.Table
) -> None:
    base = silver.to_pandas().query("tenure_months >= 12").set_index("customer_id")
    counts = frames["service_tickets"].customer_id.value_counts().reindex(base.index, fill_value=0)
    fiber = base.internet_service == "Fiber optic"
    assert counts[fiber & ~base.tech_support].mean() > 1.5 * counts[fiber & base.tech_support].mean()
    free = base.contract == "Month-to-month"
    assert counts[fiber & free].mean() > 1.3 * counts[fiber & ~free].mean()


def test_tomorrow_remembers_todays_tickets(silver: pa.Table) -> None:
    some = silver.slice(0, 1_500)
    ids = [set(tickets.rows(some, day, SEED)["ticket_id"].to_pylist()) for day in (SNAPSHOT, date(2026, 2, 1))]
    assert len(ids[0] & ids[1]) > 0.98 * len(ids[0])
