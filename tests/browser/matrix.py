"""What each status does, row by row of the table of statuses, as people see it in their browser. The same
rows are tried through the HTTP API in tests/http/status_matrix.rs, which says where the others are.

Usage: as pages.py; whoever wants to may sign up, and mail goes out.
"""

import contextlib
import json
import os
import pathlib
import sqlite3
import tempfile

from acting import Operator, Person
from looking import visited
from playwright.sync_api import expect

PASSWORD = "a lantern on the stairs"
NEW = "a walk along the river"
CAME = ["active", "locked", "blocked", "expired"]
ALL = [*CAME, "invited"]


def address(status):
    return f"{status}@example.com"


def store():
    file = pathlib.Path(os.environ["DOORWARD_STATE_DIR"]) / "doorward.db"
    return contextlib.closing(sqlite3.connect(file, timeout=20, isolation_level=None))


class Somebody(Person):
    """Somebody with a status, and the browsers in which they had begun something before."""

    def __init__(self, site, status):
        super().__init__(site, address(status), PASSWORD)
        self.status = status
        self.begun = {}

    @contextlib.contextmanager
    def at(self, name):
        """In front of one of their browsers, which stays open."""
        site = self.site
        here = (site.context, site.page, site.debugger, site.complaints)
        if name in self.begun:
            site.context, site.page, site.debugger, site.complaints = self.begun[name]
        else:
            site.fresh()
            self.begun[name] = (site.context, site.page, site.debugger, site.complaints)
        try:
            yield site.page
            assert not site.complaints, site.complaints
        finally:
            site.context, site.page, site.debugger, site.complaints = here

    def sees(self):
        """What stands on the page, without what is theirs alone: their address, and the way out of a
        session, which is not there once the account has expired and the session with it."""
        text = self.site.page.get_by_role("main").inner_text().replace(self.email, "EMAIL")
        return text.removesuffix("\nSign out")

    def gets_in_or_is_refused_like(self, words):
        """By their status: what the blocked had begun is gone, and they begin again."""
        if self.status == "active":
            self.site.is_at("/ui/welcome")
        elif self.status == "blocked":
            self.site.is_at("/ui/login")
            expect(self.site.page.get_by_text("This form is not valid any more")).to_be_visible()
        else:
            self.is_refused_like(words)

    def is_refused_like(self, words):
        # The title is there at once; what was wrong is written with it.
        expect(self.site.page.get_by_role("alert").first).to_be_visible()
        assert self.sees() == words, f"{self.status}: {self.sees()!r} is not {words!r}"

    def mails(self):
        with store() as open_store:
            text = "SELECT template FROM messages WHERE recipient = ? ORDER BY n"
            return [row[0] for row in open_store.execute(text, [self.email])]


def before(site, people):
    """Everybody is active as yet, and begins what they will go on with."""
    for one in people:
        if one.status == "invited":
            continue
        with one.at("held") as page:
            one.signs_in()
            site.is_at("/ui/welcome")
            site.go("/ui/settings")
            one.app = one.reads_the_secret()
            section = page.get_by_role("region", name="Authenticator app")
            section.get_by_label("Code", exact=True).fill(one.app.code())
            page.keyboard.press("Enter")
            expect(page.get_by_text("Your changes are saved.")).to_be_visible()
        with one.at("half"):
            one.signs_in()
            expect(site.page.get_by_label("Code from your authenticator app")).to_be_visible()
        with one.at("again") as page:
            site.context.add_cookies(one.begun["held"][0].cookies())
            site.go("/self-service/login/browser?refresh=true")
            expect(page.get_by_label("Password")).to_be_visible()
        with one.at("profile") as page:
            site.context.add_cookies(one.begun["held"][0].cookies())
            site.go("/ui/settings")
            page.get_by_text("More details").click()
            page.get_by_role("region", name="Profile").get_by_label("Given name").fill("New")


def settle(operator):
    operator.runs("lock-identity", email=address("locked"))
    operator.runs("block-identity", email=address("blocked"))
    found = operator.runs("get-identity", email=address("expired"))["id"]
    with store() as open_store:
        open_store.execute("UPDATE identities SET expires_at = 1 WHERE id = ?", [found])
    for status in ALL:
        assert operator.runs("get-identity", email=address(status))["status"] == status


def mistyped(site, who, type_it):
    """What somebody who is active sees where they mistype."""
    type_it()
    expect(site.page.get_by_role("alert").first).to_be_visible()
    return who.sees()


def e1_signing_in(site, people):
    active = people[0]
    with site.elsewhere():
        active.password = "not this one"
        words = mistyped(site, active, active.signs_in)
        active.password = PASSWORD
    for one in people[1:]:
        with site.elsewhere():
            one.signs_in()
            one.is_refused_like(words)
            assert site.context.request.get(site.base + "/sessions/whoami").status == 401
    with site.elsewhere() as page:
        active.signs_in()
        expect(page.get_by_label("Code from your authenticator app")).to_be_visible()


