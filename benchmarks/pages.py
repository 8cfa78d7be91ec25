"""How soon a page is interactive in a real browser on loopback, and its bytes: `python -m benchmarks.pages HOME`.

Interactive is when what one works with is drawn from the service's answer: the first row, the figures.
`first` has an empty browser, `again` one that was here before.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools import browser
from tools.screenshots import CUSTOMERS, service, telecom

TIMES = 15
SHOWN = {"agent": "tbody tr", "customer": ".portal-figure"}


def measured(chromium: Any, url: str, token: str, shown: str) -> dict[str, Any]:
    """Medians in milliseconds and bytes over a few visits, each in a browser of its own."""
    took: dict[str, list[float]] = {"first_ms": [], "again_ms": []}
    moved = 0.0
    for _ in range(TIMES):
        context = chromium.new_context(viewport={"width": 1366, "height": 820})
        page = context.new_page()
        watch = context.new_cdp_session(page)
        watch.send("Network.enable")
        came: list[float] = []
        watch.on("Network.loadingFinished", lambda event, came=came: came.append(event["encodedDataLength"]))
        for name in took:
            page.goto("about:blank")
            page.goto(f"{url}/#token={token}", wait_until="commit")
            page.wait_for_selector(shown)
            took[name].append(page.evaluate("performance.now()"))
            moved = moved or sum(came)
        context.close()
    return {name: round(statistics.median(each)) for name, each in took.items()} | {"first_bytes": round(moved)}


def main() -> None:
    """Prints the figures of both faces as JSON."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Measures the pages in chromium.")
    parser.add_argument("home", type=Path, help="scored, with a knowledge base")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(shutil.copytree(told.home, Path(folder, "home")))
        customer = telecom(home, "query", CUSTOMERS, "--format", "csv").split()[-1]
        tokens = {"agent": ("--agent", "ana"), "customer": ("--customer", customer)}
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=list(browser.ARGUMENTS))
        with service(home) as url:
            found = {
                who: measured(chromium, url, telecom(home, "token", *named), SHOWN[who])
                for who, named in tokens.items()
            }
        chromium.close()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
