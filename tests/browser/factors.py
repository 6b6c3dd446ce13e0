"""An authenticator app and backup codes: set up, used to sign in, given up.

Usage: as pages.py
"""

from playwright.sync_api import expect

from acting import Person
from looking import visited


def part(site, name):
    """A section of the settings."""
    return site.page.get_by_role("region", name=name)


def sets_an_app_up(site, person):
    """Gives the app."""
    page = site.page
    site.go("/ui/settings")
    app_part = part(site, "Authenticator app")
    expect(app_part.get_by_role("img", name="QR code")).to_be_visible()
    app = person.reads_the_secret()
    site.look("settings-secret")
    app_part.get_by_label("Code", exact=True).fill("000000")
    page.keyboard.press("Enter")
    expect(app_part.get_by_text("not right")).to_be_visible()
    expect(app_part.get_by_label("Code", exact=True)).to_be_focused()
    site.look("settings-wrong-code")
    app_part.get_by_label("Code", exact=True).fill(app.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your changes are saved.")
    expect(part(site, "Authenticator app")).to_contain_text("Set up")
    site.look("settings-app")
    return app


def takes_backup_codes(site):
    """Gives the codes."""
    page = site.page
    codes_part = part(site, "Backup codes")
    codes_part.get_by_role("button", name="Create new backup codes").click()
    codes = codes_part.get_by_role("listitem")
    expect(codes).to_have_count(12)
    site.look("settings-codes")
    shown = codes.all_inner_texts()
    assert len(set(shown)) == 12, shown
    codes_part.get_by_role("button", name="I have stored these codes").click()
    expect(page.get_by_role("status")).to_have_text("Your changes are saved.")
    expect(part(site, "Backup codes")).to_contain_text("Set up")
    expect(page.get_by_text(shown[0])).to_have_count(0)
    return shown


def signs_in_with_both(site, person, app):
    page = site.page
    person.signs_in()
    site.shows("Verify your identity")
    site.look("second-app")
    for path in ["/ui/welcome", "/ui/sessions", "/ui/activity", "/ui/settings"]:
        site.go(path)
        site.shows("Verify your identity")
    person.types_a_code("123")
    expect(page.get_by_text("not right")).to_be_visible()
    site.look("second-app-wrong")
    person.types_a_code(app.code())
    # Where they were going before the second factor was asked for.
    site.is_at("/ui/settings")


def signs_in_with_a_backup_code(site, person, codes):
    page = site.page
    person.signs_in()
    page.get_by_role("link", name="Use a backup code instead").click()
    site.look("second-code")
    page.get_by_label("Backup").fill("no code of mine")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This backup code is not right.")).to_be_visible()
    expect(page.get_by_label("Backup")).to_be_visible()
    # As people type them from paper.
    page.get_by_label("Backup").fill(codes[4].upper().replace("-", " "))
    page.keyboard.press("Enter")
    site.is_at("/ui/welcome")
    person.signs_out()
    person.signs_in()
    page.get_by_role("link", name="Use a backup code instead").click()
    page.get_by_label("Backup").fill(codes[4])
    page.keyboard.press("Enter")
    expect(page.get_by_text("This backup code was used already.")).to_be_visible()
    site.look("second-code-used")
    page.get_by_label("Backup").fill(codes[5])
    page.keyboard.press("Enter")
    site.is_at("/ui/welcome")


def sees_which_codes_are_used(site):
    site.go("/ui/settings")
    codes_part = part(site, "Backup codes")
    codes_part.get_by_role("button", name="Show backup codes").click()
    codes = part(site, "Backup codes").get_by_role("listitem")
    expect(codes).to_have_count(12)
    assert sum("Used on" in text for text in codes.all_inner_texts()) == 2
    site.look("settings-codes-used")


def gives_both_up(site, person):
    page = site.page
    site.go("/ui/settings")
    for name, button in [
        ("Backup codes", "Remove backup codes"),
        ("Authenticator app", "Remove authenticator app"),
    ]:
        here = part(site, name)
        # It asks once more.
        expect(here.get_by_role("button", name=button)).to_be_hidden()
        here.get_by_text(button).first.click()
        if name == "Authenticator app":
            site.look("settings-remove")
        here.get_by_role("button", name=button).click()
        expect(page.get_by_role("status")).to_have_text("Your changes are saved.")
        expect(part(site, name)).not_to_contain_text("Set up")
    expect(part(site, "Authenticator app").get_by_role("img", name="QR code")).to_be_visible()
    person.signs_out()
    person.signs_in()
    site.is_at("/ui/welcome")


def story(site, email, password):
    person = Person(site, email, password)
    person.signs_in()
    site.is_at("/ui/welcome")
    app = sets_an_app_up(site, person)
    codes = takes_backup_codes(site)
    person.signs_out()
    signs_in_with_both(site, person, app)
    person.signs_out()
    signs_in_with_a_backup_code(site, person, codes)
    sees_which_codes_are_used(site)
    gives_both_up(site, person)


visited(story)
