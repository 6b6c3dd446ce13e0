"""Walks through the pages as somebody with a password does.

Usage: pages.py CHROMIUM AXE FOLDER ADDRESS EMAIL   (the password comes on standard input)
"""

from playwright.sync_api import expect

from looking import visited


def signs_in(site, email, password):
    page = site.page
    site.go("/ui/login")
    site.look("login")
    site.by_keyboard(["identifier", "Forgot your password?"])
    page.get_by_label("Email or username").fill(email)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password")).to_be_visible()
    site.look("login-password")
    page.get_by_label("Password").fill("not my password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    site.look("login-wrong")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/welcome")
    site.look("welcome")


def looks_around(site):
    page = site.page
    for link, title, name in [
        ("Accounts and connections", "Accounts and connections", "accounts"),
        ("Sessions", "Where you are signed in", "sessions"),
        ("Recent activity", "Recent activity", "activity"),
        ("Profile and security", "Profile and security", "settings"),
    ]:
        page.get_by_role("navigation", name="Your account").get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        site.look(name)
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    site.look("settings-german")
    page.get_by_role("link", name="English").click()


def signs_out(site):
    page = site.page
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    site.go("/ui/welcome")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def without_a_script(site, email, password):
    """All of it works for a browser that runs no scripts."""
    site.fresh(java_script_enabled=False)
    page = site.page
    site.go("/ui/login")
    page.get_by_label("Email or username").fill(email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/ui/welcome")
    site.go("/ui/sessions")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def story(site, email, password):
    for name, path in [("missing", "/ui/nothing"), ("error", "/ui/error?id=stub:500")]:
        site.go(path)
        site.look(name)
    signs_in(site, email, password)
    looks_around(site)
    signs_out(site)
    without_a_script(site, email, password)


visited(story)
