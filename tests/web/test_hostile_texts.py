"""Nothing that comes from data becomes markup: names, tickets, documents, and every text of every answer."""

import json
from collections.abc import Callable
from typing import Any

from tests.web.conftest import Visit
from tests.web.desk_world import EVIL, HOSTILE, DeskWorld

ANSWER: dict[str, Any] = {
    "session_id": "s",
    "trace_id": "0" * 32,
    "message": f"{HOSTILE}\n\n- {HOSTILE}\n1. **{HOSTILE}**\n\n# {HOSTILE}\n\n"
    f"| {HOSTILE} | b |\n| --- | --- |\n| `{HOSTILE}` | [a](javascript:pwned) |",
    "language": "pt-BR",
    "intent": HOSTILE,
    "citations": [{"document": HOSTILE, "title": HOSTILE, "section": HOSTILE, "page": HOSTILE, "quote": HOSTILE}],
    "actions": [
        {
            "id": "a/../x",
            "type": HOSTILE,
            "title": HOSTILE,
            "parameters": {"subject": HOSTILE, HOSTILE: HOSTILE, "nested": {"a": [HOSTILE]}},
            "requires_approval": True,
            "status": "proposed",
            "reason": HOSTILE,
        }
    ],
    "tools": [{"name": HOSTILE, "ok": True, "ms": 1}],
    "guardrails": [HOSTILE],
    "degraded": HOSTILE,
}  # fmt: skip
KEPT = {"customer_id", "status", "verdict", "segment", "effect"}


def hostile(told: Any, name: str = "") -> Any:
    """The same with every free text made hostile; days, numbers and states as they were."""
    if isinstance(told, dict):
        return {key: hostile(value, key) for key, value in told.items()}
    if isinstance(told, list):
        return [hostile(value, name) for value in told]
    free = isinstance(told, str) and name not in KEPT and not told[:1].isdigit()
    return f"{told} {HOSTILE}" if free else told


def test_names_tickets_and_documents(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    page.wait_for_selector("tbody tr")
    assert HOSTILE in page.inner_text("tbody")
    desk.open(f"#/customers/{world.hostile}", ".card-section")
    page.get_by_text(HOSTILE[:30]).first.wait_for()
    assert HOSTILE[:40] in page.inner_text(".desk-head") and HOSTILE[:40] in page.text_content(".card-pane")
    # The assistant itself leaves such passages out; whoever asks for one sees its text.
    cited = {"document": EVIL.document, "title": EVIL.title, "section": EVIL.section, "page": None}
    cites = ANSWER | {"citations": [cited | {"quote": EVIL.text[:40]}]}
    body = f"event: done\ndata: {json.dumps(cites)}\n\n"
    page.route("**/chat", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    turn = desk.ask("Quanto custa o roaming em marte?")
    turn.locator(".source").click()
    page.wait_for_selector("dialog .passage-text mark")
    assert HOSTILE in page.text_content("dialog .passage-text") and EVIL.section[:20] in page.inner_text("dialog")
    page.keyboard.press("Escape")
    page.unroute("**/chat")
    desk.ask("Um texto hostil, por favor")
    assert page.locator("#app img, #app script, #app [onerror], dialog img").count() == 0


def test_every_text_of_every_answer(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    page.wait_for_selector("tbody tr")
    for pattern in ("**/v1/queue**", "**/v1/customers/**"):
        page.route(pattern, lambda route: route.fulfill(json=hostile(route.fetch().json())))
    events = [
        ("tool", ANSWER["tools"][0]),
        ("action", ANSWER["actions"][0]),
        ("token", {"text": HOSTILE}),
        ("done", ANSWER),
    ]
    body = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in events)
    page.route("**/chat", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    beside = {"section": HOSTILE, "page": HOSTILE, "text": ANSWER["message"]}
    passage = beside | {"document": HOSTILE, "title": HOSTILE, "before": beside, "after": beside}
    page.route("**/v1/passages**", lambda route: route.fulfill(json=passage))
    page.route("**/approve", lambda route: route.fulfill(status=409, json={"error": HOSTILE, "code": "policy"}))
    page.get_by_role("button", name="Próxima").click()
    page.get_by_text(HOSTILE[:20]).first.wait_for()
    desk.open(f"#/customers/{world.hostile}", ".card-section")
    turn = desk.ask(HOSTILE)
    assert turn.inner_text().count("onerror=") >= 8
    turn.get_by_role("button", name="Aprovar").click()
    turn.get_by_text("A política não permite").wait_for()
    turn.locator(".source").click()
    page.wait_for_selector("dialog .passage-text mark")
    assert page.locator("#app img, #app script, #app svg[onload], #app a[href^=javascript], dialog img").count() == 0


def test_a_hostile_token_and_address(visit: Callable[..., Visit], world: DeskWorld) -> None:
    tab = visit(f"x{HOSTILE}")
    tab.page.wait_for_selector(".signin")
    desk = visit(world.token())
    desk.page.wait_for_selector("tbody tr")
    desk.open(f"#/customers/{HOSTILE.replace('/', '%2f')}", "h1, [role=alert]")
    desk.open("#/queue?search=%3Cimg%20src%3Dx%20onerror%3Dpwned%3D1%3E&segment=%00&offset=-1", "[role=alert]")


def test_markup_is_refused_even_where_somebody_forgets(visit: Callable[..., Visit], world: DeskWorld) -> None:
    tab = visit(world.token())
    tab.page.wait_for_selector("tbody tr")
    refused = tab.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return ''; } catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"
    assert tab.page.evaluate("window.violations.splice(0)") == ["require-trusted-types-for"]
    assert all("TrustedHTML" in error for error in tab.errors)
    tab.errors.clear()
