"""The `telecom` command: which commands there are, in the order of `telecom --help`. Each is a thin front over run()
functions, in a module of its own; only those import the planes, and only inside a command, so that help is quick.
"""

import atexit
import gc

import typer

from telecom.absent import HEAVY, keep_out
from telecom.cards_cli import cards
from telecom.chat_cli import chat
from telecom.costs_cli import costs
from telecom.data_cli import data, ingest, prepare, query, synth, world
from telecom.demo_cli import demo
from telecom.doctor_cli import doctor
from telecom.eval_cli import evaluation
from telecom.model_cli import drift, evaluate, features, models, promote, report, rollback, score, train
from telecom.pipeline_cli import pipeline
from telecom.privacy_cli import privacy
from telecom.prompts_cli import prompts
from telecom.rag_cli import rag
from telecom.release_cli import release
from telecom.review_cli import review
from telecom.serve_cli import serve
from telecom.token_cli import token

COMMANDS = (
    *(demo, synth, ingest, world, prepare, features, train, evaluate, promote, rollback, models, score, drift, report),
    *(query, doctor, cards, chat, costs, token),
)
GROUPS = {
    "data": data,
    "pipeline": pipeline,
    "serve": serve,
    "release": release,
    "rag": rag,
    "eval": evaluation,
    "prompts": prompts,
    "privacy": privacy,
    "review": review,
}

app = typer.Typer(
    help="The churn loop and its data, on one laptop or on Google Cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command()(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Entry point of the `telecom` command."""
    # Next to nothing that a command makes is garbage, and looking for it took a tenth of its time.
    gc.set_threshold(50_000)
    atexit.register(gc.disable)
    keep_out(*HEAVY)
    app(prog_name="telecom")
