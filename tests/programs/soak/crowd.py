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

# Price of a license in all organizations, in cents.
UNIT_AMOUNT = 500
# Seconds a user retries before giving up.
TIMEOUT = 20.0
_REMOVE = re.compile(r'href="(/o/[^"]+/users/[0-9a-f-]{36}/remove/)"')
_SESSION = re.compile(r"cs_test_[A-Za-z0-9]+")
_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class GivenUp(Exception):
    """The site was unavailable too long; the user does something else."""


@dataclass
class Tally:
    """Event counts, shared by all threads; ``wrong`` lists violations."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, number: int = 1) -> None:
        """Count an event."""
        with self._lock:
            self.counts[what] += number

    def blame(self, what: str) -> None:
        """Note a violation."""
        with self._lock:
            self.wrong.append(what)


@dataclass(frozen=True)
class Place:
    """The environment of the crowd: site, processor, deadline, and tally."""

    site: str
    control: SandboxControl
    closing: threading.Event
    tally: Tally


class Person(threading.Thread):
    """An Assignor of some organizations who performs one action after another."""

    def __init__(
        self, place: Place, email: str, slugs: list[str], refundable: list[str], seed: int
    ) -> None:
        super().__init__(name=email)
        self.place = place
        self.email = email
        self._slugs = slugs
        self._refundable = refundable
        self._random = random.Random(seed)
        self._browser = requests.Session()
        self._browser.trust_env = False
        self._number = 0
        self._paid: list[str] = []

    def run(self) -> None:
        """Act until the deadline."""
        actions: list[Callable[[str], None]] = [self.buy, self.renew, self.add, self.remove]
        weights = [30, 15, 35, 12]
        try:
            self._sign_in()
            while not self.place.closing.is_set():
                [action] = self._random.choices(
                    [*actions, self.import_some, self.refund], [*weights, 5, 3]
                )
                try:
                    action(self._random.choice(self._slugs))
                except GivenUp:
                    self.place.tally.add("given up")
        except GivenUp:
            self.place.tally.add("never signed in")
        except Exception:
            self.place.tally.blame(f"{self.email}: {traceback.format_exc(limit=4)}")

    def buy(self, slug: str) -> None:
        """Buy 5 to 20 licenses, if add-ons are sold."""
        address = f"/o/{slug}/licenses/add/"
        form = Forms(self._get(address).text).with_field("submission")
        if form is None:
            return self.place.tally.add("add-ons not sold now")
        form["quantity"] = str(5 * self._random.randint(1, 4))
        response = self._post(address, form)
        if response.status_code == HTTPStatus.CONFLICT and 'name="again"' in response.text:
            response = self._post(address, form | {"again": "on"})
        return self._go_and_pay(slug, response, "add-on")

    def renew(self, slug: str) -> None:
        """Renew, if renewal is open."""
        address = f"/o/{slug}/renewal/"
        form = Forms(self._get(address).text).with_field("package")
        if form is None:
            return self.place.tally.add("renewal not open")
        return self._go_and_pay(slug, self._post(address, form | {"pay": "1"}), "renewal")

    def add(self, slug: str) -> None:
        """Add a user."""
        address = f"/o/{slug}/users/add/"
        form = Forms(self._get(address).text).with_field("role")
        if form is None:
            return self.place.tally.add("closed")
        response = self._post(address, form | {"name": "Nora New", "email": self._new_address()})
        return self._note(response, "user added", "user refused")

    def remove(self, slug: str) -> None:
        """Remove a user who was added."""
        found = _REMOVE.findall(self._get(f"/o/{slug}/users/?q=added").text)
        if not found:
            return None
        address = self._random.choice(found)
        form = Forms(self._get(address).text).with_field("csrfmiddlewaretoken")
        return self._note(self._post(address, form or {}), "user removed", "removal refused")

    def import_some(self, slug: str) -> None:
        """Import a roster of three people."""
        address = f"/o/{slug}/users/import/"
        form = Forms(self._get(address).text).with_field("rows")
        if form is None:
            return None
        form.pop("file", None)
        rows = [f"Ina Import,{self._new_address()},General member" for _ in range(3)]
        response = self._post(address, form | {"rows": "\n".join(["Name,E-mail,Role", *rows])})
        preview = response.headers.get("Location", "")
        if response.status_code != HTTPStatus.FOUND:
            return None
        shown = Forms(self._get(preview).text).with_field("csrfmiddlewaretoken") or {}
        response = self._post(
            f"{preview.split('?')[0]}add/", {"csrfmiddlewaretoken": shown["csrfmiddlewaretoken"]}
        )
        if response.status_code == HTTPStatus.FOUND:
            self.place.tally.add("user added", 2)
        return self._note(response, "user added", "roster refused")

    def refund(self, slug: str) -> None:
        """Refund add-ons in the processor's dashboard."""
        if not self._paid:
            return
        session = self._paid.pop(self._random.randrange(len(self._paid)))
        amount = self._random.choice([None, 5 * UNIT_AMOUNT])
        try:
            self.place.control.refund(session=session, amount=amount)
        except (SandboxError, requests.RequestException):
            return
        self.place.tally.add("refund at the processor")

    # Paying -------------------------------------------------------------------------------------

    def _go_and_pay(self, slug: str, response: requests.Response, what: str) -> None:
        location = response.headers.get("Location", "")
        if "/c/pay/" not in location:
            # Refused with an explanation; or the same form was accepted before.
            return self.place.tally.add(f"{what} refused" if not location else f"{what} known")
        self.place.tally.add(f"{what} started")
        if self._random.random() < 0.08:
            return self.place.tally.add("left unpaid")
        back = self._pay(location)
        if not back:
            return self.place.tally.add("payment page closed")
        self.place.tally.add(f"{what} paid")
        if what == "add-on" and slug in self._refundable:
            self._paid.append(_SESSION.findall(location)[0])
        if self._random.random() < 0.25:
            return self.place.tally.add("tab closed after paying")
        self._get(back)
        return None

    def _pay(self, location: str) -> str:
        """Pay on the payment page; return the redirect target, or an empty string."""
        cards = [GOOD_CARD]
        if self._random.random() < 0.1:
            cards.insert(0, DECLINED_CARD)
        back = ""
        for number in cards:
            page = self._patiently(
                lambda: self._browser.get(location, allow_redirects=False, timeout=30)
            )
            form = Forms(page.text).with_field("number")
            if form is None:
                return back
            # A card expiration date beyond the years that pass.
            typed = {"number": number, "exp": "12/60", "cvc": "123", "name": "Pat Payer"}
            response = self._patiently(
                lambda form=form, typed=typed: self._browser.post(  # type: ignore[misc]
                    location, data=form | typed, allow_redirects=False, timeout=30
                )
            )
            back = response.headers.get("Location", "")
        return back if back.startswith(self.place.site) else ""

    # The browser --------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        form = Forms(self._get("/accounts/login/").text).with_field("login") or {}
        response = self._post(
            "/accounts/login/", form | {"login": self.email, "password": PASSWORD}
        )
        if response.status_code != HTTPStatus.FOUND:
            raise AssertionError(f"not signed in: {response.status_code}")

    def _get(self, address: str) -> requests.Response:
        url = address if address.startswith("http") else self.place.site + address
        return self._patiently(lambda: self._browser.get(url, timeout=60))

    def _post(self, address: str, form: dict[str, Any]) -> requests.Response:
        """Submit a form, and the same form again if there is no response."""
        url = self.place.site + address
        return self._patiently(
            lambda: self._browser.post(url, data=form, timeout=60, allow_redirects=False)
        )

    def _patiently(self, ask: Callable[[], requests.Response]) -> requests.Response:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                response = ask()
            except requests.RequestException:
                self.place.tally.add("no answer")
            else:
                if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                    self.place.tally.blame(f"500 {response.request.method} {response.url}")
                if response.status_code not in _AWAY:
                    return response
                self.place.tally.add(f"answered {response.status_code}")
            if self.place.closing.is_set():
                break
            time.sleep(self._random.uniform(0.2, 1.0))
        raise GivenUp

    def _note(self, response: requests.Response, done: str, refused: str) -> None:
        is_done = response.status_code == HTTPStatus.FOUND
        self.place.tally.add(done if is_done else refused)

    def _new_address(self) -> str:
        self._number += 1
        return f"added-{self.email.split('@')[0]}-{self._number}@people.example"
