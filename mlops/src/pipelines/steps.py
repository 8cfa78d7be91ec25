"""What each pipeline step does: opens the world of its run, calls one job, and answers with one value.

Plain functions. Each imports its job itself: a step is a process, and imports are most of its time. `figures` receives
the step's numbers, and a sentence where the answer is one word that a condition reads. A failure of ours is said, with
its remedy, and ends the process with its exit code, so that whoever reads the step's log reads the sentence.
"""

import re
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime

from mlops.src import model_versions
from mlops.src.model_versions import CHAMPION, MODEL
from mlops.src.pipelines.environment import day, explain, open_world, telling
from telecom.console import print_next
from telecom.errors import GateRefused, NotFound, TelecomError, UsageError

PROMOTE = "promote"
ONLINE = "online"
RETRAIN = "retrain"
Environment = Mapping[str, str]
Figures = MutableMapping[str, float | str]


@telling
def ingest(environment: Environment, run_date: str, csv: str, snapshot_date: str, figures: Figures) -> str:
    """Takes the file in, if one is given; returns the snapshot that the run is about."""
    from mlops.src import data_ingestion, data_prep_churn

    world = open_world(environment, run_date)
    p, wanted = world.platform, day(snapshot_date)
    if not csv:
        known = data_prep_churn.received(p.warehouse)
        if not known:
            raise NotFound(f"No snapshot at all in {data_prep_churn.RAW}.", "Give the pipeline a CSV.")
        return str(wanted or known[-1])
    taken = data_ingestion.run(
        p.warehouse,
        p.objects,
        p.progress,
        csv=csv,
        snapshot_date=wanted or world.now.date(),
        now=world.now,
        documents=p.documents,
    )
    figures.update(read=taken.read, accepted=taken.accepted, refused=taken.refused)
    return str(taken.snapshot_date)


@telling
def prepare(environment: Environment, run_date: str, snapshot_date: str, figures: Figures) -> str:
    """Prepares the snapshot, or without one those that have a new file; the quality gate fails the step."""
    from mlops.src import data_prep_churn

    world = open_world(environment, run_date)
    p = world.platform
    made = data_prep_churn.run(p.warehouse, p.progress, now=world.now, snapshot_date=day(snapshot_date))
    figures.update(rows=made.rows, checks=made.checks)
    return snapshot_date


@telling
def features(environment: Environment, run_date: str, snapshot_date: str, figures: Figures) -> str:
    """Registers the features and serves the snapshot online; returns it."""
    from mlops.src import feature_store_loader

    p = open_world(environment, run_date).platform
    loaded = feature_store_loader.run(p.warehouse, p.features, snapshot_date=day(snapshot_date))
    figures.update(customers=loaded.customers, features=loaded.features)
    return str(loaded.snapshot_date)


@telling
def state_of_data(environment: Environment, run_date: str) -> str:
    """A digest of what the pipeline is about to read, for the steps that may be cached and for the record."""
    from mlops.src.pipelines import data_state

    p = open_world(environment, run_date).platform
    return data_state.digest(p.warehouse, p.registry)


@telling
def train(environment: Environment, run_date: str, figures: Figures) -> str:
    """Trains and registers a challenger; returns its version."""
    from mlops.src import train_churn

    world = open_world(environment, run_date)
    p = world.platform
    made = train_churn.run(p.warehouse, p.registry, p.experiments, p.progress, world.config, now=world.now)
    figures.update(rows=made.rows, trees=made.trees, threshold=made.threshold)
    figures.update(validation_auc=made.validation_auc, validation_brier=made.validation_brier)
    return made.version


@telling
def evaluate(environment: Environment, run_date: str, version: str, figures: Figures) -> str:
    """Compares the challenger with the champion; returns `promote`, or `keep: ` and the reasons."""
    from mlops.src import evaluate_churn

    world = open_world(environment, run_date)
    p = world.platform
    found = evaluate_churn.run(p.warehouse, p.registry, p.metrics, p.progress, world.config, now=world.now)
    if found.candidate_version != version:
        said = f"This run trained version {version}; meanwhile version {found.candidate_version} became challenger."
        raise TelecomError(said, "Start the pipeline again.")
    measured = found.metrics["candidate"]
    figures.update(test_auc=measured.roc_auc, test_brier=measured.brier, test_customers=found.test_customers)
    if found.already_champion:
        return "keep: it is champion already."
    because = " ".join(found.decision.reasons)
    if found.decision.promote:
        explain(figures, because)
    return PROMOTE if found.decision.promote else f"keep: {because}"


@telling
def promote(environment: Environment, run_date: str, version: str, deploy: str) -> str:
    """Makes the version champion, or leaves that to a canary where releases serve; returns the champion's version."""
    from mlops.src.release import promotable

    p = open_world(environment, run_date).platform
    kept = None if deploy == ONLINE else promotable.kept_for_a_canary(p.registry, p.documents)
    if kept is None:
        p.registry.point(MODEL, CHAMPION, version)
        return version
    if kept.version != version:
        print_next(f"Version {version} may become champion. A canary leads to it: version {kept.version} is released.")
    return kept.version


