"""The version in service, and how it is replaced: whole, by one reference, and only by one that verified.

Whoever answers a request takes the reference once; the version that it names stays until the last such request is done.
"""

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops.src.model_versions import MODEL
from mlops.src.modelling import bundle
from mlops.src.serving.predictor import Predictor
from telecom.errors import NotFound, TelecomError
from telecom.ports import ModelRegistry, Objects

log = logging.getLogger(__name__)

FILES = (bundle.MANIFEST, bundle.MODEL, bundle.REFERENCE)
SHOWN_DIGITS = 12


class NoVersionYet(NotFound):
    """An alias that points at no version, and may at any time."""


@dataclass(frozen=True)
class Wanted:
    """The version that should be served; `digest` is what its files must give, empty where nobody recorded it."""

    version: str
    digest: str


class Source(Protocol):
    """Says which version is wanted, and has its files."""

    follows: bool

    def wanted(self) -> Wanted:
        """Which version it is, now."""
        ...

    def opened(self, wanted: Wanted) -> AbstractContextManager[Path]:
        """The version's folder, for as long as it takes to read it."""
        ...


class RegistrySource:
    """An alias or a version of the registry. An alias may move, so that it is asked for again and again."""

    def __init__(self, registry: ModelRegistry, version: str) -> None:
        self._registry, self._version = registry, version
        self.follows = not version.isdigit()

    def wanted(self) -> Wanted:
        """What the alias points at now.

        Raises:
            NoVersionYet: nothing.
            NotFound: a version was wanted, and there is none of that number.
        """
        for known in self._registry.versions(MODEL):
            if self._version in (known.version, *known.aliases):
                return Wanted(known.version, known.digest)
        if self.follows:
            raise NoVersionYet(f"{MODEL} has no {self._version} yet.", "Run: telecom train, then telecom promote")
        raise NotFound(f"{MODEL} has no version {self._version}.", "See the versions with: telecom models")

    def opened(self, wanted: Wanted) -> AbstractContextManager[Path]:
        """The registry's own copy, which stays."""
        return nullcontext(self._registry.fetch(MODEL, wanted.version))


class StorageSource:
    """A folder of Cloud Storage or of this machine, as Vertex AI names it to a container; it never changes."""

    follows = False

    def __init__(self, uri: str, digest: str, objects: Callable[[], Objects]) -> None:
        self._uri, self._digest, self._objects = uri.rstrip("/"), digest, objects

    def wanted(self) -> Wanted:
        """The only one; it has no number, and is named after its digest once that is known."""
        return Wanted("", self._digest)

    @contextmanager
    def opened(self, wanted: Wanted) -> Iterator[Path]:
        """The folder itself, or a copy that is removed afterwards."""
        if "://" not in self._uri:
            yield Path(self._uri)
            return
        objects = self._objects()
        with tempfile.TemporaryDirectory(prefix="telecom-model-") as folder:
            found = {objects.get(f"{self._uri}/{name}", Path(folder)).parent for name in FILES}
            yield found.pop()


class ModelSlot:
    """Holds the predictor in service.

    Args:
        source: of versions.
        served: told of each predictor that goes into service.
        failed: told of each version that did not.
    """

    def __init__(
        self, source: Source, served: Callable[[Predictor], None], failed: Callable[[TelecomError], None]
    ) -> None:
        self._source, self._served, self._failed = source, served, failed
        self._wanted: Wanted | None = None
        self._complained = ""
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.predictor: Predictor | None = None

    def start(self) -> None:
        """Loads. Where an alias points at no version yet, says so and stays empty, for `follow` to fill.

        Raises:
            TelecomError: there is a version, or should be, and it cannot be had or does not verify.
        """
        try:
            self.load()
        except NoVersionYet as error:
            told = "No model is in service yet; until there is one, which needs no restart, predictions get 503. %s"
            log.warning(told, error, extra={"fields": {"in_service": "none"}})

    def load(self) -> None:
        """Puts the wanted version into service, unless it is there already.

        Raises:
            TelecomError: it cannot be had or does not verify; what was in service stays.
        """
        wanted = self._source.wanted()
        if wanted == self._wanted:
            return
        with self._source.opened(wanted) as folder:
            found = bundle.load(folder, expected_digest=wanted.digest or None)
        predictor = Predictor(found, wanted.version or found.model.digest[:SHOWN_DIGITS])
        self.predictor, self._wanted = predictor, wanted
        self._served(predictor)
        told = {"version": predictor.version, "digest": predictor.digest}
        log.info("Version %s is in service.", predictor.version, extra={"fields": told})

    def follow(self, seconds: float) -> None:
        """Looks for a new version every so many seconds, in a thread of its own, if the source can have one."""
        if self._source.follows:
            self._thread = threading.Thread(target=self._looking, args=(seconds,), name="model", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stops looking."""
        self._ending.set()
        if self._thread:
            self._thread.join(timeout=1)

    def _looking(self, seconds: float) -> None:
        while not self._ending.wait(seconds):
            try:
                self.load()
                self._complained = ""
            except TelecomError as error:
                self._not_loaded(error)
            except Exception as error:
                self._failed(TelecomError("The model could not be replaced."))
                log.error("The model could not be replaced.", exc_info=error)

    def _not_loaded(self, error: TelecomError) -> None:
        """Counts and logs a failure. To wait for the first version is none, and the start has told it."""
        if isinstance(error, NoVersionYet) and self.predictor is None:
            self._complained = ""
            return
        self._failed(error)
        self._complain(str(error))

    def _complain(self, said: str) -> None:
        """Logs a failure, but the same one only once in a row."""
        if said != self._complained:
            kept = self.predictor.version if self.predictor else "none"
            log.error("The model was not replaced: %s", said, extra={"fields": {"in_service": kept}})
        self._complained = said