def e2_a_second_step(site, people):
    active = people[0]
    with site.elsewhere():
        active.signs_in()
        expect(site.page.get_by_label("Code from your authenticator app")).to_be_visible()
        words = mistyped(site, active, lambda: active.types_a_code("000000"))
    for one in people[:-1]:
        with one.at("half"):
            one.types_a_code(one.app.code())
            one.gets_in_or_is_refused_like(words)


def e2_once_more(site, people):
    active = people[0]
    with site.elsewhere() as page:
        site.context.add_cookies(active.begun["held"][0].cookies())
        site.go("/self-service/login/browser?refresh=true")
        page.get_by_label("Password").fill("not this one")
        words = mistyped(site, active, lambda: page.keyboard.press("Enter"))
    for one in people[:-1]:
        with one.at("again"):
            one.types_the_password()
            one.gets_in_or_is_refused_like(words)


def e3_e4_sessions(site, people):
    for one in people[:-1]:
        with one.at("held") as page:
            stays = one.status in ("active", "locked")
            asked = page.request.get(site.base + "/sessions/whoami").status
            assert asked == (200 if stays else 401), f"{one.status}: {asked}"
            site.go("/ui/welcome")
            site.shows("Welcome" if stays else "Sign in")


def e14_settings(site, people):
    for one in people[:-1]:
        with one.at("profile") as page:
            page.get_by_role("region", name="Profile").get_by_role("button", name="Save").click()
            if one.status in ("active", "locked"):
                expect(page.get_by_text("Your changes are saved.")).to_be_visible()
            elif one.status == "blocked":
                # The form they had begun is withdrawn.
                site.is_at("/ui/login")
                expect(page.get_by_text("This form is not valid any more")).to_be_visible()
                continue
            else:
                expect(page.get_by_label("Email or username")).to_be_visible()
                continue
            section = page.get_by_role("region", name="Password", exact=True)
            section.get_by_label("New password").fill("another lantern, elsewhere")
            section.get_by_role("button", name="Save").click()
            saved = page.get_by_text("Your changes are saved.")
            if one.status == "active":
                expect(saved).to_be_visible()
                one.password = "another lantern, elsewhere"
            else:
                # They are asked once more who they are, and that is a sign-in.
                expect(page.get_by_label("Password", exact=True)).to_be_visible()
                expect(saved).to_have_count(0)


def asks_for_a_code(site, people, kind, may):
    """E12 and E13: everybody sees the same, and only some get a mail."""
    seen = {}
    for one in people:
        had = len(one.mails())
        with site.elsewhere() as page:
            site.go(f"/self-service/{kind}/browser")
            page.get_by_label("Email").fill(one.email)
            page.keyboard.press("Enter")
            expect(page.get_by_label("code")).to_be_visible()
            seen[one.status] = one.sees()
        assert one.mails()[had:] == may.get(one.status, []), f"{kind}: {one.status}"
    assert len(set(seen.values())) == 1, seen


def e15_signing_up(site, people):
    told = {}
    for one in people:
        with site.elsewhere() as page:
            site.go("/ui/registration")
            page.get_by_label("Email").fill(one.email)
            page.get_by_role("button", name="Create account").click()
            page.get_by_label("New password").fill("a long way to the sea")
            page.keyboard.press("Enter")
            if one.status == "invited":
                site.is_at("/ui/verification")
            else:
                expect(page.get_by_role("alert").first).to_be_visible()
                told[one.status] = one.sees()
    assert len(set(told.values())) == 1, told


def e17_an_operator_sets_a_password(site, people, operator):
    for one in people[:-1]:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as secret:
            json.dump({"password": NEW}, secret)
            secret.flush()
            operator.runs(
                "reset-password", email=one.email, password_secret_id=f"file:{secret.name}"
            )
        assert operator.runs("get-identity", email=one.email)["status"] == one.status
        one.password = NEW
        with site.elsewhere() as page:
            one.signs_in()
            if one.status == "active":
                expect(page.get_by_label("Code from your authenticator app")).to_be_visible()
            else:
                expect(page.get_by_role("alert")).to_contain_text("not right")


def story(site, email, password):
    operator = Operator(site.base)
    people = [Somebody(site, status) for status in ALL]
    for status in CAME:
        operator.makes(address(status), PASSWORD)
    operator.runs("invite-identity", email=address("invited"), schema_id="social_user_v0")
    before(site, people)
    settle(operator)
    e1_signing_in(site, people)
    e3_e4_sessions(site, people)
    e2_a_second_step(site, people)
    e14_settings(site, people)
    e2_once_more(site, people)
    asks_for_a_code(
        site,
        people,
        "recovery",
        {"active": ["recovery_code_valid"], "invited": ["invitation"]},
    )
    code = ["verification_code_valid"]
    asks_for_a_code(site, people, "verification", {"active": code, "invited": code})
    e15_signing_up(site, people)
    e17_an_operator_sets_a_password(site, people, operator)


visited(story)