@telling
def keep_champion(environment: Environment, run_date: str, version: str, decision: str) -> str:
    """Says why the champion stays; returns its version.

    Raises:
        GateRefused: (as exit code 4) there is no champion to keep.
    """
    champion = model_versions.find(open_world(environment, run_date).platform.registry, CHAMPION)
    reasons = decision.removeprefix("keep: ")
    if champion is None:
        raise GateRefused("promotion", f"No champion: version {version} was kept out. {reasons}", (reasons,))
    return champion.version


@telling
def deploy_online(environment: Environment, run_date: str, version: str, figures: Figures) -> str:
    """Gives the version all requests of the online endpoint; returns it."""
    shares = open_world(environment, run_date).platform.endpoints.deploy(MODEL, version, 100)
    figures["share"] = shares[version]
    return version


@telling
def batch_only(version: str, deploy: str) -> str:
    """Leaves the endpoint as it is; returns the version, which scores in batch.

    Raises:
        UsageError: (as exit code 2) `deploy` was neither online nor batch.
    """
    if deploy != "batch":
        raise UsageError(f"deploy = {deploy!r} is neither 'online' nor 'batch'.", "Start the pipeline with one.")
    return version


@telling
def score(environment: Environment, run_date: str, snapshot_date: str, version: str, figures: Figures) -> str:
    """Scores the snapshot with the champion, if that is still the given version; returns the snapshot."""
    from mlops.src import batch_inference

    world = open_world(environment, run_date)
    p = world.platform
    champion = model_versions.champion(p.registry).version
    if champion != version:
        said = f"This run left version {version} as champion; meanwhile it is version {champion}."
        raise TelecomError(said, "Start the pipeline again, or run: telecom score")
    scored = batch_inference.run(
        p.warehouse,
        p.registry,
        p.progress,
        now=world.now,
        snapshot_date=day(snapshot_date),
        batch=p.batch,
        config=world.config,
    )
    figures.update(rows=scored.rows, high=scored.high, medium=scored.medium, low=scored.low)
    return str(scored.snapshot_date)


@telling
def drift(environment: Environment, run_date: str, snapshot_date: str, figures: Figures) -> str:
    """Measures drift and records it; returns the finding in words. A drift is news, not a failure."""
    from mlops.src import drift_monitoring

    world = open_world(environment, run_date)
    p = world.platform
    champion = model_versions.champion(p.registry)
    found = drift_monitoring.check(
        p.warehouse, p.registry, p.metrics, champion, snapshot_date=day(snapshot_date), now=world.now
    )
    figures.update(drift_score=found.score, drifted=float(found.drifted))
    return found.sentence()


@telling
def retraining_need(environment: Environment, run_date: str, snapshot_date: str, figures: Figures) -> str:
    """Returns `retrain`, or `enough: ` and the reasons. Reads only, so the same data gives the same answer."""
    from mlops.src import retraining_need as job

    world = open_world(environment, run_date)
    p = world.platform
    need = job.run(p.warehouse, p.registry, world.config, now=world.now, snapshot_date=day(snapshot_date))
    figures.update(retrain=float(need.retrain), reasons=len(need.reasons))
    because = " ".join(need.reasons)
    if need.retrain:
        explain(figures, because)
    return RETRAIN if need.retrain else f"enough: {because}"


@telling
def nothing_to_do(need: str) -> str:
    """Says why nothing is trained."""
    return f"The champion stays in service. {need.removeprefix('enough: ')}".strip()


@telling
def compare_automl(environment: Environment, run_date: str, minutes: float, figures: Figures) -> str:
    """Searches for another model for so many minutes and compares it with the champion; returns the headline."""
    from mlops.src import automl_comparison

    world = open_world(environment, run_date)
    p = world.platform
    found = automl_comparison.run(
        p.warehouse, p.registry, p.automl, p.progress, world.config, now=world.now, minutes=minutes
    )
    figures.update(tried=found.tried)
    return found.headline()


@telling
def record_outcome(
    environment: Environment, run_date: str, pipeline: str, job_id: str, state: str, resource: str, message: str
) -> str:
    """Records how the run ended; runs whatever happened before. Returns the state."""
    from mlops.src import pipeline_outcome

    world = open_world(environment, run_date)
    p = world.platform
    pipeline_outcome.run(
        p.warehouse,
        p.metrics,
        pipeline=pipeline,
        job_id=job_id or resource.rpartition("/")[2],
        state=state.lower(),
        failed_step=failed_step(message),
        message=message,
        started_at=world.now,
        now=datetime.now(UTC),
    )
    return state


def failed_step(message: str) -> str:
    """The first failed task that the orchestrator's message names; empty where it names none."""
    found = re.search(r"failed tasks are: \[([^\],]+)", message)
    return found[1].strip() if found else ""
