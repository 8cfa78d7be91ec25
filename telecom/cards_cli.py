"""`telecom cards`: a model card and a prompt card from the last run. A thin front."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telecom.cli_options import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmops.agent.prompt_card import Judged
    from llmops.agent.prompt_library import PromptLibrary


def cards(
    out: Annotated[Path, typer.Option(help="Folder to write model_card.md and prompt_card.md into.")],
    json: Json = False,
) -> None:
    """Write a model card and a prompt card.

    From the registry, the recorded figures, the contracts, the prompts in use and the stored evaluations. The same
    state gives the same cards.
    """
    from telecom.session import open_session

    with open_session(json) as s:
        from llmops.agent import prompt_card
        from llmops.agent.prompt_library import PromptLibrary
        from mlops.src import model_card
        from telecom import console

        p = s.platform
        made = model_card.run(p.warehouse, p.registry, p.objects)
        library = PromptLibrary.load()
        judged, evaluated = _judged(library)
        out.mkdir(parents=True, exist_ok=True)
        texts = {"model_card.md": made.text, "prompt_card.md": prompt_card.card(library, judged, evaluated)}
        for name, text in texts.items():
            (out / name).write_text(text, "utf-8")
        files = [str(out / name) for name in texts]
        if json:
            console.print_json({"model_version": made.model_version, "files": files})
        else:
            console.print_table("Cards", ("file",), [(name,) for name in files])


def _judged(library: "PromptLibrary") -> "tuple[Mapping[str, Judged], str]":
    """What stored evaluations said of the texts in use, and which evaluation that was."""
    from llmops.agent.prompt_card import Judged
    from llmops.evaluations import prompt_results

    history, personas = prompt_results.read(), prompt_results.personas_of(library)
    versions = {text.front.id: text.front.version for text in library.texts}
    found = {name: prompt_results.delta(history, name, versions[name], personas[name]) for name in versions}
    judged = {name: Judged(each.success, each.count, each.change) for name, each in found.items() if each}
    return judged, f"the newest evaluation of {history[-1].model} ({history[-1].part})" if judged else ""
