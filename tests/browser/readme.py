"""The README's section "Look after people", step by step, with the pictures that stand in it.

Usage: as pages.py; nobody has an account yet.
"""

import json
import pathlib

from acting import Operator, Person
from looking import visited
from pictures import Album
from playwright.sync_api import expect

README = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
SAID = " ".join(README.split())
THEIRS = "a lantern on the stairs"


def says(words):
    """What is pressed here is what the README calls it."""
    assert f"*{words}*" in SAID, f"the README does not say *{words}*"
    return words


class Newcomer:
    """Somebody who does what the README says."""

    def __init__(self, site):
        self.page = site.page
        self.site = site

    def follows(self, words):
        main = self.page.get_by_role("main")
        main.get_by_role("link", name=says(words), exact=True).first.click()

    def goes_to(self, words):
        places = self.page.get_by_role("navigation", name="Console")
        places.get_by_role("link", name=says(words), exact=True).click()
        self.site.shows(words)

    def opens_the_tab(self, words):
        tabs = self.page.locator("nav.tabs")
        tabs.get_by_role("link", name=words, exact=True).click()

    def presses(self, words):
        self.page.get_by_role("button", name=words, exact=True).click()

    def does(self, words):
        """Something that asks first, on a page of its own."""
        self.follows(words)
        self.presses(words)

    def receives(self, *told):
        for text in told:
            expect(self.page.locator(".receipt")).to_contain_text(text)


def takes_over(site, person):
    page = site.page
    site.is_at("/ui/reset_password")
    page.get_by_label("New password").fill(person.password)
    page.keyboard.press("Enter")
    return person.must_set_an_app_up()


def people_are_there(operator):
    for address, name in [("jonas", "Jonas Feldmann"), ("ines", "Inês Rocha"), ("mara", "Mara Lind")]:
        operator.makes(f"{address}@example.com", THEIRS, name=name)
    operator.runs("create-role", role="editor", name="Editor")
    operator.runs("set-roles", email="mara@example.com", roles="editor")
    operator.runs("lock-identity", email="ines@example.com", reason="offboarding")


def story(site, email, password):
    site.fresh(timezone_id="UTC")
    page, album, operator = site.page, Album(site), Operator(site.base)
    site.go("/ui/login")
    site.shows("Sign in")
    album.takes("sign-in.png", height=560)

    made = operator.runs("create-admin-account", username="ada", email=email)
    page.goto(made["recovery-link"])
    page.get_by_label("Recovery code").fill(made["recovery-code"])
    page.keyboard.press("Enter")
    takes_over(site, Person(site, email, password))
    operator.runs("update-identity", email=email, traits=json.dumps({"name": "Ada Winter"}))
    people_are_there(operator)

    site.go("/console")
    me = Newcomer(site)
    # 1. Invite.
    me.goes_to("People")
    me.follows("Invite")
    page.get_by_label("Mail address").fill("tim@example.com")
    page.get_by_label("Name", exact=True).fill("Tim Okafor")
    me.presses("Invite")
    site.shows("Invited")
    link = page.locator("code.secret").inner_text()
    page.get_by_role("link", name="Done").click()
    me.goes_to("People")
    expect(page.locator("table.people tbody tr")).to_have_count(5)
    album.takes("console-people.png")
    with site.elsewhere() as there:
        there.goto(link)
        there.get_by_role("button", name="Activate my account").click()
        takes_over(site, Person(site, "tim@example.com", THEIRS))
    # 2. Find.
    box = page.get_by_role("searchbox")
    box.fill("tim")
    box.press("Enter")
    expect(page.locator("table.people tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Tim Okafor").click()
    site.shows("Tim Okafor")
    # 3. Lock, unlock, block; 4. the receipt.
    me.follows("Lock")
    page.get_by_label("Reason").select_option("request")
    page.get_by_label("Note").fill("Lost a laptop; calls on Monday.")
    me.presses("Lock")
    me.receives("Sign-in locked", "Ada Winter", "Tim Okafor", "On request")
    album.takes("console-person.png")
    page.get_by_role("main").get_by_role("link", name="Unlock").click()
    me.presses("Unlock")
    me.receives("Sign-in allowed again", "Ada Winter")
    me.does("Block")
    me.receives("Blocked", "Sessions ended", "1")
    # 5. Who did it?
    me.opens_the_tab(says("History"))
    expect(page.locator("table.history tbody tr")).to_have_count(10)
    album.takes("console-history.png", height=1100)
    page.get_by_role("link", name="Blocked", exact=True).first.click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Blocked")
    entry = page.get_by_role("region", name="Blocked").inner_text()
    assert "Ada Winter" in entry and "Tim Okafor" in entry, entry
    sealed = page.get_by_role("heading", name="The entry as it was sealed")
    expect(sealed).to_be_visible()
    # 6. Is the history true?
    me.goes_to("Ledger")
    me.does("Verify now")
    expect(page.get_by_text("Intact")).to_be_visible()
    assert says("Intact")
    # 7. Delete, with what the ledger keeps of them personally.
    me.goes_to("People")
    page.get_by_role("link", name="Tim Okafor").click()
    me.follows("Delete")
    page.get_by_label(says("Erase at once what the ledger keeps of them personally")).check()
    page.get_by_label("I know that this cannot be undone.").check()
    me.presses("Delete")
    me.receives("Deleted", "Personal data in the ledger is erased", "at once")
    me.goes_to("History")
    assert "Tim Okafor" not in page.content() and "tim@" not in page.content()
    assert operator.runs("audit-verify")["verdict"] == "intact"
    album.is_fresh()


visited(story)
