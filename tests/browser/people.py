"""The first administrator comes from an action, opens the console, and looks after people there.

Usage: as pages.py; nobody has an account yet.
"""

from acting import Operator, Person
from looking import visited
from playwright.sync_api import expect

OTHER = "a lantern on the stairs"


class Account(Person):
    """Somebody with an authenticator app beside the password."""

    def takes_over(self):
        """Chooses a password and sets the app up, once a code or a link has let them in."""
        self.site.is_at("/ui/reset_password")
        self.site.page.get_by_label("New password").fill(self.password)
        self.site.page.keyboard.press("Enter")
        self.app = self.must_set_an_app_up()

    def signs_in_with_both(self):
        self.signs_in()
        self.types_a_code(self.app.code())
        self.site.is_at("/ui/welcome")


def comes_to_the_console(site, operator, email, password):
    made = operator.runs("create-admin-account", username="ada", email=email)
    admin = Account(site, email, password)
    site.page.goto(made["recovery-link"])
    site.page.get_by_label("Recovery code").fill(made["recovery-code"])
    site.page.keyboard.press("Enter")
    admin.takes_over()
    admin.signs_out()
    admin.signs_in_with_both()
    site.go("/console")
    site.shows("Overview")
    site.look("console-first")


def invites(site, email):
    page = site.page
    site.go("/console/people")
    page.get_by_role("main").get_by_role("link", name="Invite").first.click()
    site.shows("Invite")
    page.get_by_label("Mail address").fill("not an address")
    # The browser would refuse it before the service does.
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("This is not an email address.")).to_be_visible()
    site.look("console-invite")
    page.get_by_label("Mail address").fill(email)
    page.get_by_role("button", name="Invite").click()
    site.shows("Invited")
    link = page.locator("code.secret").inner_text()
    site.look("console-invited")
    page.get_by_role("link", name="Done").click()
    expect(page.locator(".person .mark.invited")).to_have_text("Invited")
    assert link not in page.content(), "the link is shown once"
    return link


def searches(site, words, names):
    site.go("/console/people")
    box = site.page.get_by_role("searchbox")
    box.fill(words)
    box.press("Enter")
    rows = site.page.locator("table.people tbody tr")
    expect(rows).to_have_count(len(names))
    for name in names:
        expect(rows.filter(has_text=name)).to_have_count(1)


def opens(site, words, name):
    searches(site, words, [name])
    site.page.locator("table.people").get_by_role("link", name=name).click()
    expect(site.page.locator(".person")).to_contain_text(name)


def changes(site, what, name, effects, note=""):
    """A change of status: its page, with what it will do; then its receipt."""
    page = site.page
    page.get_by_role("main").get_by_role("link", name=what, exact=True).click()
    expect(page.get_by_role("heading", level=2)).to_have_text(what)
    expect(page.locator(".effects li")).to_have_count(len(effects))
    for text in effects:
        expect(page.locator(".effects")).to_contain_text(text)
    if note:
        page.get_by_label("Note").fill(note)
        page.get_by_label("Reason").select_option("offboarding")
    site.look(f"console-{name}")
    page.get_by_role("button", name=what, exact=True).click()


def receives(site, what, *told):
    receipt = site.page.locator(".receipt")
    expect(receipt.get_by_role("heading")).to_have_text(what)
    for text in ["Ledger entry", "ada", *told]:
        expect(receipt).to_contain_text(text)


def is_locked_and_blocked(site, person, theirs):
    """`theirs` is the browser in which they are signed in."""
    page = site.page

    def whoami():
        return theirs.request.get(site.base + "/sessions/whoami").status

    opens(site, person.email, person.email)
    expect(page.locator(".person .mark.active")).to_have_text("Active")
    changes(site, "Lock", "lock", [], "on leave until spring")
    receives(site, "Sign-in locked")
    expect(page.locator(".card")).to_contain_text(["on leave until spring", "Live sessions"])
    site.look("console-locked")
    assert whoami() == 200, "a lock leaves sessions alone"
    with site.elsewhere() as there:
        person.signs_in()
        expect(there.get_by_role("alert")).to_contain_text("not right")
    page.get_by_role("main").get_by_role("link", name="Unlock").click()
    page.get_by_role("button", name="Unlock").click()
    receives(site, "Sign-in allowed again")
    told = ["1 live session ends", "0 recovery codes", "they have begun", "0 connected applications"]
    changes(site, "Block", "block", told)
    receives(site, "Blocked", "Sessions ended")
    site.look("console-blocked")
    assert whoami() == 401, "a block ends sessions"
    changes(site, "Unblock", "unblock", [])
    receives(site, "No longer blocked")
    assert whoami() == 401, "what was ended stays ended"
    page.locator("nav.tabs").get_by_role("link", name="History").click()
    events = page.locator("table.history th[scope=row] a")
    # The same words as those of the receipts.
    told = ["No longer blocked", "Blocked", "Sign-in allowed again", "Sign-in locked"]
    told.append("Account activated")
    seen = [text for text in events.all_inner_texts() if text in told]
    assert seen == told, seen
    site.look("console-person-changes")
    with site.elsewhere():
        person.signs_in_with_both()


def are_locked_together(site, names):
    page = site.page
    searches(site, "example.org", names)
    for name in names:
        page.get_by_role("checkbox", name=name).check()
    site.look("console-checked")
    page.get_by_label("With the checked:").select_option("lock")
    page.get_by_role("button", name="Preview", exact=True).click()
    site.shows("Lock")
    expect(page.locator(".effects li").first).to_have_text(f"{len(names)} people are changed")
    expect(page.locator(".names li")).to_have_count(len(names))
    site.look("console-preview")
    page.get_by_role("button", name=f"Lock ({len(names)})").click()
    site.is_at("/console/people")
    expect(page.locator(".receipt")).to_contain_text("Ledger entry")
    site.look("console-done")
    searches(site, "status:locked", names)


def is_deleted(site, person):
    page = site.page
    opens(site, person.email, person.email)
    their_page = page.url.removeprefix(site.base)
    page.get_by_role("main").get_by_role("link", name="Delete").click()
    expect(page.locator(".effects")).to_contain_text("1 live session ends")
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Tick the box if you mean it.")).to_be_visible()
    site.look("console-delete")
    page.get_by_label("I know that this cannot be undone.").check()
    page.get_by_role("button", name="Delete").click()
    site.is_at("/console/people")
    receives(site, "Deleted")
    site.look("console-deleted")
    site.go(their_page)
    site.shows("Nobody is here")
    site.look("console-gone")
    page.get_by_role("link", name="Their history").click()
    site.shows("History")
    expect(page.locator("main")).to_contain_text("Deleted")
    searches(site, person.email, [])
    expect(page.get_by_text("Nobody fits this search.")).to_be_visible()
    site.look("console-nobody")


def story(site, email, password):
    operator = Operator(site.base)
    comes_to_the_console(site, operator, email, password)
    bob = Account(site, "bob@example.com", OTHER)
    link = invites(site, bob.email)
    searches(site, "bob", [bob.email])
    searches(site, "status:invited", [bob.email])
    with site.elsewhere() as there:
        there.goto(link)
        there.get_by_role("button", name="Activate my account").click()
        bob.takes_over()
        theirs = site.context
    is_locked_and_blocked(site, bob, theirs)
    together = ["carla@example.org", "dan@example.org"]
    for one in together:
        operator.makes(one, OTHER)
    are_locked_together(site, together)
    is_deleted(site, bob)
    assert operator.runs("audit-verify")["verdict"] == "intact"


visited(story)
