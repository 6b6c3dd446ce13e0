"""What people have at hand and do again and again: apps, keys, passwords, and a service's store."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import expect


class App:
    """An authenticator app that gives no code twice, and is never waited for: the service takes the
    code of the next thirty seconds too."""

    def __init__(self, secret):
        letters = secret.replace(" ", "").upper()
        self.key = base64.b32decode(letters + "=" * (-len(letters) % 8))
        self.last = 0

    def code(self):
        now = int(time.time()) // 30
        step = max(now, self.last + 1)
        assert step <= now + 1, "two codes in thirty seconds are all there are"
        self.last = step
        digest = hmac.new(self.key, struct.pack(">Q", step), hashlib.sha1).digest()
        at = digest[-1] & 15
        number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"


class Key:
    """A security key, or a device that keeps passkeys, at the page's browser. Chromium plays it."""

    def __init__(self, site, **options):
        self.session = site.debugger
        self.session.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": False,
            "isUserVerified": False,
            "automaticPresenceSimulation": True,
            **options,
        }
        answer = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = answer["authenticatorId"]

    @classmethod
    def with_passkeys(cls, site, **options):
        return cls(
            site,
            **{
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                **options,
            },
        )

    def holds(self):
        """What it keeps."""
        answer = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return answer["credentials"]

    def takes(self, credential):
        """Holds what another one held."""
        self.session.send(
            "WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential}
        )

    def asks_whoever_holds_it(self, yes):
        """Whether the fingerprint, or whatever it is, will be the right one."""
        self.session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": yes}
        )

    def is_touched(self, yes):
        """Whether somebody touches it, or chooses it from what the browser offers."""
        self.session.send(
            "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": yes}
        )

    def goes(self):
        self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


class Person:
    """Somebody with a name and a password, in front of a browser."""

    def __init__(self, site, email, password):
        self.site = site
        self.email = email
        self.password = password

    def begins(self):
        """The first step: to the page that asks for a password."""
        self.site.go("/ui/login")
        self.types_who()

    def types_who(self):
        self.site.page.get_by_label("Email or username").fill(self.email)
        self.site.page.keyboard.press("Enter")
        expect(self.site.page.get_by_label("Password")).to_be_visible()

    def types_the_password(self):
        self.site.page.get_by_label("Password").fill(self.password)
        self.site.page.keyboard.press("Enter")

    def signs_in(self):
        """With all that is asked for at first."""
        self.begins()
        self.types_the_password()

    def types_a_code(self, code):
        self.site.page.get_by_label("Code from your authenticator app").fill(code)
        self.site.page.keyboard.press("Enter")

    def must_set_an_app_up(self, then="/ui/settings"):
        """Does what nobody gets past who has no second factor, and is led on; the app."""
        self.site.is_at("/ui/setup_secure")
        app = self.reads_the_secret()
        self.site.page.get_by_label("Code", exact=True).fill(app.code())
        self.site.page.keyboard.press("Enter")
        self.site.is_at(then)
        return app

    def leaves(self):
        self.site.page.get_by_role("link", name="Sign out").click()

    def signs_out(self):
        self.leaves()
        self.site.shows("Sign in")

    def reads_the_secret(self):
        """An app for the picture on the page, which does not have to be scanned."""
        self.site.page.get_by_text("Can't scan the picture?").click()
        return App(self.site.page.locator("code.secret").inner_text())


class Operator:
    """Somebody on the machine of the service."""

    def __init__(self, base):
        self.base = base

    def runs(self, action, **parameters):
        """An action; its results."""
        given = [f"{name.replace('_', '-')}={value}" for name, value in parameters.items()]
        command = [os.environ["DOORWARD"], "--set", f"external_url={self.base}", "run", action]
        ran = subprocess.run(
            [*command, *given, "--format", "json"], capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 0, ran
        task = json.loads(ran.stdout)["doorward/0"]
        assert task["status"] == "completed", ran
        return task["results"]

    def makes_an_administrator_of(self, email):
        self.runs("set-authorities", email=email, authorities="ROLE_ADMINISTRATOR")

    def makes(self, email, password, **traits):
        """Somebody with a password, who can sign in."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as secret:
            json.dump({"password": password}, secret)
            secret.flush()
            given = json.dumps({"email": email, **traits})
            self.runs(
                "create-identity",
                schema_id="social_user_v0",
                traits=given,
                password_secret_id=f"file:{secret.name}",
            )


def comes_to_the_console(site, operator, email, password):
    """Somebody becomes an administrator, signs in for the first time since, and may enter."""
    operator.makes_an_administrator_of(email)
    person = Person(site, email, password)
    person.signs_in()
    person.must_set_an_app_up()


def signed_in_long_ago():
    """Makes every session as if it had begun hours ago, past the service."""
    file = pathlib.Path(os.environ["DOORWARD_STATE_DIR"]) / "doorward.db"
    with sqlite3.connect(file, timeout=20) as store:
        store.execute("UPDATE sessions SET authenticated_at = authenticated_at - 10800000000")
    store.close()


def next_mail():
    """The next mail that arrives, from the test that started this."""
    print("mail?", flush=True)
    return json.loads(sys.stdin.readline())


def code_in(mail):
    """The code of six digits in it."""
    (code,) = re.findall(r"^\s*(\d{6})\s*$", mail["text"], re.MULTILINE)
    return code
