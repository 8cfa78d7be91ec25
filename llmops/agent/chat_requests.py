"""What requests may say: bodies and headers, strictly."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from llmops.agent.turn import Channel
from telecom.errors import InputRefused, UsageError

MOST_FAULTS = 20
NAME_CHARS = 80
KEY = re.compile(r"[\x21-\x7e]{1,200}")
Short = Annotated[str, StringConstraints(max_length=200)]


class Body(BaseModel):
    """A JSON object with known fields of the right types, and no other."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ChatRequest(Body):
    """One message. `customer_id` chooses among the customers that the token allows."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
    session_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    customer_id: Short | None = None
    channel: Channel | None = None


class DecisionRequest(Body):
    """A yes or a no; `reason` is kept for a no."""

    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class FeedbackRequest(Body):
    """What somebody says of an answer."""

    trace_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    rating: Literal["up", "down"]
    comment: Annotated[str, StringConstraints(max_length=2_000)] = ""


class BodyRefused(InputRefused):
    """A body that is JSON and not what the route takes; `faults` name the fields, and quote nothing."""

    def __init__(self, faults: list[dict[str, str]]) -> None:
        said = "; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults[:3])
        super().__init__("wrong_body", f"The body cannot be taken: {said}.", "See /openapi.json.")
        self.faults = faults


Asked = TypeVar("Asked", bound=Body)


def parse(kind: type[Asked], body: bytes) -> Asked:
    """The body of a request.

    Raises:
        UsageError: it is not JSON, or nested too deeply.
        BodyRefused: it does not say what the route takes.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(fault["type"] == "json_invalid" for fault in found):
            raise UsageError("The body is not JSON.", "Send one JSON object in UTF-8.") from None
        raise BodyRefused([_fault(fault) for fault in found[:MOST_FAULTS]]) from None


def idempotency_key(headers: Mapping[str, str]) -> str:
    """The value of Idempotency-Key; empty where there is none.

    Raises:
        UsageError: it is too long, or has other than visible ASCII characters.
    """
    key = headers.get("idempotency-key", "").strip()
    if key and not KEY.fullmatch(key):
        raise UsageError("The Idempotency-Key cannot be taken.", "Send 1 to 200 visible ASCII characters.")
    return key


def _fault(fault: Any) -> dict[str, str]:
    field = ".".join(str(part) for part in fault["loc"]) or "body"
    return {"field": field[:NAME_CHARS], "reason": fault["type"]}
