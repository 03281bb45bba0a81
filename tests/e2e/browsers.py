"""A real Chromium for tests of pages: where to find it, and what a page did while it was open."""

import contextlib
import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET = (
    "needs Chromium: apt-get install chromium (Debian, Ubuntu), or set CHROMIUM to the path of one; "
    "and the development packages: pip install -e '.[dev]'"
)


def find_chromium():
    """Return the path of a Chromium; empty when there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")


@contextlib.contextmanager
def open_browser():
    """Run a Chromium without a window; a root user, as in a container, has no sandbox for it."""
    from playwright.sync_api import sync_playwright

    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=find_chromium(),
            args=["--no-sandbox"] if is_root else [],
        )
        try:
            yield browser
        finally:
            browser.close()


def expect(locator):
    """Wait for what is asserted, without the ``eval`` of ``wait_for_function``, which our pages forbid."""
    from playwright.sync_api import expect as wait_for

    return wait_for(locator)


class Visit:
    """A page opened from a file; it notes what the console said and what was asked for."""

    def __init__(self, browser, path: Path, *, width=1180, height=900, **context):
        self.context = browser.new_context(viewport={"width": width, "height": height}, **context)
        self.page = self.context.new_page()
        self.path = path
        self.console, self.requests = [], []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: (self.console.append("dialog"), dialog.dismiss()))
        self.open()

    def open(self, anchor=""):
        """Load the page anew, at an anchor."""
        self.page.goto("about:blank")
        self.page.goto(self.path.as_uri() + anchor)
        return self.page

    def close(self):
        """Close the page and what belongs to it."""
        self.context.close()
