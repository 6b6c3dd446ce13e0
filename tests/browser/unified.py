"""Signing in with name and password on one page.

Usage: as pages.py
"""

from playwright.sync_api import expect

from acting import Person
from looking import visited


def story(site, email, password):
    page = site.page
    person = Person(site, email, password)
    site.go("/ui/login")
    site.look("login-unified")
    site.by_keyboard(["identifier", "password", "method"])
    page.get_by_label("Email or username").fill("Ada@Example.COM")
    page.get_by_label("Password").fill("not my password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    # The name stays, and the password has to be typed again.
    expect(page.get_by_label("Email or username")).to_have_value("Ada@Example.COM")
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Password")).to_be_focused()
    site.look("login-unified-wrong")
    person.types_the_password()
    site.is_at("/ui/welcome")
    person.signs_out()


visited(story)
