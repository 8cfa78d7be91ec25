"""`telecom serve assistant` with input screening that sees nothing: `python -m tests.hostile.hostile_assistant`."""

from llmops.agent import screening
from llmops.agent.screening import Screening, Source


def blind(text: str, *, source: Source) -> Screening:
    """Everything may come in, as it is."""
    return Screening("allow", (), text)


def main() -> None:
    """Serves until it is ended."""
    screening.screen = blind
    from telecom.cli import app

    app(["serve", "assistant", "--port", "0"])


if __name__ == "__main__":
    main()
