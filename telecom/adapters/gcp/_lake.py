"""Where the keys of the lake lie in Cloud Storage: `bronze/churn/a.csv` is `churn/a.csv` in the bucket of bronze."""

from telecom.errors import UsageError
from telecom.settings import LAYERS

# First segments of keys that have no bucket of their own: they lie in that of bronze, under their whole key.
HOST = "bronze"
GUESTS = ("demo", "quarantine")
LONGEST_NAME = 1024


def place(key: str) -> tuple[str, str]:
    """The layer whose bucket holds a key, and the object's name in it.

    Raises:
        UsageError: no layer, or a name that Cloud Storage or the local lake could not hold.
    """
    first, _, rest = key.partition("/")
    layer, name = (HOST, key) if first in GUESTS else (first, rest)
    parts = key.split("/")
    readable = all(ord(sign) >= 32 for sign in key) and not {"", ".", ".."} & set(parts) and len(parts) > 1
    if layer not in LAYERS or not readable or key_of(layer, name) != key:
        known = ", ".join((*LAYERS, *GUESTS))
        raise UsageError(f"The key {key!r} is not inside the lake.", f"Write <layer>/<name>; the layers are {known}.")
    if len(name.encode()) > LONGEST_NAME:
        raise UsageError(f"The key {key[:80]!r}… is too long.", f"Use at most {LONGEST_NAME} bytes.")
    return layer, name


def key_of(layer: str, name: str) -> str:
    """The key of an object in a layer's bucket."""
    return name if layer == HOST and name.partition("/")[0] in GUESTS else f"{layer}/{name}"


def searches(prefix: str) -> dict[str, str]:
    """Layers whose buckets may hold keys that start with `prefix`, each with a prefix of the names to look at."""
    first, slash, rest = prefix.partition("/")
    if slash:
        return {HOST: prefix} if first in GUESTS else {first: rest} if first in LAYERS else {}
    guests = any(guest.startswith(prefix) for guest in GUESTS)
    return {layer: "" for layer in LAYERS if layer.startswith(prefix) or (layer == HOST and guests)}
