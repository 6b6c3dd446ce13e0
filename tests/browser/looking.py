"""What every page is held against, in a real browser."""

import contextlib
import pathlib
import sys

from playwright.sync_api import Error, expect, sync_playwright

SIZES = [(360, 740), (1280, 860)]
SCHEMES = ["light", "dark"]


class Site:
    """A browser at a service. Whatever a page complains about in its console is a failure."""

    def __init__(self, playwright, chromium, base, axe, folder):
        self.base = base
        self.axe = pathlib.Path(axe).read_text()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--lang=en"]
        )
        self.looked_at = []
        self.fresh()

    def fresh(self, **more):
        """Another browser that has never been here."""
        self.context = self.browser.new_context(locale="en-GB", **more)
        self.complaints = []
        self.page = self.context.new_page()
        # One for all: where a second one ends, Chromium forgets the keys it plays.
        self.debugger = self.context.new_cdp_session(self.page)
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._asked)
        return self.page

    @contextlib.contextmanager
    def elsewhere(self, **more):
        """Another browser for as long as this lasts; the one in front stays as it is."""
        here = (self.context, self.page, self.debugger, self.complaints)
        try:
            yield self.fresh(**more)
            assert not self.complaints, self.complaints
        finally:
            self.context, self.page, self.debugger, self.complaints = here

    def _said(self, message):
        # A page that is meant to be missing is reported by the browser as an error too.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _asked(self, dialog):
        # No page of ours opens one: somebody's script runs.
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def go(self, path):
        return self.page.goto(self.base + path)

    def shows(self, title):
        """Waits for the page of this title."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def is_at(self, path):
        """Waits for the page at this address, whatever its parameters."""
        self.page.wait_for_url(lambda url: url.split("?")[0] == self.base + path)

    def look(self, name):
        """The page as it is now, in every size and scheme: pictures, and no fault found."""
        page = self.page
        page.wait_for_load_state()
        weight = len(page.content().encode())
        assert weight < 50_000, f"{name} weighs {weight}"
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{name} is {wide} wide in a window of {width}"
                file = self.folder / f"{name}-{scheme}-{width}.png"
                page.screenshot(path=str(file), full_page=True)
                faults = self._faults()
                assert not faults, f"{name}, {scheme}, {width}: {faults}"
        assert page.locator("h1").count() == 1, name
        assert not self.complaints, f"{name}: {self.complaints}"
        self.looked_at.append(name)

    def says_where_it_is(self):
        """What a person would have seen, for whoever has to find out what went wrong."""
        print(self.page.url, self.page.locator("body").inner_text(), self.complaints)
        name = pathlib.Path(sys.argv[0]).stem
        try:
            self.page.screenshot(path=str(self.folder / f"failed-{name}.png"))
        except Error as error:
            print(error)

    def _faults(self):
        # Through the debugger, so that the page's own policy does not keep the checker out.
        session = self.debugger
        session.send("Runtime.evaluate", {"expression": self.axe})
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": "axe.run().then(r => r.violations"
                ".map(v => [v.id, v.impact, v.nodes[0].html]))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        return answer["result"]["value"]

    def by_keyboard(self, stops):
        """Every stop is reached by the tab key, and is seen to be."""
        self.page.evaluate("document.activeElement.blur()")
        seen = []
        for _ in range(40):
            self.page.keyboard.press("Tab")
            seen.append(
                self.page.evaluate(
                    "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                    " return [e.name || e.textContent.trim(), s.outlineStyle !== 'none']; })()"
                )
            )
        for stop in stops:
            assert [stop, True] in seen, f"{stop} in {seen}"


def visited(story):
    """Runs a story with a site and the person whose it is, as the test that started it says."""
    chromium, axe, folder, base, email = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    with sync_playwright() as playwright:
        site = Site(playwright, chromium, base, axe, folder)
        try:
            story(site, email, password)
        except BaseException:
            site.says_where_it_is()
            raise
        print(f"looked at {len(site.looked_at)} pages")
