"""What people do at their own account: sessions, a new password, languages, what happened.

Usage: as pages.py
"""

from playwright.sync_api import expect

from acting import Person, signed_in_long_ago
from looking import visited

NEW = "another horse, and correct as well"


class Elsewhere:
    """Another browser of the same person."""

    def __init__(self, site, email, password, agent):
        with site.elsewhere(user_agent=agent) as self.page:
            Person(site, email, password).signs_in()
            site.is_at("/ui/welcome")

    def is_signed_in(self, base):
        self.page.goto(base + "/ui/welcome")
        return self.page.get_by_role("heading", level=1).inner_text() == "Welcome"


def ends_sessions(site, email, password):
    page = site.page
    phone = Elsewhere(
        site,
        email,
        password,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    )
    desktop = Elsewhere(
        site,
        email,
        password,
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    )
    strange = Elsewhere(site, email, password, "<script>alert(1)</script>")
    site.go("/ui/sessions")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(4)
    site.look("sessions-many")
    page.get_by_role("button", name="End Safari on iPhone").click()
    expect(page.get_by_role("status")).to_have_text("That session has ended.")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(3)
    site.look("sessions-ended")
    assert not phone.is_signed_in(site.base)
    assert desktop.is_signed_in(site.base) and strange.is_signed_in(site.base)
    page.get_by_role("button", name="End all others").click()
    expect(page.get_by_role("status")).to_have_text("All other sessions have ended.")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(1)
    assert not desktop.is_signed_in(site.base) and not strange.is_signed_in(site.base)


def chooses_a_new_password(site, email, password):
    page = site.page
    site.go("/ui/settings")
    here = page.get_by_role("region", name="Password")
    for bad, told in [("short", "8 characters"), (email, "too similar"), (password, "differ")]:
        here.get_by_label("New password").fill(bad)
        page.keyboard.press("Enter")
        expect(here.get_by_text(told)).to_be_visible()
        expect(here.get_by_label("New password")).to_be_focused()
        expect(here.get_by_label("New password")).to_have_value("")
    site.look("settings-password-wrong")
    signed_in_long_ago()
    here.get_by_label("New password").fill(NEW)
    page.keyboard.press("Enter")
    # It is too long ago that they showed who they are.
    site.shows("Confirm that it is you")
    site.look("login-again")
    page.get_by_label("Password").fill("not my password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    site.is_at("/ui/settings")
    expect(here.get_by_role("status")).to_contain_text("Nothing has been saved yet")
    site.look("settings-once-more")
    here.get_by_label("New password").fill(NEW)
    page.keyboard.press("Enter")
    expect(here.get_by_role("status")).to_have_text("Your changes are saved.")
    site.look("settings-password-saved")


def reads_what_happened(site):
    page = site.page
    site.go("/ui/activity")
    entries = page.get_by_role("main").get_by_role("listitem")
    expect(entries.first).to_contain_text("Way to sign in changed")
    expect(page.get_by_role("main").get_by_text("Session ended").first).to_be_visible()
    expect(page.get_by_text("Did not work").first).to_be_visible()
    site.look("activity-many")


def reads_it_in(site, language, code, title):
    page = site.page
    page.get_by_role("link", name=language).click()
    expect(page.locator("html")).to_have_attribute("lang", code)
    site.shows(title)
    site.look(f"settings-{code}")


def story(site, email, password):
    person = Person(site, email, password)
    person.signs_in()
    site.is_at("/ui/welcome")
    ends_sessions(site, email, password)
    chooses_a_new_password(site, email, password)
    reads_what_happened(site)
    site.go("/ui/settings")
    reads_it_in(site, "Français", "fr", "Profil et sécurité")
    reads_it_in(site, "Español", "es", "Perfil y seguridad")
    reads_it_in(site, "English", "en", "Profile and security")
    person.signs_out()
    person.signs_in()
    expect(site.page.get_by_role("alert")).to_contain_text("not right")
    person.password = NEW
    person.types_the_password()
    site.is_at("/ui/welcome")


visited(story)
