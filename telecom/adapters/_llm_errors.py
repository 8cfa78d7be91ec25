"""What the LLM vendors' libraries raise, in the project's words; and what may be asked again.

Of what a server said only codes are passed on, and its sentence where it refuses key or model: other sentences may hold
words of the question.
"""

from dataclasses import dataclass

from pydantic_ai import exceptions as vendor

from telecom.errors import LlmFailed

LONGEST = 200
LATER = "Try again later."
SET_UP = "Check TELECOM_LLM_MODEL, TELECOM_LLM_BASE_URL and TELECOM_LLM_API_KEY."


@dataclass(frozen=True)
class Failure:
    """What is told, and whether asking again may help."""

    told: LlmFailed
    again: bool = False

    def pause(self, seconds: float) -> float | None:
        """Seconds to wait before asking again, as long as the server says if it says; None for never."""
        return max(seconds, self.told.retry_after or 0.0) if self.again else None


class Unfinished(Exception):
    """An answer that ended otherwise than it should: `finish_reason` is the vendor's, None for none."""

    def __init__(self, finish_reason: str | None) -> None:
        super().__init__(str(finish_reason))
        self.finish_reason = finish_reason


_CUT = "its answer was cut off"
_RULES: tuple[tuple[type[Exception], str, str, str, bool], ...] = (
    (vendor.ModelQuotaExceededError, "rate_limited", "its quota is used up", "Raise the quota, or wait.", False),
    (vendor.ModelRateLimitError, "rate_limited", "it is asked too often", LATER, True),
    (vendor.ModelContextWindowExceededError, "too_long", "it was given more than it can read", "Shorten it.", False),
    (vendor.ContentFilterError, "blocked", "a safety filter stopped it", "", False),
    (vendor.ModelAuthenticationError, "refused", "it does not accept who we are", SET_UP, False),
    (vendor.ModelNotFoundError, "refused", "there is no such model", SET_UP, False),
    (vendor.ModelRequestRejectedError, "refused", "it calls the request invalid", SET_UP, False),
    (vendor.ModelTimeoutError, "timeout", "it did not answer in time", LATER, True),
    (vendor.ModelRequestTimeout, "timeout", "it did not answer in time", LATER, False),
    (TimeoutError, "timeout", "it did not answer in time", LATER, False),
    (vendor.OutputTokenLimitExceeded, "half_answer", _CUT, "", False),
    (vendor.UserError, "refused", "it cannot do what it was asked for", SET_UP, False),
    (vendor.ModelConnectionError, "unavailable", "the connection failed", LATER, True),
    (vendor.ModelAPIError, "unavailable", "the service does not answer", LATER, True),
    (vendor.UnexpectedModelBehavior, "unavailable", "its answer makes no sense", LATER, True),
)
_BY_STATUS = {408: "timeout", 413: "too_long", 429: "rate_limited"}
_BLOCKED = ("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")


def failure_of(error: Exception, model: str, secret: str, begun: bool) -> Failure:
    """The failure behind an exception that came out of a vendor's code.

    Args:
        error: it.
        model: the model that was asked.
        secret: the key, which no message may show.
        begun: parts of the answer were passed on already.
    """
    if isinstance(error, Unfinished):
        return _unfinished(error, model)
    unknown = (Exception, "unavailable", f"{type(error).__name__} in its client", LATER, True)
    _, reason, words, remedy, again = next((rule for rule in _RULES if isinstance(error, rule[0])), unknown)
    if isinstance(error, vendor.ModelHTTPError):
        reason, words, again = _by_status(error, reason, words, again)
    if begun and reason in ("unavailable", "timeout") and not isinstance(error, TimeoutError):
        reason, words, again = "half_answer", _CUT, False
    said = f"The LLM {model!r} gave no answer: {words}{_codes(error)}.{_sentence(error, reason, secret)}"
    told = LlmFailed(reason, said, remedy, retry_after=getattr(error, "retry_after", None))
    return Failure(told, again and not begun)


def _unfinished(error: Unfinished, model: str) -> Failure:
    if error.finish_reason == "content_filter":
        return Failure(LlmFailed("blocked", f"The LLM {model!r} gave no answer: a safety filter stopped it."))
    said = {"length": "it reached its greatest length", "error": "the model failed", None: "it has no end"}
    why = said.get(error.finish_reason, "it is empty")
    told = LlmFailed("half_answer", f"The LLM {model!r} gave half an answer: {why}.")
    return Failure(told, again=error.finish_reason != "length")


def _by_status(error: vendor.ModelHTTPError, reason: str, words: str, again: bool) -> tuple[str, str, bool]:
    """What only the status or code tells, where the vendor's library gives no name to it."""
    if error.provider_error_code in _BLOCKED or error.provider_error_type in _BLOCKED:
        return "blocked", "a safety filter stopped it", False
    if reason == "unavailable" and error.status_code in _BY_STATUS:
        return _BY_STATUS[error.status_code], words, error.status_code != 413
    if reason == "unavailable" and error.status_code < 500:
        return "refused", "it calls the request invalid", False
    return reason, words, again


def _codes(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    codes = [f"HTTP {status}" if status else "", str(getattr(error, "provider_error_code", None) or "")]
    found = ", ".join(code for code in codes if code)
    return f" ({found})" if found else ""


def _sentence(error: Exception, reason: str, secret: str) -> str:
    """What the server says of key or model, on one line and without the key."""
    body = getattr(error, "body", None)
    while isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    said = body.get("message") if isinstance(body, dict) else None
    if not isinstance(error, vendor.ModelAuthenticationError | vendor.ModelNotFoundError) or not isinstance(said, str):
        return ""
    words = " ".join(said.split())
    return " " + (words.replace(secret, "…") if secret else words)[:LONGEST]
