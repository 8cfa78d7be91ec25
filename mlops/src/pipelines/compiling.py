"""Definition → YAML. Reads the pipelines of this package, writes one file; the same code gives the same bytes."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlops.src.pipelines.validation import IMAGE, check_spec, read_spec
from telecom.errors import UsageError

STORED = Path(__file__).parent / "compiled"
NO_DIGEST = "@sha256:" + "0" * 64
NO_IMAGE = "telecom-churn-python" + NO_DIGEST
"""Stands in the definitions where the image comes; a run on this machine needs none."""


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
    """Compiles a pipeline whose steps run in `image` (by digest), checks it, and writes it to `out`; needs kfp.

    Raises:
        UsageError: there is no such pipeline, the image is not named by its digest, or the check found a fault; what
            stood at `out` stays then.
    """
    definition = known(name)
    with TemporaryDirectory(prefix="telecom-compile-") as folder:
        from kfp import compiler, dsl

        defined = dsl.pipeline(name=name, description=definition.description)(definition.function())
        path = Path(folder) / f"{name}.yaml"
        compiler.Compiler().compile(defined, str(path))
        return _write(path.read_text("utf-8"), image, out, check_spec)


def stored_pipeline(name: str, image: str, out: Path) -> Path:
    """What `compile_pipeline` writes, from the YAML that this distribution carries; needs no kfp.

    Raises:
        UsageError: there is no such pipeline, or the image is not named by its digest.
    """
    known(name)
    return _write((STORED / f"{name}.yaml").read_text("utf-8"), image, out, read_spec)


def known(name: str) -> Definition:
    """The definition of a pipeline.

    Raises:
        UsageError: there is none; the message lists those that exist.
    """
    if name not in PIPELINES:
        raise UsageError(f"There is no pipeline {name!r}.", f"Known: {', '.join(PIPELINES)}.")
    return PIPELINES[name]


def _write(text: str, image: str, out: Path, check: Callable[[Path], object]) -> Path:
    """Writes beside, checks, then replaces."""
    if not IMAGE.fullmatch(image):
        raise UsageError(f"The image {image!r} is not named by its digest.", "Write NAME@sha256:…, 64 digits.")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        part.write_text(text.replace(NO_IMAGE, image), "utf-8")
        check(part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return out
