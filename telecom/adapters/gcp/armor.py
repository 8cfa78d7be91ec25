"""Model Armor: looks at messages and answers with a template of its own. What is not a clear answer counts as none."""

from typing import TYPE_CHECKING, Any

from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import ONCE, vendor_errors
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

if TYPE_CHECKING:
    from google.cloud.modelarmor_v1 import SanitizationResult

SECONDS = 2.0
LONGEST = 20_000
"""Characters that are looked at; a message or an answer has fewer."""


class ModelArmor:
    """Asks one template, `projects/…/locations/…/templates/…`, at the address of its region."""

    def __init__(self, settings: Settings, template: str) -> None:
        from google.cloud.modelarmor_v1 import ModelArmorClient

        region = template.split("/")[3]
        self._template = template
        self._client = grpc_client(ModelArmorClient, settings, host=f"modelarmor.{region}.rep.googleapis.com")

    def message(self, text: str) -> tuple[str, ...]:
        """Filters that a person's message matches.

        Raises:
            DependencyUnavailable: Model Armor did not answer, or not all of its filters did.
            TelecomError: it does not take the request.
        """
        from google.cloud.modelarmor_v1 import DataItem, SanitizeUserPromptRequest

        request = SanitizeUserPromptRequest(name=self._template, user_prompt_data=DataItem(text=_whole(text)))
        return self._matched(self._client.sanitize_user_prompt, request)

    def answer(self, text: str) -> tuple[str, ...]:
        """Filters that an answer matches; raises as `message` does."""
        from google.cloud.modelarmor_v1 import DataItem, SanitizeModelResponseRequest

        request = SanitizeModelResponseRequest(name=self._template, model_response_data=DataItem(text=_whole(text)))
        return self._matched(self._client.sanitize_model_response, request)

    def _matched(self, call: Any, request: Any) -> tuple[str, ...]:
        with vendor_errors("Asking Model Armor"):
            result = call(request=request, retry=ONCE, timeout=SECONDS).sanitization_result
        return codes_of(result)


def codes_of(result: "SanitizationResult") -> tuple[str, ...]:
    """Names of the filters that matched, as `armor_<name>`.

    Raises:
        DependencyUnavailable: some filter did not run, or the answer says neither yes nor no.
    """
    from google.cloud.modelarmor_v1 import FilterMatchState
    from google.cloud.modelarmor_v1.types import InvocationResult

    state = result.filter_match_state
    if state == FilterMatchState.MATCH_FOUND:
        found = {f"armor_{name}" for name, each in result.filter_results.items() if _matches(each)}
        return tuple(sorted(found)) or ("armor_match",)
    if state == FilterMatchState.NO_MATCH_FOUND and result.invocation_result == InvocationResult.SUCCESS:
        return ()
    raise DependencyUnavailable("Model Armor did not look at all of it.", "Try again later.")


def _matches(filtered: Any) -> bool:
    from google.cloud.modelarmor_v1 import FilterMatchState

    told = type(filtered).to_dict(filtered, use_integers_for_enums=True)
    return _finds(told, int(FilterMatchState.MATCH_FOUND))


def _finds(told: Any, state: int) -> bool:
    if isinstance(told, dict):
        return told.get("match_state") == state or any(_finds(each, state) for each in told.values())
    return False


def _whole(text: str) -> str:
    if len(text) > LONGEST:
        raise DependencyUnavailable(f"Model Armor is not asked about more than {LONGEST:,} characters.")
    return text
