"""Goes through Ory's reference pages in front of Doorward, as a browser without scripts does.

Called by scripts/reference-ui with the program and the directory of the pages.
"""

import html
import http.cookiejar
import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PASSWORD = "correct horse battery"
NEW_PASSWORD = "a long walk along the river"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mailbox(socketserver.StreamRequestHandler):
    """Takes mail and keeps it (RFC 5321, as much of it as a client on this machine needs)."""

    mails = []

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 mailbox")
        for line in self.rfile:
            word = line.strip().upper()
            if word.startswith((b"EHLO", b"HELO")):
                self.say("250 mailbox")
            elif word == b"DATA":
                self.say("354 go on")
                mail = []
                for part in self.rfile:
                    if part == b".\r\n":
                        break
                    mail.append(part.decode())
                self.mails.append("".join(mail))
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")


class Browser:
    def __init__(self):
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)
        self.place, self.page = None, None

    def go(self, url, fields=None):
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        try:
            answer = self.opener.open(url, body, timeout=20)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{url}: {error.code} {error.read().decode()[:500]}") from error
        self.place, self.page = answer.geturl(), answer.read().decode()
        return self

    def form(self, wanted):
        """The first form with a field or button of this name: where it goes, and its fields."""
        for form in re.findall(r"<form.*?</form>", self.page, re.S):
            fields = {}
            for tag in re.findall(r"<(?:input|button)[^>]*>", form):
                value = re.search(r'value="([^"]*)"', tag)
                name = re.search(r'name="([^"]*)"', tag)
                if name:
                    fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
            if wanted in fields:
                return html.unescape(re.search(r'action="([^"]+)"', form)[1]), fields
        raise SystemExit(f"{self.place} has no form with {wanted}: {self.page[:2000]}")

    def send(self, wanted, button, **more):
        action, fields = self.form(wanted)
        fields = {name: fields[name] for name in fields if name in ("csrf_token", "identifier")}
        return self.go(action, fields | button | more)

    def must(self, text, what):
        if text not in self.place + self.page:
            raise SystemExit(f"{what}: not '{text}' at {self.place}: {self.page[:2000]}")
        print(f"ok: {what}")


def wait_for(url):
    for _ in range(200):
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise SystemExit(f"{url} does not come up")


def options(public, pages, mail, home, more):
    server = os.path.join(home, "smtp.yaml")
    with open(server, "w", encoding="utf-8") as file:
        file.write(f"host: 127.0.0.1\nport: {mail}\ntransport-security: none\n")
    names = ("login", "registration", "recovery", "verification", "settings", "error")
    chosen = {f"{name}_ui_url": f"{pages}/{name}" for name in names}
    chosen |= {
        "external_url": public,
        "allowed_return_urls": f"{pages}/",
        "default_return_url": f"{pages}/welcome",
        "login_style": "unified",
        "enforce_mfa": False,
        "smtp_secret_id": f"file:{server}",
    } | more
    path = os.path.join(home, "options.yaml")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(chosen, file)
    return path


def makes_somebody(admin):
    person = {
        "schema_id": "social_user_v0",
        "traits": {"email": "ada@example.com"},
        "credentials": {"password": {"config": {"password": PASSWORD}}},
    }
    request = urllib.request.Request(
        f"{admin}/admin/identities",
        json.dumps(person).encode(),
        {"content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=20)


def story(admin, pages):
    makes_somebody(admin)
    browser = Browser().go(f"{pages}/login")
    press = {"method": "password"}
    browser.send("password", press, identifier="ada@example.com", password="wrong")
    browser.must("/login?flow=", "a wrong password leads back to the form")
    browser.send("password", press, identifier="ada@example.com", password=PASSWORD)
    browser.must("/welcome", "a person signs in")
    browser.go(f"{pages}/sessions").must("ada@example.com", "the pages know who it is")

    browser.go(f"{pages}/settings")
    browser.send("traits.name", {"method": "profile"}, **{
        "traits.email": "ada@example.com", "traits.name": "Ada L.",
    })
    browser.must("Ada L.", "a person changes their name")
    browser.send("password", press, password=NEW_PASSWORD)
    browser.must("/settings?flow=", "a person changes their password")

    browser = Browser().go(f"{pages}/recovery")
    browser.send("email", {"method": "code"}, email="ada@example.com")
    for _ in range(200):
        if Mailbox.mails:
            break
        time.sleep(0.1)
    code = re.search(r"\b(\d{6})\b", Mailbox.mails[-1].split("\n\n", 1)[-1])
    code = code or re.search(r"\b(\d{6})\b", Mailbox.mails[-1])
    browser.send("code", {"method": "code"}, code=code[1])
    browser.must("/settings?flow=", "a person recovers their account by a mailed code")
    browser.send("password", press, password=PASSWORD)
    browser = Browser().go(f"{pages}/login")
    browser.send("password", press, identifier="ada@example.com", password=PASSWORD)
    browser.must("/welcome", "a person signs in with the password set after recovering")


def terms(admin, pages):
    """Terms of service, which these pages do not know of: whatever they do leads to those of Doorward."""
    makes_somebody(admin)
    browser = Browser().go(f"{pages}/login")
    press = {"method": "password"}
    browser.send("password", press, identifier="ada@example.com", password=PASSWORD)
    asked = browser.place, browser.page
    for page in ("login", "welcome", "sessions", "settings"):
        browser.go(f"{pages}/{page}")
        browser.must("/ui/terms?flow=", f"whoever goes to {page} is asked to accept the terms")
    browser.place, browser.page = asked
    action, fields = browser.form("terms")
    browser.go(urllib.parse.urljoin(browser.place, action), fields | {"terms": "accept"})
    browser.must("/welcome", "a person accepts the terms")
    browser.go(f"{pages}/sessions").must("ada@example.com", "the pages know who it is")


def main():
    through(story)
    through(terms, terms_url="https://example.com/terms")
    print("The reference pages work, unmodified.")


def through(part, **more):
    program, directory = sys.argv[1:]
    public, admin, pages = (f"http://localhost:{free_port()}" for _ in range(3))
    port = lambda url: url.rsplit(":", 1)[1]  # noqa: E731
    mailbox = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    threading.Thread(target=mailbox.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        chosen = options(public, pages, mailbox.server_address[1], home, more)
        doorward = subprocess.Popen(
            [program, "serve", "--state-dir", f"{home}/state", "--options", chosen,
             "--public-address", f"127.0.0.1:{port(public)}",
             "--admin-address", f"127.0.0.1:{port(admin)}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        environment = os.environ | {
            "PORT": port(pages),
            "KRATOS_PUBLIC_URL": public,
            "KRATOS_BROWSER_URL": public,
            "COOKIE_SECRET": "only-for-this-test",
            "CSRF_COOKIE_NAME": "pages_csrf",
            "CSRF_COOKIE_SECRET": "only-for-this-test",
            "DANGEROUSLY_DISABLE_SECURE_CSRF_COOKIES": "true",
        }
        node = subprocess.Popen(
            ["node", "lib/index.js"], cwd=directory, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(f"{public}/health/ready")
            wait_for(f"{pages}/health/alive")
            part(admin, pages)
        finally:
            node.terminate()
            doorward.terminate()
            node.wait()
            doorward.wait()


if __name__ == "__main__":
    main()
