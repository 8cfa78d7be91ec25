"""`telecom privacy`: what the law gives a person: to see what is held of them, and to have it erased."""

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from telecom.cli_options import Json, session, user

if TYPE_CHECKING:
    from telecom.privacy import Stores
    from telecom.session import Session

privacy = typer.Typer(help="People's rights: access and erasure.", no_args_is_help=True)

AUDIT = "telecom_monitoring.assistant_audit"
Customer = Annotated[str, typer.Option("--customer", metavar="ID", help="Whose data.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; default: the account of this machine.")]


@privacy.command()
def erase(
    customer: Customer,
    by: By = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    json: Json = False,
) -> None:
    """Remove a person from every layer, for good.

    Tables, files of the lake, online features, sessions, proposals, audit, usage, feedback, working files. A proof
    without personal data stays; files that come in later are taken without the person. Safe to repeat.
    """
    with session(json) as s:
        from telecom import console
        from telecom import privacy as rights
        from telecom.errors import UsageError

        stores = _stores(s)
        if dry_run:
            stores.events.flush()
            _show("Would be erased", rights.survey(stores, customer), json)
            return
        if not yes:
            if json:
                raise UsageError("Erasing cannot be undone.", "Add --yes, or look first with --dry-run.")
            _show("To be erased", rights.survey(stores, customer), json)
            typer.confirm(f"Erase customer {customer} for good?", abort=True)
        done = rights.erase(stores, customer, by or user(), lambda: datetime.now(UTC))
        if json:
            console.print_json(done)
            return
        title = "Erased" if done.anything else "Nothing more to erase; the proof stands"
        _show(title, done.proof.places, json)
        proof = f"SELECT * FROM telecom_monitoring.erasures WHERE person = '{done.proof.person}'"
        console.print_next(f'telecom query "{proof}"')


@privacy.command()
def access(
    customer: Customer,
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder for data.json and data.html.")],
    by: By = "",
    json: Json = False,
) -> None:
    """Export all that is held of a person.

    Whoever does this is written down in telecom_monitoring.assistant_audit.
    """
    with session(json) as s:
        from telecom import privacy as rights
        from telecom import privacy_export

        stores = _stores(s)
        held = rights.held(stores, customer)
        written = privacy_export.write(held, customer, s.now, out)
        row = {
            "event_id": str(uuid.uuid4()),
            "happened_on": s.now.date(),
            "trace_id": "",
            "principal": by or user(),
            "customer_id": customer,
            "event": "privacy.access",
            "outcome": "allowed",
            "detail": "{}",
            "happened_at": s.now,
        }
        stores.events.add(AUDIT, [row])
        stores.events.flush()
        s.show("Exported", written, f"Hand over {os.fspath(out)} in a way that only this person can open.")


def _stores(s: "Session") -> "Stores":
    from telecom.privacy import Stores

    p = s.platform
    return Stores(p.warehouse, p.objects, p.features, p.records, p.events, p.documents, p.workfiles)


def _show(title: str, places: Mapping[str, int], as_json: bool) -> None:
    from telecom import console

    if as_json:
        console.print_json({"places": dict(places)})
    else:
        console.print_table(title, ("place", "items"), list(places.items()))
