"""Everything the console shows of a person, and that what people write about themselves stays text.

Usage: as pages.py
"""

import json

from acting import Operator, Person, comes_to_the_console
from looking import visited
from playwright.sync_api import expect

AGENT = "<script>alert('agent')</script>"
NAME = "<img src=x onerror=alert('name')> Mallory"
NICK = "</pre><script>alert('nick')</script>"
NOTE = "</bdi></dd><script>alert('note')</script>"
PASSWORD = "a bridge over no water"


def sits_for_a_picture(site, operator, email):
    page = site.page
    operator.runs("update-identity", email=email, traits=json.dumps({"name": "Ada Winter"}))
    for address, name in [("jonas", "Jonas Feldmann"), ("ines", "Inês Rocha"), ("mara", "Mara Lind")]:
        operator.makes(f"{address}@example.com", PASSWORD, name=name)
    operator.runs("create-role", role="editor", name="Editor")
    operator.runs("set-roles", email="mara@example.com", roles="editor")
    operator.runs("invite-identity", email="tim@example.com", schema_id="social_user_v0")
    site.go("/console/people")
    page.get_by_role("link", name="Jonas Feldmann").click()
    page.get_by_role("main").get_by_role("link", name="Lock", exact=True).click()
    page.get_by_label("Reason").select_option("request")
    page.get_by_label("Note").fill("Lost a laptop; calls on Monday.")
    page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.locator(".receipt")).to_contain_text("Ada Winter")
    page.locator("nav.tabs").get_by_role("link", name="Overview").click()
    site.look("console-person")
    site.go("/console/people")
    expect(page.locator("table.people tbody tr")).to_have_count(5)
    site.look("console-people")


def attacks(site, operator):
    """Somebody whose traits, browser and note are all scripts."""
    email = "mallory@example.com"
    operator.makes(email, PASSWORD, name=NAME, nickname=NICK)
    with site.elsewhere(user_agent=AGENT):
        Person(site, email, PASSWORD).signs_in()
        site.is_at("/ui/setup_secure")
    operator.runs("lock-identity", email=email, note=NOTE)


def is_only_text(site):
    """Nothing that somebody wrote has become a part of the page, and nothing of it ran."""
    page = site.page
    assert page.locator("main img, main script").count() == 0, page.url
    assert not site.complaints, site.complaints


def is_looked_at(site, email):
    page = site.page
    site.go("/console/people?q=mallory")
    expect(page.locator("table.people")).to_contain_text(NAME)
    is_only_text(site)
    site.look("console-strange-list")
    page.get_by_role("link", name="Mallory").click()
    site.shows(NAME)
    expect(page.get_by_role("main")).to_contain_text(NOTE)
    is_only_text(site)
    site.look("console-strange-overview")
    for tab, text in [
        ("Accounts", email),
        ("Sessions", "aal1"),
        ("Credentials", "Password"),
        ("Applications", "No applications"),
        ("Inspect", NICK),
    ]:
        page.locator("nav.tabs").get_by_role("link", name=tab).click()
        expect(page.locator("nav.tabs [aria-current]")).to_have_text(tab)
        expect(page.get_by_role("main")).to_contain_text(text)
        is_only_text(site)
        site.look(f"console-strange-{tab.lower()}")
    page.locator("nav.tabs").get_by_role("link", name="Sessions").click()
    page.get_by_role("main").get_by_role("link", name="End", exact=False).last.click()
    is_only_text(site)
    site.look("console-strange-end")
    page.locator("nav.tabs").get_by_role("link", name="Overview").click()
    page.get_by_role("main").get_by_role("link", name="Authorities").click()
    site.look("console-strange-authorities")
    page.get_by_label("Developer").check()
    page.get_by_role("button", name="Authorities").click()
    expect(page.locator(".receipt")).to_contain_text("Authorities granted")
    page.get_by_role("main").get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value(NAME)
    expect(page.get_by_label("Nickname")).to_have_value(NICK)
    is_only_text(site)
    site.look("console-strange-edit")
    page.get_by_label("Nickname").fill(NICK + "!")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".receipt")).to_contain_text("Details changed")
    is_only_text(site)
    page.locator("nav.tabs").get_by_role("link", name="Credentials").click()
    page.get_by_role("link", name="Recovery code").click()
    page.get_by_role("button", name="Recovery code").click()
    expect(page.locator("code.secret")).to_have_count(2)
    is_only_text(site)


def story(site, email, password):
    operator = Operator(site.base)
    comes_to_the_console(site, operator, email, password)
    sits_for_a_picture(site, operator, email)
    attacks(site, operator)
    is_looked_at(site, "mallory@example.com")


visited(story)
