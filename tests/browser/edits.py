"""Two administrators at the same person at the same time: nobody's work is lost, and nothing is done by
somebody whose authority is gone.

Usage: as pages.py; a second factor is required of everybody.
"""

import contextlib

from acting import Operator, Person
from looking import visited
from playwright.sync_api import expect

PASSWORD = "a bridge over no water"


class Administrator(Person):
    """Somebody with a browser of their own, which stays open."""

    def __init__(self, site, operator, name):
        super().__init__(site, f"{name}@example.com", PASSWORD)
        operator.makes(self.email, PASSWORD, name=name.title())
        operator.makes_an_administrator_of(self.email)
        site.fresh()
        self.own = (site.context, site.page, site.debugger, site.complaints)
        with self.acts():
            self.signs_in()
            self.must_set_an_app_up()

    @contextlib.contextmanager
    def acts(self):
        site = self.site
        site.context, site.page, site.debugger, site.complaints = self.own
        yield site.page
        assert not site.complaints, site.complaints

    def opens(self, path):
        with self.acts() as page:
            self.site.go(path)
            return page


def both_edit(site, first, second, bob):
    for one in (first, second):
        one.opens(f"{bob}/edit")
    with first.acts() as page:
        page.get_by_label("Name", exact=True).fill("Bob of the first")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".receipt")).to_contain_text("Details changed")
    with second.acts() as page:
        page.get_by_label("Name", exact=True).fill("Bob of the second")
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.get_by_role("button", name="Save").click()
        assert answer.value.status == 409, answer.value.status
        # Both are there: what was typed, and what is stored now.
        expect(page.get_by_role("alert")).to_contain_text("Somebody has changed this person")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Bob of the second")
        expect(page.get_by_role("main")).to_contain_text("Bob of the first")
        site.look("console-both-edit")
    with first.acts():
        site.go(bob)
        site.shows("Bob of the first")
    with second.acts() as page:
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".receipt")).to_contain_text("Details changed")
        site.go(bob)
        site.shows("Bob of the second")


def both_lock_and_block(site, first, second, bob, operator):
    # The same twice is done once, and nobody is told that they did it who did not.
    for one in (first, second):
        one.opens(f"{bob}/lock")
    with first.acts() as page:
        page.get_by_label("Note").fill("by the first")
        page.get_by_role("button", name="Lock").click()
        expect(page.locator(".receipt")).to_contain_text("Sign-in locked")
    with second.acts() as page:
        page.get_by_label("Note").fill("by the second")
        page.get_by_role("button", name="Lock").click()
        expect(page.get_by_text("Nothing had to be changed.")).to_be_visible()
        expect(page.locator(".receipt")).to_have_count(0)
        expect(page.get_by_role("main")).to_contain_text("by the first")
    # One blocks while the other has the form open that unlocks.
    first.opens(f"{bob}/block")
    second.opens(f"{bob}/unlock")
    with first.acts() as page:
        page.get_by_role("button", name="Block").click()
        expect(page.locator(".receipt")).to_contain_text("Blocked")
    with second.acts() as page:
        page.get_by_role("button", name="Unlock").click()
        site.shows("That cannot be done")
        expect(page.get_by_role("main")).to_contain_text("somebody may have changed it")
        site.look("console-both-change")
    assert operator.runs("get-identity", email="bob@example.com")["status"] == "blocked"


def one_withdraws_the_others_authority(site, first, second, bob, operator):
    second.opens(f"{bob}/unblock")
    with first.acts() as page:
        site.go("/console/people?q=second")
        page.get_by_role("link", name="Second", exact=True).click()
        page.get_by_role("main").get_by_role("link", name="Authorities").click()
        page.get_by_label("Administrator: manages everything").uncheck()
        page.get_by_role("button", name="Authorities").click()
        expect(page.locator(".receipt")).to_contain_text("Authorities withdrawn")
    with second.acts() as page:
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            page.get_by_role("button", name="Unblock").click()
        assert answer.value.status == 403, answer.value.status
        site.shows("Not open to you")
        site.look("console-withdrawn")
    assert operator.runs("get-identity", email="bob@example.com")["status"] == "blocked"


def story(site, email, password):
    operator = Operator(site.base)
    operator.makes("bob@example.com", PASSWORD, name="Bob")
    first = Administrator(site, operator, "first")
    second = Administrator(site, operator, "second")
    bob = "/console/people/" + operator.runs("get-identity", email="bob@example.com")["id"]
    both_edit(site, first, second, bob)
    both_lock_and_block(site, first, second, bob, operator)
    one_withdraws_the_others_authority(site, first, second, bob, operator)
    assert operator.runs("audit-verify")["verdict"] == "intact"


visited(story)
