"""The terms of service: whoever has not accepted them gets nothing else, and signs out by a no.

Usage: as pages.py; terms are in force
"""

from acting import Operator, Person
from looking import visited
from playwright.sync_api import expect

OTHER = "root@example.com"
PASSWORD = "a lantern on the stairs"
# What a person who is signed in gets to see.
OWN = ["/ui/welcome", "/ui/settings", "/ui/accounts", "/ui/sessions", "/ui/activity"]


def whoami(site, status):
    answer = site.context.request.get(site.base + "/sessions/whoami")
    assert answer.status == status, answer.text()


def is_asked(site):
    site.is_at("/ui/terms")
    site.shows("Terms of service")
    link = site.page.get_by_role("link", name="Read the terms of service (version 2026-05)")
    expect(link).to_have_attribute("href", "https://example.com/terms")
    whoami(site, 403)


def does_not_accept(site, person):
    page = site.page
    site.go("/ui/sessions")
    person.types_who()
    person.types_the_password()
    is_asked(site)
    site.look("terms")
    site.by_keyboard(["Read the terms of service (version 2026-05)", "terms", "Sign out"])
    page.get_by_role("link", name="Deutsch").click()
    site.shows("Nutzungs\u00adbedingungen")
    site.look("terms-german")
    page.get_by_role("link", name="English").click()
    for path in OWN:
        site.go(path)
        is_asked(site)
    site.go("/ui/sessions")
    page.get_by_role("button", name="I do not accept them").click()
    site.is_at("/ui/terms/rejected")
    site.shows("You are signed out")
    site.look("terms-rejected")
    whoami(site, 401)


def accepts_after_all(site, person):
    page = site.page
    page.get_by_role("link", name="Sign in again").click()
    person.types_who()
    person.types_the_password()
    is_asked(site)
    page.get_by_role("button", name="I accept the terms of service").click()
    # Where they were going at the very first.
    site.is_at("/ui/sessions")
    whoami(site, 200)
    for path in OWN:
        site.go(path)
        site.is_at(path)
    expect(page.get_by_text("Terms of service accepted")).to_be_visible()
    person.signs_out()
    person.signs_in()
    site.is_at("/ui/welcome")


def is_asked_again_without_a_script(site, person):
    Operator(site.base).runs("reset-terms", email=person.email)
    site.page.reload()
    is_asked(site)
    site.fresh(java_script_enabled=False)
    page = site.page
    site.go("/ui/activity")
    page.get_by_label("Email or username").fill(person.email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    is_asked(site)
    page.get_by_role("button", name="I accept the terms of service").click()
    site.is_at("/ui/activity")


def is_looked_after(site, person):
    """By an administrator, who is asked as everybody is, and sees who answered what."""
    operator = Operator(site.base)
    operator.makes(OTHER, PASSWORD)
    operator.runs("set-authorities", email=OTHER, authorities="ROLE_ADMINISTRATOR")
    site.fresh()
    page = site.page
    admin = Person(site, OTHER, PASSWORD)
    admin.signs_in()
    is_asked(site)
    page.get_by_role("button", name="I accept the terms of service").click()
    site.is_at("/ui/welcome")
    site.go("/ui/settings")
    app = admin.reads_the_secret()
    page.get_by_label("Code", exact=True).fill(app.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your changes are saved.")
    site.go(f"/console/people?q={person.email}")
    page.locator("table.people").get_by_role("link", name=person.email).first.click()
    row = page.locator("dl.facts div").filter(has_text="Terms of service")
    expect(row).to_contain_text("Accepted")
    expect(row).to_contain_text("version 2026-05")
    site.look("console-terms")
    row.get_by_role("link", name="Reset").click()
    expect(page.get_by_role("main")).to_contain_text("live sessions ask for an answer")
    site.look("console-terms-reset")
    page.get_by_role("button", name="Reset terms of service").click()
    expect(page.locator(".receipt")).to_contain_text("Terms of service reset")
    expect(row).to_contain_text("Not answered")
    # Administrators are asked with their next request as well.
    operator.runs("reset-terms", email=OTHER)
    site.go("/console/people")
    is_asked(site)
    page.get_by_role("button", name="I accept the terms of service").click()
    site.is_at("/console/people")


def story(site, email, password):
    person = Person(site, email, password)
    does_not_accept(site, person)
    accepts_after_all(site, person)
    is_asked_again_without_a_script(site, person)
    is_looked_after(site, person)


visited(story)
