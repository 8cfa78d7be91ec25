"""The pages in a real browser, over a real service process. Skipped where there is no chromium."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NO_BROWSER
from tests.processes.service_process import ServiceProcess
from tests.web.desk_world import DeskWorld, build
from tests.web.scripted_llm import scripted
from tools import browser as browsers

sync_api = pytest.importorskip("playwright.sync_api")
SERVE = (sys.executable, "-m", "telecom", "serve", "assistant", "--port", "0")
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
PHONE, DESKTOP = (360, 740), (1366, 820)
PATIENT = {"TELECOM_ASSISTANT_DEADLINE_SECONDS": "60"}
"""A busy machine is no reason to refuse an answer here."""
RUNNING = pytest.StashKey[dict[str, Any]]()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> DeskWorld:
    if not browsers.find():
        pytest.skip(NO_BROWSER)
    return build(tmp_path_factory.mktemp("web") / "home")


@pytest.fixture(scope="session")
def served(world: DeskWorld) -> Iterator[ServiceProcess]:
    with scripted() as model:
        process = ServiceProcess(world.home, *SERVE, **PATIENT, **model)
        yield process
        process.kill()


@pytest.fixture
def browser(world: DeskWorld, request: pytest.FixtureRequest) -> Any:
    """One chromium for all tests of the pages that this process runs one after the other."""
    running = request.session.stash.setdefault(RUNNING, {})
    if not running:
        with ExitStack() as opened:
            playwright = opened.enter_context(sync_api.sync_playwright())
            chromium = playwright.chromium.launch(executable_path=browsers.find(), args=list(browsers.ARGUMENTS))
            opened.callback(chromium.close)
            running |= {"chromium": chromium, "close": opened.pop_all().close}
    return running["chromium"]


# After the fixtures of the test. Not at the session's end: while playwright runs, no other test of this process may
# begin an event loop.
@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Ends the browser where the next test is not one of the pages."""
    running = item.session.stash.get(RUNNING, {})
    if running and (nextitem is None or Path(__file__).parent not in nextitem.path.parents):
        item.session.stash[RUNNING] = {}
        running["close"]()


class Visit:
    """One person's tab: `page`, and what went wrong in it."""

    def __init__(self, browser: Any, url: str, token: str, size: tuple[int, int], **options: Any) -> None:
        width, height = size
        self.url = url
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, locale="pt-BR", timezone_id="America/Sao_Paulo", **options
        )
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog {dialog.message}"))
        self.page.goto(f"{url}/#token={token}" if token else url)

    def open(self, path: str, until: str) -> None:
        """Goes to a page of the pages, and waits for something of it."""
        self.page.evaluate("to => { location.hash = to; }", path)
        self.page.wait_for_selector(until, state="attached")

    def until(self, expression: str) -> None:
        """Waits until an expression holds; playwright's own way of waiting is against our content policy."""
        for _ in range(1_200):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"It never was so: {expression}")

    def ask(self, text: str, role: str = "agent") -> Any:
        """Sends a message; the finished turn."""
        turns = self.page.locator(".turn")
        count = turns.count()
        self.page.fill(".chat-input", text)
        self.page.press(".chat-input", "Enter")
        turn = turns.nth(count)
        turn.locator(".feedback, .failed").first.wait_for()
        return turn

    def healthy(self) -> None:
        """Nothing was run that should not, and nothing failed unseen."""
        assert self.page.evaluate("window.pwned") is None
        assert self.page.evaluate("window.violations") == []
        assert self.errors == []

    def fits(self) -> None:
        """Nothing is wider than the screen."""
        wide = self.page.evaluate(
            "[document.scrollingElement, ...document.querySelectorAll('main, .chat-scroll, .card-pane, dialog')]"
            ".filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className || node.tagName)"
        )
        assert wide == []

    def _said(self, message: Any) -> None:
        # Chromium says of every refusal that it could not load a resource.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)


@pytest.fixture
def visiting(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens tabs of any service, and looks at the end whether all of them stayed healthy."""
    visits: list[Visit] = []

    def begin(url: str, token: str = "", size: tuple[int, int] = DESKTOP, **options: Any) -> Visit:
        visits.append(Visit(browser, url, token, size, **options))
        return visits[-1]

    yield begin
    for each in visits:
        each.healthy()
        each.context.close()


@pytest.fixture
def visit(visiting: Callable[..., Visit], served: ServiceProcess) -> Callable[..., Visit]:
    """Opens tabs of the service over the scripted model."""
    return partial(visiting, served.url)


@pytest.fixture
def slow(world: DeskWorld) -> Iterator[Callable[..., ServiceProcess]]:
    """Starts further services over the same home, with a language model of one's own."""
    started: list[ServiceProcess] = []

    def begin(**environment: str) -> ServiceProcess:
        started.append(ServiceProcess(world.home, *SERVE, **PATIENT, **environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
