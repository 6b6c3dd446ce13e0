"""The whole story of an administrator, from an empty store: an account by action, its code, a password,
a second factor, both of them used, the second one reset, and the account blocked.

Usage: as pages.py; nobody has an account yet.
"""

from playwright.sync_api import expect

from acting import Operator, Person
from looking import visited


def is_let_in_by_a_code(site, operator, person):
    page = site.page
    made = operator.runs("create-admin-account", username="ada", email=person.email)
    assert made["recovery-link"].startswith(site.base), made
    page.goto(made["recovery-link"])
    site.look("story-1-code")
    page.get_by_label("Recovery code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("not right")).to_be_visible()
    site.look("story-1-code-wrong")
    page.get_by_label("Recovery code").fill(made["recovery-code"])
    page.keyboard.press("Enter")
    site.is_at("/ui/reset_password")


def chooses_a_password(site, person):
    page = site.page
    site.shows("Choose a new password")
    expect(page.get_by_label("New password")).to_be_focused()
    site.look("story-2-password")
    page.get_by_label("New password").fill("ada")
    page.keyboard.press("Enter")
    expect(page.get_by_label("New password")).to_be_focused()
    site.look("story-2-password-wrong")
    page.get_by_label("New password").fill(person.password)
    page.keyboard.press("Enter")


def sets_an_app_up(site, person, name):
    site.is_at("/ui/setup_secure")
    site.shows("Secure your account")
    site.look(name)
    return person.must_set_an_app_up()


def signs_in_with_both(site, person, app):
    person.signs_in()
    site.shows("Verify your identity")
    site.look("story-4-second")
    person.types_a_code(app.code())
    site.is_at("/ui/welcome")
    assert who(site)["authenticator_assurance_level"] == "aal2"
    site.look("story-5-welcome")


def who(site, status=200):
    answer = site.context.request.get(site.base + "/sessions/whoami")
    assert answer.status == status, answer.text()
    return answer.json()


def is_asked_to_set_one_up_again(site, operator, person):
    operator.runs("reset-identity-mfa", email=person.email, mfa_type="totp")
    person.leaves()
    site.shows("Sign in")
    site.look("story-6-sign-in")
    person.signs_in()
    sets_an_app_up(site, person, "story-7-once-more")


def is_blocked(site, operator, person):
    page = site.page
    who(site)
    operator.runs("block-identity", email=person.email, reason="offboarding")
    who(site, 401)
    page.reload()
    site.shows("Sign in")
    person.signs_in()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    site.look("story-8-blocked")


def story(site, email, password):
    operator = Operator(site.base)
    person = Person(site, email, password)
    is_let_in_by_a_code(site, operator, person)
    chooses_a_password(site, person)
    app = sets_an_app_up(site, person, "story-3-app")
    expect(site.page.get_by_role("status")).to_have_text("Your changes are saved.")
    person.signs_out()
    signs_in_with_both(site, person, app)
    is_asked_to_set_one_up_again(site, operator, person)
    site.go("/ui/welcome")
    is_blocked(site, operator, person)
    assert operator.runs("audit-verify")["verdict"] == "intact"


visited(story)
