"""What every notebook opens with: customers to look at, a champion to ask, and one look for all charts."""

import warnings
from datetime import date, datetime
from typing import Any

import altair as alt

from mlops.src import data_ingestion, data_prep_churn, demo_data, evaluate_churn, model_versions, train_churn
from mlops.src.config import ChurnConfig
from mlops.src.feature_store_loader import resolve_snapshot
from telecom.bootstrap import Platform
from telecom.errors import GateRefused
from telecom.ports import ModelVersion

SAMPLE_DAY = date(2026, 10, 31)
INK, MUTED, GRID = "#17212b", "#55616e", "#e3e7ec"
BLUE, GREY, RED, OCHRE = "#1f5fa8", "#9fb4c8", "#bf4328", "#d59a2c"
SEGMENTS = {"low": GREY, "medium": OCHRE, "high": RED}
WIDTH = 620


def look() -> None:
    """Gives charts the report's colours and draws them as images, which need no network, script or font."""
    alt.theme.register("telecom", enable=True)(_theme)
    alt.renderers.enable("png", ppi=144)
    # Importing optuna would otherwise ask for widgets that nothing here uses.
    warnings.filterwarnings("ignore", "IProgress not found")


def customers(platform: Platform, config: ChurnConfig, now: datetime, *, number: int, snapshot_date: str = "") -> date:
    """The prepared snapshot to look at: the one named (YYYY-MM-DD), else the newest.

    Where a local home holds nothing yet, `number` generated customers are ingested and prepared first. A cloud
    project is never given generated customers.

    Raises:
        NotFound: there is no such snapshot.
    """
    local = platform.settings.backend == "local"
    if local and not data_prep_churn.received(platform.warehouse):
        csv = demo_data.generate(platform.settings.home / "generated", number, config.seed)
        take(platform, str(csv), SAMPLE_DAY, now)
    day, _ = resolve_snapshot(platform.warehouse, date.fromisoformat(snapshot_date) if snapshot_date else None)
    return day


def take(platform: Platform, csv: str, snapshot_date: date, now: datetime) -> data_prep_churn.Prepared:
    """Ingests and prepares one file, as `telecom ingest` and `telecom prepare` do.

    Raises:
        InputRefused: the file breaks the contract.
        GateRefused: its rows do.
    """
    p = platform
    data_ingestion.run(
        p.warehouse, p.objects, p.progress, csv=csv, snapshot_date=snapshot_date, now=now, documents=p.documents
    )
    return data_prep_churn.run(p.warehouse, p.progress, now=now, snapshot_date=snapshot_date)


def champion(platform: Platform, config: ChurnConfig, now: datetime) -> ModelVersion:
    """The model in service. On a local home without one, a first model is trained and put to the gate.

    Raises:
        NotFound: the cloud project has no champion, or there is nobody to learn from.
        GateRefused: the first model did not pass.
    """
    p = platform
    if p.settings.backend == "local" and model_versions.find(p.registry, model_versions.CHAMPION) is None:
        train_churn.run(p.warehouse, p.registry, p.experiments, p.progress, config, now=now)
        found = evaluate_churn.promote(p.warehouse, p.registry, p.metrics, p.progress, config, now=now)
        if not found.decision.promote:
            remedy = "See every check: telecom evaluate"
            raise GateRefused("promotion", f"{found.headline()}.", found.decision.reasons, remedy)
    return model_versions.champion(p.registry)


def _theme() -> Any:
    text = {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 11.5, "titleFontSize": 11.5}
    axis = {**text, "titleFontWeight": "normal", "titlePadding": 8, "labelPadding": 6, "ticks": False}
    title = {"anchor": "start", "color": INK, "fontSize": 14, "fontWeight": 600, "offset": 12}
    subtitle = {"subtitleColor": MUTED, "subtitleFontSize": 12, "subtitlePadding": 4}
    legend = {**text, "titleFontWeight": "normal", "orient": "top", "symbolType": "circle"}
    legend |= {"columnPadding": 18}
    config = {
        "background": "white",
        "padding": 10,
        "font": "Arial, Helvetica, sans-serif",
        "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": 260, "discreteWidth": WIDTH},
        "title": {**title, **subtitle},
        "axis": {**axis, "gridColor": GRID, "domain": False},
        "axisX": {"grid": False, "labelSeparation": 8},
        "header": {"labelColor": INK, "labelFontSize": 12.5, "labelFontWeight": 600, "labelAnchor": "start"}
        | {"title": None, "labelPadding": 8},
        "legend": legend,
        "mark": {"color": BLUE},
        "bar": {"cornerRadiusEnd": 2},
        "text": {"color": INK, "fontSize": 11.5},
        "rule": {"color": MUTED},
        "range": {"category": [BLUE, RED, OCHRE, GREY]},
    }
    return {"config": config}
