"""Pieces of the preflight's checks: what a check is made of, and the commands that more than one needs."""

from telecom.doctor import Check
from telecom.preflight import Observed, Unread

PERSON = "user:$(gcloud config get-value account)"


def unread(seen: Observed, name: str, hidden: Unread, role: str, allow: str = "") -> Check:
    """A check that could not be made counts as failed: what nobody saw is not well.

    `role` on the project, or the command `allow`, is what would let us read it.
    """
    match hidden.kind:
        case "disabled":
            mend = f"gcloud services enable {hidden.service} --project={seen.project}"
        case "denied":
            mend = allow or grant(seen, role)
        case _:
            mend = "Run it again."
    return Check(name, False, f"not readable: {hidden.said}", mend)


def grant(seen: Observed, role: str) -> str:
    """The command that gives us a role on the project."""
    where = f'gcloud projects add-iam-policy-binding {seen.project} --member="{member(seen)}"'
    return f"{where} --role={role} --condition=None"


def apply(seen: Observed) -> str:
    """The command that makes what is Terraform's to make: by hand made, the next apply would find it in its way."""
    project = f"TELECOM_PROJECT={seen.project}"
    return f"{project} make plan ENV={seen.env} && {project} make apply ENV={seen.env}"


def member(seen: Observed) -> str:
    """Who we are, as IAM names it; a person is left to the shell, which knows who is signed in."""
    return seen.caller or PERSON


def check(name: str, found: str, mend: str) -> Check:
    """A check that is well when there is nothing to mend."""
    return Check(name, not mend, found, mend)
