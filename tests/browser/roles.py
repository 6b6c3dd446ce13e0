"""Roles, groups and attributes in the console, as an administrator uses them."""

from acting import Operator, comes_to_the_console
from looking import visited
from playwright.sync_api import expect


def fills(page, fields, button="Save"):
    for label, text in fields.items():
        page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("button", name=button).click()


def story(site, email, password):
    operator = Operator(site.base)
    bob = {"schema-id": "social_user_v0", "traits.email": "bob@example.com"}
    operator.runs("create-identity", **bob)
    comes_to_the_console(site, operator, email, password)
    site.go("/console/roles")
    site.shows("Roles")
    page = site.page
    site.look("console-roles-none")
    page.get_by_role("link", name="New role").click()
    site.shows("New role")
    fills(page, {"Word": "an editor", "Name": "Editor"})
    expect(page.get_by_text("Look at the length")).to_be_visible()
    site.look("console-role-wrong")
    fills(page, {"Word": "editor", "Permissions": "documents.read\ndocuments.write"})
    expect(page.get_by_role("heading", name="Role created")).to_be_visible()
    site.look("console-roles")

    site.go("/console/groups/new")
    page.get_by_label("Editor (editor)").check()
    fills(page, {"Word": "staff", "Name": "Everybody on the staff"})
    site.look("console-groups")

    page.get_by_role("link", name="Add people staff").click()
    page.get_by_label("Who").fill(f"{email}\nnobody@example.com")
    page.get_by_role("button", name="Add people").click()
    expect(page.get_by_text("these are nobody here: nobody@example.com")).to_be_visible()
    site.look("console-members-wrong")
    page.get_by_label("Who").fill(email)
    page.get_by_role("button", name="Add people").click()
    expect(page.get_by_role("heading", name="People put into the group")).to_be_visible()
    site.look("console-members-added")

    site.go("/console/attributes/new")
    fills(
        page,
        {
            "Identifier": "staff",
            "Name": "Staff",
            "Attributes": "desk number Desk\nlangs string[] Languages\nhere boolean Here\nsince date Since",
        },
    )
    site.look("console-attributes")

    site.go("/console/people?q=bob")
    page.get_by_role("link", name="bob@example.com").first.click()
    page.locator("nav.tabs").get_by_role("link", name="Groups").click()
    page.get_by_role("link", name="Edit groups").click()
    page.get_by_label("Everybody on the staff (staff)").check()
    page.get_by_role("button", name="Edit groups").click()
    expect(page.get_by_role("heading", name="Groups joined")).to_be_visible()
    site.look("console-person-groups")
    page.locator("nav.tabs").get_by_role("link", name="Roles").click()
    page.get_by_role("link", name="Edit permissions").click()
    fills(page, {"Permissions": "reports.read"}, "Edit permissions")
    expect(page.get_by_text("editor (via staff)").first).to_be_visible()
    site.look("console-person-access")
    page.locator("nav.tabs").get_by_role("link", name="Attributes").click()
    site.look("console-person-attributes-none")
    page.get_by_role("link", name="Edit Staff").click()
    page.get_by_role("textbox", name="Desk").fill("four")
    page.get_by_role("button", name="Edit: Staff").click()
    expect(page.get_by_text("This does not fit the type.")).to_be_visible()
    site.look("console-person-attributes-wrong")
    page.get_by_role("textbox", name="Desk").fill("4")
    page.get_by_role("textbox", name="Languages").fill("de\nen")
    page.get_by_role("button", name="Edit: Staff").click()
    expect(page.get_by_text("de, en")).to_be_visible()
    site.look("console-person-attributes")
    page.locator("nav.tabs").get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="Lock account").click()
    page.get_by_role("button", name="Lock account").click()
    expect(page.get_by_role("heading", name="Account locked")).to_be_visible()
    site.look("console-person-accounts")
    site.go("/console/roles")
    page.get_by_role("link", name="Delete editor").click()
    expect(page.get_by_text("people have it, themselves or through a group")).to_be_visible()
    site.look("console-role-delete")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Role deleted")).to_be_visible()


visited(story)
