"""`telecom prompts`: versions of what models are told and of what the responder says. A thin front."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telecom.cli_options import Json, session

if TYPE_CHECKING:
    from pathlib import Path


prompts = typer.Typer(help="Versions of the assistant's prompts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="ID", help="Of a text, such as suporte_tecnico.")]
HEADER = ("text", "kind", "in use", "newest", "kept", "state", "success", "change")


@prompts.command("list")
def list_(json: Json = False) -> None:
    """List texts with their versions and what evaluations said.

    Success is the share of scenarios of the text's personas that passed in the newest stored evaluation with the
    version in use; change is against the version before it.
    """
    with session(json):
        from telecom import console

        rows = _rows()
        if json:
            console.print_json([dict(zip(HEADER, row, strict=True)) for row in rows])
        else:
            console.print_table("Prompts", HEADER, rows)


@prompts.command()
def diff(
    name: Name,
    old: Annotated[str, typer.Option("--from", metavar="VERSION", help="Default: the one before.")] = "",
    new: Annotated[str, typer.Option("--to", metavar="VERSION", help="Default: the newest.")] = "",
) -> None:
    """Show what changed between two versions of a text."""
    with session(False):
        from llmops.agent import prompt_versions

        root = _folder()
        told = prompt_versions.difference(root, name, old or prompt_versions.before(root, name), new)
        sys.stdout.write(f"{told}\n" if told else "")


@prompts.command()
def keep(
    raise_versions: Annotated[
        bool, typer.Option("--raise", help="First give texts that changed the next patch version.")
    ] = False,
    json: Json = False,
) -> None:
    """Keep the newest texts under their versions, for ever.

    A version that was kept with another text is refused: a changed text needs a new version.
    """
    with session(json):
        from llmops.agent import prompt_versions
        from telecom import console

        root = _folder()
        raised = prompt_versions.raise_versions(root) if raise_versions else ()
        made = prompt_versions.keep(root)
        if json:
            console.print_json({"raised": raised, "kept": made})
        elif raised or made:
            console.print_table("Kept", ("file",), [(name,) for name in (*raised, *made)])
        else:
            console.print_next("Nothing to keep: every text is kept under its version.")


@prompts.command()
def rollback(
    name: Name,
    to: Annotated[
        str, typer.Option(metavar="VERSION", help="A kept version, or newest; default: the one before.")
    ] = "",
    json: Json = False,
) -> None:
    """Put an older version of a text to use, in every language.

    Written to llmops/prompts/pins.yaml; services use it from their next start. Refused where the assistant could then
    not speak: a phrase that it needs was not there yet.
    """
    with session(json):
        from llmops.agent import prompt_versions
        from llmops.agent.prompt_library import PromptLibrary, check_replaceable
        from telecom import console

        root = _folder()
        was, version = prompt_versions.pins(root).get(name, ""), to or prompt_versions.before(root, name)
        now = PromptLibrary.load(root)
        prompt_versions.pin(root, name, "" if version == "newest" else version)
        try:
            check_replaceable(now, PromptLibrary.load(root))
        except Exception:
            prompt_versions.pin(root, name, was)
            raise
        rows = [row for row in _rows() if row[0] == name]
        if json:
            console.print_json([dict(zip(HEADER, row, strict=True)) for row in rows])
        else:
            console.print_table("In use", HEADER, rows)
            console.print_next("Restart the services that run: until then they use the version they began with.")
            console.print_next("telecom eval run")


def _rows() -> list[tuple[Any, ...]]:
    from llmops.agent import prompt_versions
    from llmops.agent.prompt_library import PromptLibrary
    from llmops.evaluations import prompt_results

    root = _folder()
    used = {source.id: source for source in prompt_versions.in_use(root)}
    newest = {source.id: source.version for source in prompt_versions.newest(root)}
    changed = {source.id for source in prompt_versions.unkept(root)}
    pinned, history = prompt_versions.pins(root), prompt_results.read()
    personas = prompt_results.personas_of(PromptLibrary.load(root))
    rows = []
    for name, source in used.items():
        found = prompt_results.delta(history, name, source.version, personas[name])
        state = "pinned" if name in pinned else "not kept" if name in changed else "kept"
        told = f"{100 * found.success:.1f} % of {found.count}" if found else "-"
        change = f"{100 * found.change:+.1f}" if found and found.change is not None else "-"
        kept = ", ".join(prompt_versions.versions(root, name)) or "-"
        rows.append((name, source.kind, source.version, newest[name], kept, state, told, change))
    return rows


def _folder() -> "Path":
    """Where this distribution's texts lie.

    Raises:
        UsageError: they are inside an archive.
    """
    from importlib.resources import files
    from pathlib import Path

    from telecom.errors import UsageError

    found = files("llmops.prompts")
    if not isinstance(found, Path) and not Path(str(found)).is_dir():
        raise UsageError("The prompts are not in a folder here.", "Run this in a checkout or an installed package.")
    return Path(str(found))
