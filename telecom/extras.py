"""Which extra of this distribution brings a package of others, read from the installed metadata."""

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires

DISTRIBUTION = "telecom-ml-llmops"
FOR_DEVELOPERS = "dev"
NAMED_OTHERWISE: Mapping[str, str] = {
    "agentplatform": "google-cloud-aiplatform",
    "docx": "python-docx",
    "jwt": "pyjwt",
    "mlflow": "mlflow-skinny",
    "opentelemetry": "opentelemetry-api",
    "pydantic_ai": "pydantic-ai-slim",
    "sklearn": "scikit-learn",
    "vertexai": "google-cloud-aiplatform",
    "vl_convert": "vl-convert-python",
}
"""Module → package, where the package does not have the module's name."""

_REQUIREMENT = re.compile(r"([\w.-]+).*\bextra == ['\"]([\w-]+)['\"]")


def extra_of(module: str, asked: str) -> str:
    """What to install for a module that is missing.

    Args:
        module: the missing module, with dots.
        asked: extras, separated by commas, that what was asked for needs as far as is known.

    Returns:
        `asked` where one of these brings the module or none does; else the smallest extra that does.
    """
    extras = _extras()
    holding = [name for name, packages in extras.items() if packages & _packages(module)]
    if not holding or set(asked.split(",")) & set(holding):
        return asked
    return min(holding, key=lambda name: (len(extras[name]), name))


def _extras() -> Mapping[str, set[str]]:
    """The packages of every extra for users; none where the distribution is not installed."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return {}
    found: dict[str, set[str]] = {}
    for package, extra in (match.groups() for line in lines if (match := _REQUIREMENT.match(line))):
        found.setdefault(extra, set()).add(package.lower())
    return {extra: packages for extra, packages in found.items() if extra != FOR_DEVELOPERS}


def _packages(module: str) -> set[str]:
    """What a package with this module may be called: `google.cloud.storage` is in google-cloud-storage."""
    parts = module.replace("_", "-").lower().split(".")
    longest = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return {*longest, NAMED_OTHERWISE.get(module.split(".")[0], "")}
