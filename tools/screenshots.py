"""Pictures of the pages for the README and the documentation: `python -m tools.screenshots HOME [--out docs/images]`.

HOME is one that was scored and has a knowledge base (`telecom demo`, `telecom rag ingest docs/telecom`). It is copied,
since a conversation leaves records behind. Further pages: one more entry in `PICTURES`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tools import browser

LISTENING = re.compile(r"running on (http://[\d.]+:\d+)")
START_SECONDS = 90
OUT = Path(__file__).parent.parent / "docs" / "images"
DESKTOP, PHONE = (1440, 900), (390, 844)
CUSTOMERS = """
SELECT s.customer_id
FROM telecom_gold.telco_churn_scored AS s
JOIN telecom_gold.telco_churn_features AS f ON f.customer_id = s.customer_id
JOIN telecom_bronze.network_lines AS n ON n.customer_id = s.customer_id
WHERE n.service = 'internet' AND n.status = 'degraded' AND n.incident_id IS NULL AND f.tenure_months > 12
ORDER BY s.churn_probability * s.monthly_charges DESC, s.customer_id
LIMIT 1
"""
"""Somebody with a history whose line has a fault: their card and their conversation show most."""


@dataclass(frozen=True)
class Picture:
    """One picture: who looks, at which address, and what they do before it is taken."""

    name: str
    who: Literal["agent", "analyst", "customer"]
    address: str
    until: str
    do: Callable[[Any], None] = lambda page: None
    size: tuple[int, int] = DESKTOP
    scheme: Literal["light", "dark"] = "light"


def ask(*messages: str) -> Callable[[Any], None]:
    """Sends messages, one after the other's answer."""

    def asking(page: Any) -> None:
        for place, message in enumerate(messages):
            page.fill(".chat-input", message)
            page.press(".chat-input", "Enter")
            page.locator(".feedback").nth(place).wait_for()

    return asking


def source(page: Any) -> None:
    """Opens the source of an answer."""
    ask("Quanto tempo demora a religação depois do pagamento?")(page)
    page.locator(".source").first.click()
    page.wait_for_selector("dialog mark")


TALK = ask("A internet do cliente está lenta, o que eu faço?", "Já fiz isso e continua lenta.")
OWN = ask("Minha internet está lenta")
PICTURES = (
    Picture("desk-queue", "agent", "#/queue", "tbody tr"),
    Picture("desk", "agent", "#/customers/{customer}", ".card-section", TALK),
    Picture("desk-dark", "agent", "#/customers/{customer}", ".card-section", TALK, scheme="dark"),
    Picture("desk-source", "agent", "#/customers/{customer}", ".card-section", source),
    Picture("customer-chat", "customer", "#/chat", ".portal-figure", OWN),
    Picture("customer-chat-phone", "customer", "#/chat", ".portal-figure", size=PHONE),
    Picture("analysts", "analyst", "#/analytics/customers", "tbody tr"),
)


def take(home: Path, out: Path, names: frozenset[str]) -> list[Path]:
    """Takes the pictures with these names (all without any) and returns their files."""
    from playwright.sync_api import sync_playwright

    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    customer = telecom(home, "query", CUSTOMERS, "--format", "csv").split()[-1]
    tokens = {
        "agent": telecom(home, "token", "--agent", "ana", "--scopes", "approve:*"),
        "analyst": telecom(home, "token", "--agent", "leo", "--scopes", "read:analytics"),
        "customer": telecom(home, "token", "--customer", customer),
    }
    out.mkdir(parents=True, exist_ok=True)
    with service(home) as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=list(browser.ARGUMENTS))
        for picture in wanted:
            _one(chromium, url, picture, tokens[picture.who], customer, out)
        chromium.close()
    return [out / f"{picture.name}.png" for picture in wanted]


def _one(chromium: Any, url: str, picture: Picture, token: str, customer: str, out: Path) -> None:
    width, height = picture.size
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.scheme,
        locale="pt-BR",
        timezone_id="America/Sao_Paulo",
        reduced_motion="reduce",
        is_mobile=picture.size == PHONE,
    )
    page = context.new_page()
    page.goto(f"{url}/#token={token}")
    page.wait_for_selector("h1")
    page.evaluate("to => { location.hash = to; }", picture.address.format(customer=customer))
    page.wait_for_selector(picture.until)
    picture.do(page)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=out / f"{picture.name}.png")
    context.close()


@contextmanager
def service(home: Path) -> Iterator[str]:
    """The address of the assistant over a home, while it serves."""
    log = home.parent / "log"
    with log.open("w") as told:
        command = (sys.executable, "-m", "telecom", "serve", "assistant", "--port", "0")
        process = subprocess.Popen(command, env=environment(home), stderr=told)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (found := LISTENING.search(log.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The service did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait(30)


def telecom(home: Path, *arguments: str) -> str:
    """What a command prints over a home."""
    command = (sys.executable, "-m", "telecom", *arguments)
    return subprocess.run(command, env=environment(home), check=True, capture_output=True, text=True).stdout.strip()


def environment(home: Path) -> dict[str, str]:
    """What commands over a home run in."""
    return {**os.environ, "TELECOM_HOME": str(home)}


def main() -> None:
    """Takes the pictures of a copy of HOME."""
    parser = argparse.ArgumentParser(description="Takes the pictures of the pages.")
    parser.add_argument("home", type=Path, help="scored, with a knowledge base")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", nargs="*", default=(), help=f"among {', '.join(one.name for one in PICTURES)}")
    told = parser.parse_args()
    if not browser.find():
        raise SystemExit("There is no chromium; install it: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(shutil.copytree(told.home, Path(folder, "home")))
        for path in take(home, told.out, frozenset(told.only)):
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
