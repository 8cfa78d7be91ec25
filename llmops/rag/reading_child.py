"""The process in which documents are parsed: one JSON line per file in, one out.

What a broken or hostile file makes a parser do (loop, eat memory, crash) ends here.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from llmops.rag.blocks import Refused
from llmops.rag.formats import parse


def answer(path: str, suffix: str) -> dict[str, Any]:
    """`{"parsed": …}`, or `{"refused": reason, "detail": …}`."""
    try:
        return {"parsed": parse(Path(path), suffix).to_json()}
    except Refused as refusal:
        return {"refused": refusal.reason, "detail": refusal.detail}
    except ModuleNotFoundError as error:
        return {"missing": error.name}
    except MemoryError:
        return {"refused": "parser_failed", "detail": "it took more memory than it may have"}
    except RecursionError:
        return {"refused": "damaged", "detail": "its parts lie too deep in each other"}
    except OSError as error:
        return {"refused": "unreadable", "detail": error.strerror or ""}
    except Exception as error:  # parsers of untrusted files raise whatever they like
        return {"refused": "parser_failed", "detail": f"{type(error).__name__}: {error}"[:300]}


def main() -> None:
    """Answers until its input ends; `argv[1]` is how many MB of memory it may have."""
    _limit(int(sys.argv[1]))
    # Libraries print; only this descriptor carries answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(json.dumps(answer(asked["path"], asked["suffix"])) + "\n")
        answers.flush()


def _limit(megabytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = megabytes << 20
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


if __name__ == "__main__":
    main()
