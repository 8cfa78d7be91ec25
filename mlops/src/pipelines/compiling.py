"""Definition → YAML. Reads the pipelines of this package, writes one file; the same code gives the same bytes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from telecom.errors import UsageError

STORED = Path(__file__).parent / "compiled"
NO_DIGEST = "@sha256:" + "0" * 64
NO_IMAGE = "telecom-churn-python" + NO_DIGEST
"""Stands in the definitions where the image comes; a run on this machine needs none."""
IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Definition:
    """Where a pipeline is defined, and what it is for."""

    module: str
    description: str

    def function(self) -> Callable[..., Any]:
        """The defining function; it has its module's name."""
        found: Callable[..., Any] = getattr(import_module(f"{__package__}.{self.module}"), self.module)
        return found


PIPELINES: Mapping[str, Definition] = {
    "churn": Definition("churn_pipeline", "The churn loop: ingest, prepare, train, promote if better, score, drift."),
    "churn-retraining": Definition("churn_retraining_pipeline", "Trains and promotes only where that is needed."),
    "churn-automl": Definition("automl_pipeline", "Another search for a model, compared with the champion."),
}


def compile_pipeline(name: str, image: str, out: Path) -> Path:
    """Compiles a pipeline whose steps run in `image` (by digest) and writes the YAML to `out`; needs kfp.

    Raises:
        UsageError: there is no such pipeline, or the image is not named by its digest.
    """
    definition = known(name)
    with TemporaryDirectory(prefix="telecom-compile-") as folder:
        from kfp import compiler, dsl

        defined = dsl.pipeline(name=name, description=definition.description)(definition.function())
        path = Path(folder) / f"{name}.yaml"
        compiler.Compiler().compile(defined, str(path))
        return _write(path.read_text("utf-8"), image, out)


def stored_pipeline(name: str, image: str, out: Path) -> Path:
    """What `compile_pipeline` writes, from the YAML that this distribution carries; needs no kfp.

    Raises:
        UsageError: there is no such pipeline, or the image is not named by its digest.
    """
    known(name)
    return _write((STORED / f"{name}.yaml").read_text("utf-8"), image, out)


def known(name: str) -> Definition:
    """The definition of a pipeline.

    Raises:
        UsageError: there is none; the message lists those that exist.
    """
    if name not in PIPELINES:
        raise UsageError(f"There is no pipeline {name!r}.", f"Known: {', '.join(PIPELINES)}.")
    return PIPELINES[name]


def _write(text: str, image: str, out: Path) -> Path:
    if not IMAGE.fullmatch(image):
        raise UsageError(f"The image {image!r} is not named by its digest.", "Write NAME@sha256:…, 64 digits.")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text.replace(NO_IMAGE, image), "utf-8")
    return out
