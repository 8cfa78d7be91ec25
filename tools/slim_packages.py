"""Takes out of installed packages what an image never runs. Part of its build; standard library only.

`python slim_packages.py SITE-PACKAGES [churn|assistant]`.

Fails when a rule finds nothing: a package changed, and the rule needs another look.
"""

import compileall
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

SOURCES = (".pyi", ".pxd", ".pyx", ".pxi", ".h", ".hpp", ".c", ".cc", ".a")
ARROW: Mapping[str, str] = {
    "pyarrow/*flight*": "Arrow's RPC",
    "pyarrow/*_s3*": "Amazon's storage",
}
UNUSED: Mapping[str, Mapping[str, str]] = {
    "churn": {
        **ARROW,
        "scipy/cluster": "k-means",
        "scipy/fftpack": "what scipy.fft replaced",
        "scipy/io": "file formats of others",
        "scipy/odr": "orthogonal regression",
        "scipy/signal": "signal processing",
        "vertexai": "Google's agents, which aiplatform does not import",
        "agentplatform": "the same under its new name",
        "google/cloud/firestore_admin*": "making and deleting of databases",
    },
    "assistant": {
        **ARROW,
        "numpy/distutils": "building of extensions",
        "numpy/f2py": "Fortran",
        "google/cloud/discoveryengine_v1alpha": "versions of the search that we do not speak",
        "google/cloud/discoveryengine_v1beta": "the same",
        "google/cloud/bigquery_storage_v1?*": "other versions of BigQuery's reads and writes",
        "google/cloud/firestore_admin*": "making and deleting of databases",
        "google/cloud/modelarmor_v1beta": "another version of Model Armor",
        "phonenumbers/geodata": "names of places, in all languages",
        "phonenumbers/carrierdata": "names of carriers",
        "pydantic_ai/durable_exec/*/": "agents that survive their process, on engines that we do not have",
        "pydantic_ai/ui": "protocols of others' web pages",
        "pygments": "colours of source code",
        "regex*": "what tiktoken needs",
        "tiktoken*": "counting of tokens without asking, which nobody does",
    },
}
DESCRIBED: Mapping[str, tuple[str, ...]] = {"churn": ("google",), "assistant": ("google", "openai", "pydantic_ai")}
"""Clients, mostly generated: two thirds of their text describe the services in docstrings."""
SONAME = re.compile(r"(?P<library>.+\.so)\.\d+")


def tests(packages: Path) -> Iterator[Path]:
    """Test folders of packages."""
    yield from (path for path in packages.rglob("tests") if path.is_dir() and path.parent != packages)


def sources(packages: Path) -> Iterator[Path]:
    """What compilers and type checkers read."""
    yield from (path for path in packages.rglob("*") if path.suffix in SOURCES and path.is_file())


def copies(packages: Path) -> Iterator[Path]:
    """The other names of a shared library, which a wheel stores as copies; the loader asks for one of the three."""
    for path in packages.rglob("*.so.*"):
        if match := SONAME.fullmatch(path.name):
            others = (path.with_name(match["library"]), *path.parent.glob(f"{path.name}.*"))
            yield from (other for other in others if other.is_file() and other.read_bytes() == path.read_bytes())


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it; nothing where a rule before has taken it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def without_docstrings(folder: Path) -> None:
    """Puts bytecode without docstrings in the place of the sources.

    Raises:
        RuntimeError: a file does not compile.
    """
    if not compileall.compile_dir(folder, quiet=1, legacy=True, optimize=2, workers=0):
        raise RuntimeError(f"{folder} does not compile.")
    for path in list(folder.rglob("*.py")):
        path.unlink()


def unused(pattern: str) -> Callable[[Path], Iterator[Path]]:
    """The rule that finds what a pattern names."""
    return lambda packages: packages.glob(pattern)


def slim(packages: Path, image: str = "churn") -> Mapping[str, int]:
    """Applies every rule of an image to a site-packages folder; returns the bytes that each took.

    Raises:
        LookupError: a rule found nothing.
    """
    rules = {"tests": tests, "sources": sources, "copies": copies, **{name: unused(name) for name in UNUSED[image]}}
    taken = {name: _apply(name, rule, packages, remove) for name, rule in rules.items()}
    for name in DESCRIBED[image]:
        taken[f"docstrings of {name}"] = _apply(name, unused(name), packages, without_docstrings)
    return taken


def _apply(name: str, rule: Callable[[Path], Iterator[Path]], packages: Path, change: Callable[[Path], None]) -> int:
    found = sorted(rule(packages))
    if not found:
        raise LookupError(f"Nothing in {packages} matches the rule {name!r}; take it out or mend it.")
    taken = 0
    for path in found:  # some lie in others, which went before
        before = size(path)
        change(path)
        taken += before - size(path)
    return taken


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 where there is nothing."""
    if not path.is_dir():
        return path.lstat().st_size if path.exists() else 0
    return sum(Path(at, name).lstat().st_size for at, _, names in os.walk(path) for name in names)


if __name__ == "__main__":
    for rule, taken in slim(Path(sys.argv[1]), *sys.argv[2:3]).items():
        sys.stdout.write(f"{rule:>40}  {taken / 1e6:7.1f} MB\n")
