"""What serves, who got which share, and the last releases. Reads the service, the registry and releases.json."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlops.src.model_versions import CHAMPION, find
from mlops.src.release import history
from mlops.src.release.history import Release
from telecom.ports import Documents, ModelRegistry, Revision, Traffic


@dataclass(frozen=True)
class Status:
    """The revisions as they are, the champion, the releases (newest first), and what is amiss in one sentence each."""

    service: str
    revisions: tuple[Revision, ...]
    champion: str | None
    releases: tuple[Release, ...]
    remarks: tuple[str, ...]

    def revision_rows(self) -> list[tuple[Any, ...]]:
        """Revision, share, ready, model version."""
        return [(r.name, r.share, r.ready, self._model_of(r)) for r in self.revisions]

    def _model_of(self, revision: Revision) -> str:
        version = revision.model_version or f"champion ({self.champion})"
        return version if revision.ready else f"{version} (not answering)"

    def release_rows(self) -> list[tuple[Any, ...]]:
        """Number, when, kind, revision, model version, state, note."""
        return [
            (r.number, f"{r.began_at:%Y-%m-%d %H:%M}", r.kind, r.revision, r.model_version, r.state, r.note)
            for r in self.releases
        ]


def run(traffic: Traffic, registry: ModelRegistry, documents: Documents, *, service: str) -> Status:
    """How a service stands."""
    revisions = traffic.revisions(service)
    champion = find(registry, CHAMPION)
    version = champion.version if champion else None
    releases = history.read(documents, service)
    return Status(service, revisions, version, releases, tuple(_remarks(revisions, version, releases)))


def _remarks(revisions: tuple[Revision, ...], champion: str | None, releases: history.Releases) -> Iterator[str]:
    if open_one := history.under_way(releases):
        yield f"Release {open_one.number} ({open_one.kind} of {open_one.revision}) is {open_one.told_state}."
    for revision in revisions:
        if revision.share and not revision.ready:
            yield f"Revision {revision.name} gets {revision.share} % of the requests and is not ready."
        if revision.share and revision.model_version not in ("", champion):
            yield (
                f"Revision {revision.name} serves model version {revision.model_version}, the champion is {champion}: "
                "online and batch differ."
            )
    serving = history.serving(releases)
    shares = {revision.name: revision.share for revision in revisions}
    if serving and not open_one and shares.get(serving.revision) != 100:
        yield f"releases.json says that {serving.revision} serves; it gets {shares.get(serving.revision, 0)} %."
    if open_one and serving:
        taking_part = {open_one.revision, serving.revision}
        for name, share in shares.items():
            if share and name not in taking_part:
                yield f"Revision {name} gets {share} %; releases.json knows nothing of that."
