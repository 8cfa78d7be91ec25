"""Writes docs/reference and docs/api from the code. `--check` writes nothing, names stale pages and exits 1 if any is.

Reads the table contracts, the settings classes, the commands, the error tree, the services' telemetry and OpenAPI
documents; the same code gives the same pages.
"""

import argparse
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from llmops.agent import openapi as assistant_openapi
from mlops.src.serving import openapi as churn_openapi
from telecom import errors
from telecom.cli import app
from telecom.settings import Settings
from telecom.tables import contracts
from tools.api_pages import api_pages
from tools.markdown import cell, page, table
from tools.metrics_page import metrics_page
from tools.tables_page import tables_page

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
API = ROOT / "docs" / "api"
ROUTES = {"assistant": "[its service](../llmops/service.md)", "churn": "[scores over HTTP](../mlops/serving.md)"}
HELP_WIDTH = 100
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
LAYERS = ("telecom_bronze", "telecom_silver", "telecom_gold", "telecom_monitoring")
TYPES = {"str": "text", "int": "integer", "float": "number", "bool": "true or false", "secretstr": "secret text"}
PLANE_SETTINGS = (
    ("mlops.src.config", "ChurnConfig"),
    ("mlops.src.serving.dispatcher_config", "DispatcherConfig"),
    ("llmops.agent.config", "AssistantConfig"),
)


def pages() -> Mapping[str, str]:
    """Every page: file name below docs/reference → text."""
    return {
        "README.md": index_page(),
        "tables.md": tables_page(sorted(contracts().values(), key=lambda c: (LAYERS.index(c.dataset), c.table))),
        "settings.md": settings_page(settings_classes()),
        "commands.md": commands_page(),
        "metrics.md": metrics_page(),
        "errors.md": errors_page(),
    }


def written() -> Mapping[Path, Mapping[str, str]]:
    """What each folder of generated pages is to hold."""
    documents = {"assistant": assistant_openapi.document(), "churn": churn_openapi.document()}
    return {REFERENCE: pages(), API: api_pages(documents, ROUTES)}


def stale(folder: Path, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Names of pages in `folder` that are missing, differ, or come from nowhere; in name order."""
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*") if path.suffix in (".md", ".json")}
    return tuple(sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)))


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Makes `folder` hold exactly the wanted pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale(folder, wanted):
        if name in wanted:
            (folder / name).write_text(wanted[name], "utf-8")
        else:
            (folder / name).unlink()


def index_page() -> str:
    """What the folder holds."""
    rows = [
        ("[Tables](tables.md)", "every table: owner, sensitivity, freshness, key, columns, checks", "`data/schemas`"),
        ("[Settings](settings.md)", "every environment variable: type, default, meaning", "the settings classes"),
        ("[Commands](commands.md)", "the help text of every `telecom` command", "`telecom/cli.py`"),
        ("[Metrics](metrics.md)", "what services and jobs tell of themselves", "the services' telemetry"),
        ("[Errors](errors.md)", "the error tree and the exit codes", "`telecom/errors.py`"),
    ]
    return page("Reference", "the code", [*table(("page", "what", "comes from"), rows)])


def settings_classes() -> tuple[type[BaseSettings], ...]:
    """The kernel's settings, then those of the planes."""
    return (Settings, *(getattr(import_module(module), name) for module, name in PLANE_SETTINGS))


def settings_page(classes: Sequence[type[BaseSettings]]) -> str:
    """One table per settings class."""
    lines: list[str] = []
    for settings in classes:
        prefix = str(settings.model_config.get("env_prefix", ""))
        rows = [
            (f"`{prefix}{name.upper()}`", _type_of(field), _default_of(field), cell(field.description or ""))
            for name, field in settings.model_fields.items()
        ]
        lines += ["", f"## {settings.__name__}", "", inspect.getdoc(settings) or "", ""]
        lines += table(("variable", "type", "default", "meaning"), rows)
    return page("Settings", "the settings classes", lines[1:])


def _type_of(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind) if value)
    name = kind.__name__.lower() if isinstance(kind, type) else str(kind)
    bounds = [
        f"{words} {getattr(rule, bound):,}"
        for rule in field.metadata
        for bound, words in BOUNDS.items()
        if hasattr(rule, bound)
    ]
    return ", ".join([TYPES.get(name, name), *bounds])


def _default_of(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return f"`{value}`" if str(value) else "empty"


def commands_page() -> str:
    """The help text of every command, as a terminal of fixed width shows it."""
    lines: list[str] = []
    for path in command_paths(typer.main.get_command(app)):
        lines += ["", f"## {' '.join(('telecom', *path))}", "", "```text", help_of(path), "```"]
    return page("Commands", "telecom/cli.py", lines[1:])


def command_paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that lead to each command, itself first, in the order of the help text."""
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from command_paths(child, (*path, name))


def help_of(path: Sequence[str]) -> str:
    """What `telecom … --help` prints."""
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="telecom", terminal_width=HELP_WIDTH)
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def errors_page() -> str:
    """The tree as the module draws it, then each class."""
    tree = (errors.__doc__ or "").split("\n\n")[1]
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TelecomError)]
    rows = [(f"`{k.__name__}`", str(k.exit_code), cell((inspect.getdoc(k) or "").split("\n\n")[0])) for k in kinds]
    codes = [
        ("0", "done"),
        ("1", "anything that has no better code"),
        ("2", "wrong usage: an argument, a setting or SQL"),
        ("3", "input refused: reason code, counts, and where the refused rows lie"),
        ("4", "a gate said no: quality, promotion or drift"),
        ("5", "something outside the process is missing or does not answer"),
        ("130", "stopped with Ctrl+C; what was committed stays"),
    ]
    lines = [
        "## Exit codes",
        "",
        *table(("code", "meaning"), codes),
        "",
        "## The tree",
        "",
        "```text",
        tree,
        "```",
        "",
    ]
    lines += ["## Each error", "", *table(("error", "exit code", "what it says"), rows), ""]
    lines += [
        'With `--json` an error is printed as `{"error": {type, message, remedy, exit_code, …}}` on stdout. The reason'
    ]
    lines += ["codes of refused files are in [ingestion](../mlops/ingestion.md)."]
    return page("Errors and exit codes", "telecom/errors.py", lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    chosen = parser.parse_args(arguments)
    folders = written()
    if not chosen.check:
        for folder, wanted in folders.items():
            write(folder, wanted)
        return 0
    old = [folder / name for folder, wanted in folders.items() for name in stale(folder, wanted)]
    for path in old:
        sys.stderr.write(f"{path.relative_to(ROOT)} is stale; run: make docs\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
