"""The whole loop as one sentence: CSV → bronze → silver → gold → features → model → gate → scores → drift → report.

Each step is a job's run(); this file only says in which order. Reads a CSV, writes every table and the report.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from mlops.src import (
    batch_inference,
    churn_report,
    data_ingestion,
    data_prep_churn,
    demo_data,
    drift_monitoring,
    evaluate_churn,
    feature_store_loader,
    model_versions,
    train_churn,
    world_loader,
)
from mlops.src.config import ChurnConfig
from telecom.errors import GateRefused
from telecom.ports import Ports


@dataclass(frozen=True)
class Step:
    """One finished step: rows it wrote, wall seconds and its outcome in words."""

    name: str
    rows: int | None
    seconds: float
    outcome: str


def timed(name: str, job: Callable[[], tuple[int | None, str]]) -> Step:
    """Runs a job that returns its rows and outcome.

    Raises:
        TelecomError: the job did.
    """
    began = time.monotonic()
    rows, outcome = job()
    return Step(name, rows, time.monotonic() - began, outcome)


@dataclass
class Loop:
    """What one run of the loop is about, and what it has found so far."""

    ports: Ports
    config: ChurnConfig
    csv: str
    snapshot_date: date
    now: datetime
    out: Path
    page: Path | None = None
    done: list[Step] = field(default_factory=list)

    def steps(self) -> Iterator[Step]:
        """Runs step after step, yielding each when it is done.

        Raises:
            TelecomError: a step refused or failed; the steps before it stand.
        """
        for name, job in self._jobs():
            step = timed(name, job)
            self.ports.progress.stop()
            self.done.append(step)
            yield step

    def _jobs(self) -> tuple[tuple[str, Callable[[], tuple[int | None, str]]], ...]:
        return (
            ("ingest", self._ingest),
            ("prepare", self._prepare),
            ("world", self._world),
            ("features", self._features),
            ("train", self._train),
            ("promote", self._promote),
            ("score", self._score),
            ("drift", self._drift),
            ("report", self._report),
        )

    def _ingest(self) -> tuple[int, str]:
        p = self.ports
        taken = data_ingestion.run(
            p.warehouse,
            p.objects,
            p.progress,
            csv=self.csv,
            snapshot_date=self.snapshot_date,
            now=self.now,
            documents=p.documents,
        )
        file = demo_data.DemoFile(self.snapshot_date, taken.source_digest)
        if not taken.already_present:
            demo_data.remember(p.objects, file)
        demo_data.drop_earlier(p.warehouse, p.objects, keep=file)
        known = "already present" if taken.already_present else f"{taken.refused:,} refused"
        return taken.accepted, f"{taken.read:,} read, {known}"

    def _prepare(self) -> tuple[int, str]:
        made = data_prep_churn.run(
            self.ports.warehouse, self.ports.progress, now=self.now, snapshot_date=self.snapshot_date
        )
        return made.rows, f"{made.checks} quality checks passed"

    def _world(self) -> tuple[int, str]:
        made = world_loader.run(
            self.ports.warehouse, self.ports.progress, snapshot_date=self.snapshot_date, seed=self.config.seed
        )
        rows = made.crm_customers + made.billing_invoices + made.service_tickets + made.network_lines
        return rows, f"{made.billing_invoices:,} invoices, {made.service_tickets:,} tickets (generated)"

    def _features(self) -> tuple[int, str]:
        loaded = feature_store_loader.run(self.ports.warehouse, self.ports.features, snapshot_date=self.snapshot_date)
        return loaded.customers, f"{loaded.features} features served online"

    def _train(self) -> tuple[int, str]:
        p = self.ports
        made = train_churn.run(p.warehouse, p.registry, p.experiments, p.progress, self.config, now=self.now)
        return made.rows, f"version {made.version}, validation AUC {made.validation_auc:.3f}, {made.trees} trees"

    def _promote(self) -> tuple[None, str]:
        p = self.ports
        found = evaluate_churn.promote(p.warehouse, p.registry, p.metrics, p.progress, self.config, now=self.now)
        if not found.decision.promote and found.champion_version is None:
            raise GateRefused(
                "promotion",
                f"No champion: {found.headline()}.",
                found.decision.reasons,
                "See every check: telecom evaluate",
            )
        return None, found.headline()

    def _score(self) -> tuple[int, str]:
        p = self.ports
        scored = batch_inference.run(
            p.warehouse,
            p.registry,
            p.progress,
            snapshot_date=self.snapshot_date,
            now=self.now,
            batch=p.batch,
            config=self.config,
        )
        return scored.rows, f"{scored.high:,} high, {scored.medium:,} medium, {scored.low:,} low risk"

    def _drift(self) -> tuple[None, str]:
        champion = model_versions.champion(self.ports.registry)
        found = drift_monitoring.check(
            self.ports.warehouse,
            self.ports.registry,
            self.ports.metrics,
            champion,
            snapshot_date=self.snapshot_date,
            now=self.now,
        )
        return None, found.sentence()

    def _report(self) -> tuple[None, str]:
        written = churn_report.run(
            self.ports.warehouse,
            self.ports.registry,
            self.ports.objects,
            self.ports.progress,
            self.config,
            out=self.out,
            snapshot_date=self.snapshot_date,
            now=self.now,
        )
        self.page = written.page
        return None, str(written.page)
