"""Bearer tokens as every service handles them. Verifying one is the Identity port's work."""

from telecom.errors import TokenRefused, UsageError
from telecom.settings import Settings

# A token of Google has about 1,200 characters.
LONGEST = 8_192


def bearer(header: str | None) -> str:
    """The token in the value of an Authorization header.

    Raises:
        TokenRefused: there is no header, another scheme, no token, or one of impossible length.
    """
    if not header:
        raise TokenRefused("missing")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("scheme")
    if len(token) > LONGEST:
        raise TokenRefused("too_long")
    return token.strip()


def audience_of(settings: Settings, service: str) -> str:
    """What tokens for a service must name: TELECOM_AUDIENCE or, on one machine, `telecom-<service>`.

    Raises:
        UsageError: nothing is set on Google Cloud, where the audience is the service's URL.
    """
    if settings.audience:
        return settings.audience
    if settings.backend == "local":
        return f"telecom-{service}"
    raise UsageError(
        "TELECOM_AUDIENCE is empty; no caller's token could be checked.", "Set it to the URL of this service."
    )
