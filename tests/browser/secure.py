"""A second factor for everybody: whoever has none sets one up and gets nothing else before.

Usage: as pages.py
"""

from acting import Person
from looking import visited

# What a person who is signed in gets to see.
OWN = ["/ui/welcome", "/ui/settings", "/ui/accounts", "/ui/sessions", "/ui/activity"]


def story(site, email, password):
    page = site.page
    person = Person(site, email, password)
    site.go("/ui/sessions")
    person.types_who()
    person.types_the_password()
    site.is_at("/ui/setup_secure")
    site.shows("Secure your account")
    site.look("setup-secure")
    for path in OWN:
        site.go(path)
        site.is_at("/ui/setup_secure")
    answer = site.context.request.get(site.base + "/sessions/whoami")
    assert answer.status == 403, answer.text()
    # Backup codes alone are no second factor, nor is anything else to be changed here.
    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        "Authenticator app",
        "Security keys",
    ]
    app = person.reads_the_secret()
    page.get_by_label("Code", exact=True).fill(app.code())
    page.keyboard.press("Enter")
    site.is_at("/ui/activity")
    for path in OWN:
        site.go(path)
        site.is_at(path)
    person.signs_out()
    person.signs_in()
    site.shows("Verify your identity")
    person.types_a_code(app.code())
    site.is_at("/ui/welcome")


visited(story)
