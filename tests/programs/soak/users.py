"""Sixteen simulated users: they buy, pay, renew, add, remove and import, and retry."""

import random
import re
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests

from billing.sandbox.control.client import SandboxControl, SandboxError
from tests.programs.soak.pages import Forms
from tests.support.factories import PASSWORD
from tests.support.world import DECLINED_CARD, GOOD_CARD

# The price per license in all organizations, in cents.
UNIT_AMOUNT = 500
# How many seconds a user retries before giving up.
TIMEOUT = 20.0
_REMOVE = re.compile(r'href="(/o/[^"]+/users/[0-9a-f-]{36}/remove/)"')
_SESSION = re.compile(r"cs_test_[A-Za-z0-9]+")
_UNAVAILABLE = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class GaveUp(Exception):
    """The site was unavailable too long; the user does something else."""


@dataclass
class Tally:
    """Event counts and violations, shared by all threads."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, event: str, number: int = 1) -> None:
        """Count an event."""
        with self._lock:
            self.counts[event] += number

    def add_violation(self, violation: str) -> None:
        """Record a violation."""
        with self._lock:
            self.violations.append(violation)


@dataclass(frozen=True)
class Environment:
    """What all users share: site, processor, end of the run, and tally."""

    site: str
    control: SandboxControl
    stopping: threading.Event
    tally: Tally


class SimulatedUser(threading.Thread):
    """An Assignor of some organizations who performs one action after another."""

    def __init__(
        self,
        environment: Environment,
        email: str,
        slugs: list[str],
        refundable: list[str],
        seed: int,
    ) -> None:
        super().__init__(name=email)
        self.environment = environment
        self.email = email
        self._slugs = slugs
        self._refundable = refundable
        self._random = random.Random(seed)
        self._browser = requests.Session()
        self._browser.trust_env = False
        self._number = 0
        self._paid: list[str] = []

    def run(self) -> None:
        """Act until the run ends."""
        actions: list[Callable[[str], None]] = [self.buy, self.renew, self.add, self.remove]
        weights = [30, 15, 35, 12]
        try:
            self._sign_in()
            while not self.environment.stopping.is_set():
                [action] = self._random.choices(
                    [*actions, self.import_roster, self.refund], [*weights, 5, 3]
                )
                try:
                    action(self._random.choice(self._slugs))
                except GaveUp:
                    self.environment.tally.add("gave up")
        except GaveUp:
            self.environment.tally.add("never signed in")
        except Exception:
            self.environment.tally.add_violation(f"{self.email}: {traceback.format_exc(limit=4)}")

    def buy(self, slug: str) -> None:
        """Buy 5 to 20 licenses, if add-ons are sold."""
        path = f"/o/{slug}/licenses/add/"
        form = Forms(self._get(path).text).with_field("submission")
        if form is None:
            return self.environment.tally.add("add-ons not sold now")
        form["quantity"] = str(5 * self._random.randint(1, 4))
        response = self._post(path, form)
        if response.status_code == HTTPStatus.CONFLICT and 'name="again"' in response.text:
            response = self._post(path, form | {"again": "on"})
        return self._pay_or_leave(slug, response, "add-on")

    def renew(self, slug: str) -> None:
        """Renew, if renewal is open."""
        path = f"/o/{slug}/renewal/"
        form = Forms(self._get(path).text).with_field("package")
        if form is None:
            return self.environment.tally.add("renewal not open")
        return self._pay_or_leave(slug, self._post(path, form | {"pay": "1"}), "renewal")

    def add(self, slug: str) -> None:
        """Add a user."""
        path = f"/o/{slug}/users/add/"
        form = Forms(self._get(path).text).with_field("role")
        if form is None:
            return self.environment.tally.add("closed")
        response = self._post(path, form | {"name": "Nora New", "email": self._new_email()})
        return self._count(response, "user added", "user refused")

    def remove(self, slug: str) -> None:
        """Remove a user who was added."""
        found = _REMOVE.findall(self._get(f"/o/{slug}/users/?q=added").text)
        if not found:
            return None
        path = self._random.choice(found)
        form = Forms(self._get(path).text).with_field("csrfmiddlewaretoken")
        return self._count(self._post(path, form or {}), "user removed", "removal refused")

    def import_roster(self, slug: str) -> None:
        """Import a roster of three people."""
        path = f"/o/{slug}/users/import/"
        form = Forms(self._get(path).text).with_field("rows")
        if form is None:
            return None
        form.pop("file", None)
        rows = [f"Ina Import,{self._new_email()},General member" for _ in range(3)]
        response = self._post(path, form | {"rows": "\n".join(["Name,E-mail,Role", *rows])})
        preview = response.headers.get("Location", "")
        if response.status_code != HTTPStatus.FOUND:
            return None
        preview_form = Forms(self._get(preview).text).with_field("csrfmiddlewaretoken") or {}
        response = self._post(
            f"{preview.split('?')[0]}add/",
            {"csrfmiddlewaretoken": preview_form["csrfmiddlewaretoken"]},
        )
        if response.status_code == HTTPStatus.FOUND:
            self.environment.tally.add("user added", 2)
        return self._count(response, "user added", "roster refused")

    def refund(self, slug: str) -> None:
        """Refund add-ons in the processor's dashboard."""
        if not self._paid:
            return
        session = self._paid.pop(self._random.randrange(len(self._paid)))
        amount = self._random.choice([None, 5 * UNIT_AMOUNT])
        try:
            self.environment.control.refund(session=session, amount=amount)
        except (SandboxError, requests.RequestException):
            return
        self.environment.tally.add("refund at the processor")

    # Paying -------------------------------------------------------------------------------------

    def _pay_or_leave(self, slug: str, response: requests.Response, event: str) -> None:
        location = response.headers.get("Location", "")
        if "/c/pay/" not in location:
            # Refused, or the same form was accepted before.
            return self.environment.tally.add(
                f"{event} refused" if not location else f"{event} known"
            )
        self.environment.tally.add(f"{event} started")
        if self._random.random() < 0.08:
            return self.environment.tally.add("left unpaid")
        return_url = self._pay(location)
        if not return_url:
            return self.environment.tally.add("payment page closed")
        self.environment.tally.add(f"{event} paid")
        if event == "add-on" and slug in self._refundable:
            self._paid.append(_SESSION.findall(location)[0])
        if self._random.random() < 0.25:
            return self.environment.tally.add("tab closed after paying")
        self._get(return_url)
        return None

    def _pay(self, location: str) -> str:
        """Pay on the payment page; return the redirect target, or an empty string."""
        cards = [GOOD_CARD]
        if self._random.random() < 0.1:
            cards.insert(0, DECLINED_CARD)
        return_url = ""
        for number in cards:
            page = self._with_retries(
                lambda: self._browser.get(location, allow_redirects=False, timeout=30)
            )
            form = Forms(page.text).with_field("number")
            if form is None:
                return return_url
            # The card expires after the simulated years.
            card = {"number": number, "exp": "12/60", "cvc": "123", "name": "Pat Payer"}
            response = self._with_retries(
                lambda form=form, card=card: self._browser.post(  # type: ignore[misc]
                    location, data=form | card, allow_redirects=False, timeout=30
                )
            )
            return_url = response.headers.get("Location", "")
        return return_url if return_url.startswith(self.environment.site) else ""

    # The browser --------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        form = Forms(self._get("/accounts/login/").text).with_field("login") or {}
        response = self._post(
            "/accounts/login/", form | {"login": self.email, "password": PASSWORD}
        )
        if response.status_code != HTTPStatus.FOUND:
            raise AssertionError(f"not signed in: {response.status_code}")

    def _get(self, path: str) -> requests.Response:
        url = path if path.startswith("http") else self.environment.site + path
        return self._with_retries(lambda: self._browser.get(url, timeout=60))

    def _post(self, path: str, form: dict[str, Any]) -> requests.Response:
        """Submit a form, and the same form again if there is no response."""
        url = self.environment.site + path
        return self._with_retries(
            lambda: self._browser.post(url, data=form, timeout=60, allow_redirects=False)
        )

    def _with_retries(self, send: Callable[[], requests.Response]) -> requests.Response:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                response = send()
            except requests.RequestException:
                self.environment.tally.add("no response")
            else:
                if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                    self.environment.tally.add_violation(
                        f"500 {response.request.method} {response.url}"
                    )
                if response.status_code not in _UNAVAILABLE:
                    return response
                self.environment.tally.add(f"status {response.status_code}")
            if self.environment.stopping.is_set():
                break
            time.sleep(self._random.uniform(0.2, 1.0))
        raise GaveUp

    def _count(self, response: requests.Response, done: str, refused: str) -> None:
        is_done = response.status_code == HTTPStatus.FOUND
        self.environment.tally.add(done if is_done else refused)

    def _new_email(self) -> str:
        self._number += 1
        return f"added-{self.email.split('@')[0]}-{self._number}@people.example"
