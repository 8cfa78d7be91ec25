"""The pages' files over HTTP: types, headers, what browsers keep, and that nothing else can be had."""

import re

import pytest

from llmops.agent.web_files import TYPES, WebFiles
from llmops.tests.agent.service_fakes import Service

SMALL = {"index.html": b'<script src="/web/js/a.js"></script>', "js/a.js": b"let a;", "css/a.css": b"a {}"}


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


def test_the_first_page_names_its_files_by_their_revision(service: Service) -> None:
    page = service.ask("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and page.headers["cache-control"] == "no-cache"
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) > 8 and all(re.match(r"/web/[0-9a-f]{16}/", path) for path in named)
    for path in named:
        found = service.ask(path)
        assert found.status_code == 200 and found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["content-type"] == TYPES[path[path.rindex(".") :]]


def test_every_answer_has_the_headers_that_keep_pages_safe(service: Service) -> None:
    for path in ("/", "/web/js/main.js", "/web/none.js"):
        headers = service.ask(path).headers
        policy = headers["content-security-policy"]
        assert (
            "default-src 'self'" in policy and "unsafe" not in policy and "require-trusted-types-for 'script'" in policy
        )
        assert headers["x-content-type-options"] == "nosniff" and len(headers.get_list("cache-control")) == 1
    assert service.ask("/v1/session").headers["cache-control"] == "no-store"


def test_a_file_that_one_has_is_not_sent_again(service: Service) -> None:
    first = service.ask("/web/js/main.js", **{"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip" and first.headers["cache-control"] == "no-cache"
    plain = service.ask("/web/js/main.js", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.text == first.text
    again = service.ask("/web/js/main.js", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in service.ask("/web/fonts/inter.woff2", **{"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize(
    "path",
    [
        "/web/../agent/turn.py", "/web/%2e%2e/agent/turn.py", "/web/..%2fagent%2fturn.py", "/web//etc/passwd", "/web/",
        "/web/%2fetc%2fpasswd", "/web/__init__.py", "/web/js", "/web/js/", "/web/0123456789abcdef/%2e%2e/index.html",
        "/web/js/main.js/", "/web/js/main.js%00", "/web/C:%5cx", "/web/.%2e/index.html",
    ],
)  # fmt: skip
def test_nothing_else_can_be_had(service: Service, path: str) -> None:
    found = service.ask(path)
    assert found.status_code == 404 and found.json()["code"] == "not_found"


def test_another_release_s_files_are_answered_and_not_kept() -> None:
    one, other = WebFiles(SMALL), WebFiles(SMALL | {"js/a.js": b"let b;"})
    assert one.revision != other.revision and one.revision == WebFiles(dict(reversed(SMALL.items()))).revision


def test_an_open_page_of_the_release_before_still_gets_its_files(service: Service) -> None:
    found = service.ask("/web/0123456789abcdef/js/main.js")
    assert found.status_code == 200 and found.headers["cache-control"] == "no-cache"


def test_only_what_the_table_of_types_knows_is_there() -> None:
    assert WebFiles.load().revision == WebFiles.load().revision
    assert not [path for path in WebFiles.load()._files if path.endswith(".py") or ".." in path]
