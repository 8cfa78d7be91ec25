"""The browser that the tests of the pages and their pictures are made with: Debian's chromium, or another's."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none", "--hide-scrollbars")
"""In containers people are root, for whom chromium's sandbox does not start; only our own pages are opened."""


def find() -> str | None:
    """Where chromium is: CHROMIUM, else the first of the usual names on the path; None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
