"""Somebody is invited, looks at the link, and takes the account over when they are ready.

Usage: as pages.py; nobody has an account yet.
"""

from playwright.sync_api import expect

from acting import Operator, Person
from looking import visited


def story(site, email, password):
    page = site.page
    operator = Operator(site.base)
    person = Person(site, email, password)
    invited = operator.runs("invite-identity", email=email)
    assert invited["delivery"] == "manual", invited
    link = invited["activation-link"]
    # What scanners of mail do to it.
    for _ in range(2):
        page.goto(link)
        site.shows("Activate your account")
        expect(page.get_by_role("main")).to_contain_text(email)
    assert operator.runs("get-identity", email=email)["status"] == "invited"
    site.look("activation")
    page.get_by_role("button", name="Activate my account").click()
    site.is_at("/ui/reset_password")
    assert operator.runs("get-identity", email=email)["status"] == "active"
    site.look("activation-password")
    page.get_by_label("New password").fill(password)
    page.keyboard.press("Enter")
    site.is_at("/ui/settings")
    person.signs_out()
    page.goto(link)
    site.shows("This link works no more")
    expect(page.get_by_role("main")).to_contain_text("This link works no more")
    site.look("activation-dead")
    person.signs_in()
    site.is_at("/ui/welcome")


visited(story)
