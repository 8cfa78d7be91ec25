"""What may be sent to the dispatcher: the envelope is Pub/Sub's, the payload ours. Pure.

The envelope ignores fields that it does not know, since Pub/Sub adds some over time (it already sends each name twice);
the payload takes nothing that is not written here.
"""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from telecom.errors import UsageError

LARGEST_BODY = 65_536
DIGEST_DIGITS = 32
MOST_MINUTES = 4_320
"""Of an AutoML search: 72 hours, as much as Vertex AI takes."""
# Scoring is the churn pipeline without a file: nothing is ingested, the newest snapshot is scored.
PIPELINE_OF = {"churn-scoring": "churn"}


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, alias_generator=to_camel)


class _PubSubMessage(_Envelope):
    data: str = Field("", max_length=LARGEST_BODY)
    message_id: str = Field(min_length=1, max_length=256)
    publish_time: AwareDatetime
    attributes: dict[str, str] = {}


class _Push(_Envelope):
    message: _PubSubMessage
    subscription: str = Field(min_length=1, max_length=1_024)
    delivery_attempt: int | None = Field(None, ge=0)


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Snapshot(_Payload):
    snapshot_date: date | None = None
    deploy: Literal["batch", "online"] = "batch"


class _File(_Snapshot):
    csv: str = Field("", max_length=1_024, pattern=r"^[^\x00-\x1f]*$")


class _Search(_Payload):
    minutes: float = Field(10.0, gt=0, le=MOST_MINUTES, allow_inf_nan=False)


class _Churn(_Payload):
    pipeline: Literal["churn"]
    parameters: _File = _File()


class _Scoring(_Payload):
    pipeline: Literal["churn-scoring"]
    parameters: _Snapshot = _Snapshot()


class _Retraining(_Payload):
    pipeline: Literal["churn-retraining"]
    parameters: _Snapshot = _Snapshot()


class _AutoMl(_Payload):
    pipeline: Literal["churn-automl"]
    parameters: _Search = _Search()


_PAYLOAD: TypeAdapter[_Churn | _Scoring | _Retraining | _AutoMl] = TypeAdapter(
    Annotated[_Churn | _Scoring | _Retraining | _AutoMl, Field(discriminator="pipeline")]
)


@dataclass(frozen=True)
class Delivery:
    """One delivery of a message. `attempt` counts from 1; None where the subscription has no dead-letter policy."""

    message_id: str
    subscription: str
    published_at: datetime
    attempt: int | None
    data: bytes

    @property
    def about(self) -> dict[str, str | int]:
        """What the log says of it."""
        about: dict[str, str | int] = {"message_id": self.message_id, "subscription": self.subscription}
        return about | ({"delivery_attempt": self.attempt} if self.attempt is not None else {})


@dataclass(frozen=True)
class Order:
    """Which pipeline to start, once per `job_id`, with the parameters that the sender gave. `kind` is the message's."""

    kind: str
    pipeline: str
    parameters: Mapping[str, Any]
    job_id: str
    published_at: datetime


def delivery_of(body: bytes) -> Delivery:
    """The delivery that a push request carries.

    Raises:
        UsageError: it is not a push of Pub/Sub.
    """
    try:
        push = _Push.model_validate_json(body)
        data = b64decode(push.message.data, validate=True)
    except ValidationError as error:
        raise UsageError(f"This is no push of Pub/Sub: {_said(error)}") from error
    except ValueError as error:
        raise UsageError("This is no push of Pub/Sub: message.data is not base64.") from error
    message = push.message
    return Delivery(message.message_id, push.subscription, message.publish_time, push.delivery_attempt, data)


def order_of(delivery: Delivery) -> Order:
    """What the message asks for; its job id is the same for every delivery of the message.

    Raises:
        UsageError: the payload is not one of the messages that `docs/mlops/dispatcher.md` lists.
    """
    try:
        payload = _PAYLOAD.validate_json(delivery.data)
    except ValidationError as error:
        raise UsageError(f"The message cannot be carried out: {_said(error)}") from error
    parameters = payload.parameters.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    kind = payload.pipeline
    return Order(kind, PIPELINE_OF.get(kind, kind), parameters, f"{kind}-{_digest(delivery)}", delivery.published_at)


def _digest(delivery: Delivery) -> str:
    """Two subscriptions of one topic are two senders; a message id alone is unique only within its topic."""
    named = f"{delivery.subscription}\n{delivery.message_id}"
    return hashlib.sha256(named.encode()).hexdigest()[:DIGEST_DIGITS]


def _said(error: ValidationError) -> str:
    """Where it is wrong and why, without the values that were sent."""
    faults = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, f['loc']))[:80] or 'the text'}: {_why(f)}" for f in faults[:5])[:600]


def _why(fault: ErrorDetails) -> str:
    # The one sentence of pydantic's that quotes what was sent.
    if fault["type"] == "union_tag_invalid":
        return f"pipeline is none of {fault['ctx']['expected_tags']}"
    return fault["msg"]
