"""Codes that arrive by mail: an account is made, its address verified and changed, a password forgotten.

Usage: as pages.py; nobody has an account yet, and the test that starts this hands mails over.
"""

import re

from playwright.sync_api import expect

from acting import Person, code_in, next_mail
from looking import visited

NEW = "bob@example.com"
LAST = "carla@example.com"


def makes_an_account(site, person):
    page = site.page
    site.go("/ui/login")
    page.get_by_role("link", name="Create an account").click()
    site.shows("Create your account")
    site.look("registration")
    page.get_by_label("Email").fill(person.email)
    page.get_by_text("More details").click()
    site.look("registration-more")
    page.get_by_label("Given name").fill("Ada")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("New password")).to_be_visible()
    expect(page.get_by_label("New password")).to_be_focused()
    site.look("registration-password")
    page.get_by_label("New password").fill(person.email)
    page.keyboard.press("Enter")
    expect(page.get_by_text("too similar")).to_be_visible()
    site.look("registration-password-wrong")
    page.get_by_label("New password").fill(person.password)
    page.keyboard.press("Enter")


def verifies(site, address):
    """Types the code that was sent there."""
    page = site.page
    site.is_at("/ui/verification")
    site.shows("Check your email")
    mail = next_mail()
    assert address in mail["to"], mail
    page.get_by_label("Verification code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("not right")).to_be_visible()
    site.look("verification-wrong")
    page.get_by_label("Verification code").fill(code_in(mail))
    page.keyboard.press("Enter")
    site.shows("Address confirmed")
    site.look("verification-done")
    page.get_by_role("link", name="Continue").click()
    site.is_at("/ui/welcome")


def changes_the_address(site):
    page = site.page
    site.go("/ui/settings")
    profile = page.get_by_role("region", name="Profile")
    expect(profile.get_by_label("Given name")).to_have_value("Ada")
    site.look("settings-profile")
    profile.get_by_label("Email").fill(NEW)
    profile.get_by_role("button", name="Save").click()
    verifies(site, NEW)


def verifies_by_the_link(site, address):
    """The mail is read where nobody is signed in, long after the page was closed that asks for the code."""
    page = site.page
    site.go("/ui/settings")
    profile = page.get_by_role("region", name="Profile")
    profile.get_by_label("Email").fill(address)
    profile.get_by_role("button", name="Save").click()
    site.is_at("/ui/verification")
    mail = next_mail()
    (link,) = re.findall(r"^http\S+$", mail["text"], re.MULTILINE)
    with site.elsewhere():
        there = site.page
        there.goto(link)
        site.shows("Confirm your address")
        expect(there.get_by_text("on its way")).to_have_count(0)
        expect(there.get_by_label("Verification code")).to_have_value(code_in(mail))
        site.look("verification-link")
        there.get_by_role("button", name="Continue").click()
        site.shows("Address confirmed")
        assert there.request.get(site.base + "/sessions/whoami").status == 401, "it lets nobody in"
    site.go("/ui/accounts")
    expect(page.get_by_text(f"{address} - confirmed")).to_be_visible()


def forgets_the_password(site, person):
    page = site.page
    site.go("/ui/login")
    person.types_who()
    page.get_by_role("link", name="Forgot your password?").click()
    site.shows("Recover your account")
    site.look("recovery")
    page.get_by_label("Email").fill(person.email)
    page.keyboard.press("Enter")
    site.shows("Enter the code")
    site.look("recovery-code")
    page.get_by_label("Recovery code").fill(code_in(next_mail()))
    page.keyboard.press("Enter")
    site.is_at("/ui/reset_password")
    person.password = "a house that is correct as well"
    page.get_by_label("New password").fill(person.password)
    page.keyboard.press("Enter")
    site.is_at("/ui/settings")


def story(site, email, password):
    person = Person(site, email, password)
    makes_an_account(site, person)
    verifies(site, email)
    # They need not sign in to what they have just made.
    changes_the_address(site)
    verifies_by_the_link(site, LAST)
    person.signs_out()
    person.email = LAST
    forgets_the_password(site, person)
    person.signs_out()
    person.signs_in()
    site.is_at("/ui/welcome")


visited(story)
