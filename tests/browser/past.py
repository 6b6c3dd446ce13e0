"""The overview, the history and the ledger, as an administrator sees them.

Usage: as pages.py; a second factor is required of everybody.
"""

import datetime
import json
import pathlib

from playwright.sync_api import expect

from acting import Operator, Person
from looking import visited


def becomes_an_administrator(site, operator, person):
    site.go("/ui/sessions")
    person.types_who()
    person.types_the_password()
    app = person.must_set_an_app_up("/ui/sessions")
    operator.makes_an_administrator_of(person.email)
    person.signs_out()
    person.signs_in()
    person.types_a_code(app.code())
    site.is_at("/ui/welcome")


def sees_how_things_stand(site, operator):
    page = site.page
    for name in ["eve", "mallory", "trent"]:
        operator.runs(
            "create-identity", **{"schema-id": "social_user_v0", "traits.email": f"{name}@example.com"}
        )
    site.go("/console")
    site.shows("Overview")
    expect(page.get_by_role("region", name="Sign-ins")).to_be_visible()
    site.look("console-overview")
    page.get_by_text("As a table").click()
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    expect(page.get_by_role("row", name=today)).to_be_visible()


def reads_the_history(site, email):
    page = site.page
    page.get_by_role("link", name="History", exact=True).click()
    site.shows("History")
    site.look("console-history")
    page.get_by_label("Person").fill(email)
    page.get_by_label("Event").select_option("auth.login.success")
    page.get_by_role("button", name="Show").click()
    rows = page.get_by_role("rowheader")
    expect(rows.first).to_contain_text("Signed in")
    expect(page.get_by_role("cell", name="127.0.0.1").first).to_be_visible()
    site.look("console-history-filtered")
    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=2, name="The entry as it was sealed")).to_be_visible()
    site.look("console-history-entry")
    page.get_by_role("link", name="History", exact=True).first.click()
    page.get_by_label("Person").fill("nobody@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nobody signs in with this")


def reads_somebodys_history(site, operator, email):
    page = site.page
    shown = operator.runs("get-identity", email=email)
    site.go(f"/console/people/{shown['id']}/history")
    expect(page.get_by_role("rowheader").first).to_be_visible()
    site.look("console-person-history")


def looks_after_the_ledger(site):
    page = site.page
    page.get_by_role("link", name="Ledger", exact=True).first.click()
    site.shows("Ledger")
    page.get_by_role("link", name="Verify now").click()
    site.look("console-ledger-verify")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("Intact: nothing was altered.")).to_be_visible()
    page.wait_for_function("!document.querySelector('meta[http-equiv=refresh]')")
    site.look("console-ledger")
    page.get_by_role("link", name="Sign a checkpoint").click()
    page.get_by_role("button", name="Sign a checkpoint").click()
    site.is_at("/console/ledger")
    site.look("console-ledger-signed")
    page.get_by_role("link", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    lines = pathlib.Path(download.value.path()).read_text().splitlines()
    assert json.loads(lines[0])["type"] == "ledger.created", lines[0]
    site.look("console-ledger-export")
    site.go("/console/ledger/prune")
    page.get_by_label("Entries before (UTC)").fill("2999-01-01T00:00")
    page.get_by_role("button", name="Show what would go").click()
    expect(page.get_by_role("listitem").filter(has_text="entries go")).to_be_visible()
    site.look("console-ledger-prune")


def story(site, email, password):
    operator = Operator(site.base)
    person = Person(site, email, password)
    becomes_an_administrator(site, operator, person)
    sees_how_things_stand(site, operator)
    reads_the_history(site, email)
    reads_somebodys_history(site, operator, email)
    looks_after_the_ledger(site)
    assert operator.runs("audit-verify")["verdict"] == "intact"


visited(story)
