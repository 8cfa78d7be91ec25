"""How soon a page is interactive in a real browser on loopback, and its bytes: `python -m benchmarks.pages HOME`.

`frame` is when the menu can be used, `rows` when what one works with is drawn from the service's answer: the first
row, the figures; both told by an observer in the page. `dom_interactive` is the browser's own event. `first` has an
empty browser, `again` one that was here before. The named alternative is `plain`: a page of one script and one request
that draws a row, in the same browser.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tools import browser
from tools.screenshots import CUSTOMERS, service, telecom

TIMES = 15
SHOWN = {"agent": "tbody tr", "customer": ".portal-figure", "plain": "tbody tr"}
OBSERVER = """
window.seen = {};
new MutationObserver(() => {
  if (!seen.frame && document.querySelector("#app > *")) seen.frame = performance.now();
  if (!seen.rows && document.querySelector("%s")) seen.rows = performance.now();
}).observe(document, { childList: true, subtree: true });
"""
SEEN = '({ dom_interactive: performance.getEntriesByType("navigation")[0].domInteractive, ...seen })'
PLAIN = {
    "index.html": '<!doctype html><script type="module" src="a.js"></script><table id="app"><tbody></tbody></table>',
    "a.js": 'document.querySelector("tbody").innerHTML = await (await fetch("row.html")).text();',
    "row.html": "<tr><td>1</td></tr>",
}


def measured(chromium: Any, address: str, shown: str) -> dict[str, Any]:
    """Medians in milliseconds and bytes over a few visits, each in a browser of its own."""
    took: dict[str, list[float]] = defaultdict(list)
    moved = 0.0
    for _ in range(TIMES):
        context = chromium.new_context(viewport={"width": 1366, "height": 820})
        page = context.new_page()
        page.add_init_script(OBSERVER % shown)
        watch = context.new_cdp_session(page)
        watch.send("Network.enable")
        came: list[float] = []
        watch.on("Network.loadingFinished", lambda event, came=came: came.append(event["encodedDataLength"]))
        for visit in ("first", "again"):
            page.goto("about:blank")
            page.goto(address, wait_until="commit")
            page.wait_for_selector(shown)
            for what, milliseconds in page.evaluate(SEEN).items():
                took[f"{visit}_{what}_ms"].append(milliseconds)
            moved = moved or sum(came)
        context.close()
    return {name: round(statistics.median(each)) for name, each in took.items()} | {"first_bytes": round(moved)}


@contextmanager
def plain() -> Iterator[str]:
    """Serves the alternative; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in PLAIN.items():
            Path(folder, name).write_text(text)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()


def main() -> None:
    """Prints the figures of both faces and of the alternative as JSON."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Measures the pages in chromium.")
    parser.add_argument("home", type=Path, help="scored, with a knowledge base")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(shutil.copytree(told.home, Path(folder, "home")))
        customer = telecom(home, "query", CUSTOMERS, "--format", "csv").split()[-1]
        tokens = {"agent": ("--agent", "ana"), "customer": ("--customer", customer)}
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=list(browser.ARGUMENTS))
        with service(home) as url, plain() as alternative:
            addresses = {who: f"{url}/#token={telecom(home, 'token', *named)}" for who, named in tokens.items()}
            addresses["plain"] = alternative
            found = {who: measured(chromium, address, SHOWN[who]) for who, address in addresses.items()}
        chromium.close()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
