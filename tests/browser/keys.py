"""Security keys and passkeys: registered, used to sign in, removed. Chromium plays the keys.

Usage: as pages.py
"""

from playwright.sync_api import expect

from acting import Key, Person
from looking import visited


def part(site, name):
    """A section of the settings."""
    return site.page.get_by_role("region", name=name)


def saved(site):
    expect(site.page.get_by_role("status")).to_have_text("Your changes are saved.")


def adds_a_key(site, key, name):
    here = part(site, "Security keys")
    here.get_by_label("Name of the security key").fill(name)
    here.get_by_role("button", name="Add security key").click()
    saved(site)
    expect(part(site, "Security keys")).to_contain_text(f"Remove security key {name}")
    assert len(key.holds()) == 1


def signs_in_with_the_key(site, person, key):
    page = site.page
    person.signs_in()
    site.shows("Verify your identity")
    site.look("second-key")
    page.get_by_role("button", name="Use a security key").click()
    site.is_at("/ui/welcome")
    assert key.holds()[0]["signCount"] >= 2


def is_told_that_nothing_came_of_it(site, person):
    """The key is not at hand: the browser gives up, and the page says so."""
    page = site.page
    person.signs_in()
    stranger = Key(site)
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("alert")).to_contain_text("did not finish")
    site.look("second-key-missing")
    stranger.goes()


def removes(site, kind, name=""):
    heading = {"security key": "Security keys", "passkey": "Passkeys"}[kind]
    button = f"Remove {kind} {name}".strip()
    part(site, heading).get_by_text(button).first.click()
    site.look(f"settings-remove-{kind.replace(' ', '-')}")
    part(site, heading).get_by_role("button", name=button).click()
    saved(site)
    expect(part(site, heading).get_by_text("Remove")).to_have_count(0)


def with_a_security_key(site, person):
    key = Key(site)
    site.go("/ui/settings")
    adds_a_key(site, key, "Blue <one>")
    site.look("settings-key")
    person.signs_out()
    signs_in_with_the_key(site, person, key)
    person.signs_out()
    key_credentials = key.holds()
    key.goes()
    is_told_that_nothing_came_of_it(site, person)
    key = Key(site)
    key.takes(key_credentials[0])
    site.page.get_by_role("button", name="Use a security key").click()
    site.is_at("/ui/welcome")
    site.go("/ui/settings")
    removes(site, "security key", "Blue <one>")
    key.goes()


def with_a_passkey(site, person):
    page = site.page
    device = Key.with_passkeys(site)
    site.go("/ui/settings")
    part(site, "Passkeys").get_by_role("button", name="Add passkey").click()
    saved(site)
    site.look("settings-passkey")
    # The page of signing in asks for a passkey at once, and the browser offers it in the field.
    person.leaves()
    site.is_at("/ui/welcome")
    device.is_touched(False)
    person.signs_out()
    site.look("login-passkey")
    device.is_touched(True)
    device.asks_whoever_holds_it(False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("did not finish")
    device.asks_whoever_holds_it(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    site.is_at("/ui/welcome")
    site.go("/ui/settings")
    removes(site, "passkey")
    # The device still has it, but it leads nowhere any more. It is offered, and chosen, each time
    # the page is shown.
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        person.leaves()
    device.is_touched(False)
    expect(page.get_by_role("alert").first).to_contain_text("No account was found")
    site.go("/ui/login")
    person.types_who()
    person.types_the_password()
    site.is_at("/ui/welcome")
    device.goes()


def story(site, email, password):
    person = Person(site, email, password)
    person.signs_in()
    site.is_at("/ui/welcome")
    with_a_security_key(site, person)
    with_a_passkey(site, person)


visited(story)
