"""Somebody who signs in with a password and with two providers takes their connection to one of them away.

Usage: as pages.py; the test that starts this has connected google and github.
"""

from acting import Person
from looking import visited
from playwright.sync_api import expect


def story(site, email, password):
    person = Person(site, email, password)
    person.signs_in()
    site.is_at("/ui/welcome")
    page = site.page
    page.get_by_role("main").get_by_role("link", name="Accounts").click()
    site.shows("Accounts and connections")
    rows = page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(3)
    site.look("accounts-connected")
    site.by_keyboard(["account"])
    page.get_by_role("button", name="Disconnect google").click()
    site.is_at("/ui/accounts")
    expect(page.locator(".message.success")).to_be_visible()
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="google")).to_have_count(0)
    expect(rows.filter(has_text="github")).to_have_count(1)
    site.look("accounts-disconnected")
    # The message is for this once, and what happened stands in the person's own history.
    page.reload()
    expect(page.locator(".message.success")).to_have_count(0)
    site.go("/ui/activity")
    expect(page.get_by_role("main")).to_contain_text("disconnected")
    # They go on as they are: the other ways in are left.
    person.signs_out()
    person.signs_in()
    site.is_at("/ui/welcome")


visited(story)
