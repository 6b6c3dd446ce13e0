"""Codes that arrive by mail: an account is made, its address verified and changed, a password forgotten.

Usage: as pages.py; nobody has an account yet, and the test that starts this hands mails over.
"""

from playwright.sync_api import expect

from acting import Person, code_in, next_mail
from looking import visited

NEW = "bob@example.com"


def makes_an_account(site, person):
    page = site.page
    site.go("/ui/login")
    page.get_by_role("link", name="Create an account").click()
    site.shows("Create your account")
    site.look("registration")
    page.get_by_label("Email").fill("no address")
    page.get_by_role("button", name="Create account").click()
    site.look("registration-wrong")
    page.get_by_label("Email").fill(person.email)
    page.get_by_text("More details").click()
    page.get_by_label("Given name").fill("Ada")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("New password")).to_be_visible()
    site.look("registration-password")
    page.get_by_label("New password").fill(person.email)
    page.keyboard.press("Enter")
    expect(page.get_by_text("too similar")).to_be_visible()
    page.get_by_label("New password").fill(person.password)
    page.keyboard.press("Enter")
    site.look("registration-done")
    print(page.url, page.locator("main").inner_text())


def verifies_the_address(site, person):
    page = site.page
    mail = next_mail()
    print(mail)
    print(code_in(mail))


def story(site, email, password):
    person = Person(site, email, password)
    makes_an_account(site, person)
    verifies_the_address(site, person)
    raise SystemExit(1)


visited(story)
