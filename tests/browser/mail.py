"""An administrator looks after mail that does not go out: what waits, why, and what can be done.

Usage: as pages.py; the mail server is gone.
"""

from acting import Operator, comes_to_the_console
from looking import visited
from playwright.sync_api import expect


def story(site, email, password):
    operator = Operator(site.base)
    comes_to_the_console(site, operator, email, password)
    page = site.page
    for name in ["bob", "<img src=x onerror=alert(1)>carla"]:
        site.go("/console/people/invite")
        page.get_by_label("Mail address").fill(f"{name.split('>')[-1]}@example.com")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Invite").click()
        site.is_at(page.url.split("?")[0].removeprefix(site.base))
        expect(page.locator(".receipt")).to_contain_text("Invited")
    site.go("/console")
    expect(page.get_by_role("link", name="2 Mails waiting")).to_be_visible()
    page.get_by_role("link", name="2 Mails waiting").click()
    site.shows("Mail")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    site.look("console-mail")
    page.get_by_role("searchbox").fill("bob@example.com")
    page.get_by_role("searchbox").press("Enter")
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Invitation").click()
    site.shows("Invitation")
    assert "activation" not in page.content(), "the link is for bob"
    site.look("console-mail-one")
    page.get_by_role("link", name="Try again now").click()
    site.shows("Try again now")
    page.get_by_role("button", name="Try again now").click()
    expect(page.locator(".receipt")).to_contain_text("Message tried again")
    page.get_by_role("link", name="Give up").click()
    site.look("console-mail-give-up")
    page.get_by_role("button", name="Give up").click()
    expect(page.locator(".receipt")).to_contain_text("Message given up")
    expect(page.get_by_text("An administrator gave it up.")).to_be_visible()
    expect(page.get_by_role("link", name="Try again now")).to_have_count(0)
    site.look("console-mail-given-up")
    site.go("/console/mail?status=abandoned")
    expect(rows).to_have_count(1)


visited(story)
