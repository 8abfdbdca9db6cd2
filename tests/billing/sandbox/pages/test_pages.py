"""The hosted pages in a browser without JavaScript."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from tests.billing.sandbox.helpers import (
    CARD,
    CHALLENGED,
    DECLINED,
    PREPAID,
    concurrently,
    line,
    open_session,
)

pytestmark = pytest.mark.one_database

BLOCK_PREPAID = {"card": {"restrictions": {"funding_types_blocked": ["prepaid"]}}}


class Browser:
    """Follow redirects inside the sandbox and stop at the application's URLs."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.location = ""

    def get(self, address: str) -> requests.Response:
        return self._follow(requests.get(address, timeout=5, allow_redirects=False))

    def pay(self, session: Any, **fields: str) -> requests.Response:
        """Submit the card form, with valid values by default."""
        form = {"number": CARD, "exp": "12/34", "cvc": "123", "name": "Ann Buyer", "country": "US"}
        return self.post(session.url, form | fields)

    def post(self, address: str, form: dict[str, str]) -> requests.Response:
        response = requests.post(address, form, timeout=5, allow_redirects=False)
        assert response.status_code == 303
        return self._follow(response)

    def _follow(self, response: requests.Response) -> requests.Response:
        while response.is_redirect:
            self.location = response.headers["Location"]
            if not self.location.startswith("/"):
                return response
            address = self.base_url + self.location
            response = requests.get(address, timeout=5, allow_redirects=False)
        return response


@pytest.fixture
def browser(sandbox: SandboxProcess) -> Browser:
    return Browser(sandbox.base_url)


def field(page: str, name: str) -> str:
    match = re.search(rf'<input id="{name}"[^>]*>', page)
    assert match is not None
    return match[0]


def errors(page: str) -> dict[str, str]:
    return dict(re.findall(r'<p class="error" id="(\w+)-error">(.*?)</p>', page))


def test_page_shows_items_and_merchant(client: StripeClient, browser: Browser) -> None:
    session = open_session(
        client,
        line_items=[line(25, 500), line(1, 1_000_000)],
        branding_settings={"display_name": "Lakeside <Officials>"},
    )

    page = browser.get(str(session.url)).text

    assert "TEST SANDBOX" in page
    assert "Lakeside &lt;Officials&gt;" in page
    assert "25 × $5.00 each" in page
    assert "$10,000.00" in page
    assert "Pay $10,125.00" in page
    assert 'href="http://localhost:8000/back/"' in page
    assert "readonly" in field(page, "email")
    assert "buyer@lakeside.example" in field(page, "email")


def test_page_is_not_indexed_and_runs_no_script(client: StripeClient, browser: Browser) -> None:
    response = browser.get(str(open_session(client).url))

    assert "noindex" in response.headers["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex' in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "<script" not in response.text
    assert "style=" not in response.text


def test_sandbox_serves_the_style_sheet(sandbox: SandboxProcess) -> None:
    response = requests.get(f"{sandbox.base_url}/sandbox.css", timeout=5)

    assert response.headers["Content-Type"].startswith("text/css")


def test_payment_redirects_to_the_merchant(client: StripeClient, browser: Browser) -> None:
    session = open_session(client)

    browser.pay(session, number="4242 4242-4242 4242", exp="1 / 2034")

    assert browser.location == f"http://localhost:8000/return/?session={session.id}"
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_buyer_enters_an_email_when_none_was_sent(client: StripeClient, browser: Browser) -> None:
    session = open_session(client, customer_email=None)

    browser.pay(session, email="ann@buyer.example", country="CA")

    found: Any = client.v1.checkout.sessions.retrieve(session.id)
    assert found.customer_email is None
    assert found.customer_details.email == "ann@buyer.example"
    assert found.customer_details.name == "Ann Buyer"
    assert found.customer_details.address.country == "CA"


def test_preset_email_cannot_be_changed(client: StripeClient, browser: Browser) -> None:
    session = open_session(client)

    browser.pay(session, email="forged@buyer.example")

    found: Any = client.v1.checkout.sessions.retrieve(session.id)
    assert found.customer_details.email == "buyer@lakeside.example"


@pytest.mark.parametrize(
    ("fields", "invalid"),
    [
        ({"email": "ann"}, "email"),
        ({"number": ""}, "number"),
        ({"number": "4242424242424241"}, "number"),
        ({"number": "4111111111111111"}, "number"),
        ({"exp": "13/34"}, "exp"),
        ({"exp": "12/20"}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"cvc": "12"}, "cvc"),
        ({"number": "378282246310005", "cvc": "123"}, "cvc"),
        ({"name": " "}, "name"),
        ({"country": "XX"}, "country"),
        ({"number": DECLINED}, "number"),
        ({"number": "4000000000000069"}, "exp"),
        ({"number": "4000000000000127"}, "cvc"),
        ({"number": PREPAID}, "number"),
    ],
)
def test_error_is_shown_at_its_field_and_input_kept(
    client: StripeClient, browser: Browser, fields: dict[str, str], invalid: str
) -> None:
    session = open_session(client, customer_email=None, payment_method_options=BLOCK_PREPAID)

    page = browser.pay(session, **({"email": "ann@buyer.example"} | fields)).text

    assert set(errors(page)) == {invalid}
    assert 'role="alert"' in page
    assert fields.get("name", "Ann Buyer").strip() in field(page, "name")
    assert fields.get("exp", "12/34") in field(page, "exp")
    assert 'value=""' in field(page, "number")
    assert 'value=""' in field(page, "cvc")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_page_can_be_reloaded_and_paid_after_an_error(
    client: StripeClient, browser: Browser
) -> None:
    session = open_session(client)
    browser.pay(session, number=DECLINED)
    charges = len(client.v1.charges.list().data)

    page = browser.get(browser.base_url + browser.location).text
    browser.pay(session)

    assert "declined" in errors(page)["number"]
    assert charges == 1
    assert browser.location.startswith("http://localhost:8000/return/")


def test_card_expired_by_the_sandbox_clock_is_refused(
    client: StripeClient, browser: Browser, control: SandboxControl
) -> None:
    control.set_clock(datetime(2035, 1, 1, tzinfo=UTC))
    session = open_session(client)

    page = browser.pay(session, exp="12/34").text

    assert set(errors(page)) == {"exp"}


def test_completed_challenge_redirects_to_the_merchant(
    client: StripeClient, browser: Browser
) -> None:
    session = open_session(client)

    page = browser.pay(session, number=CHALLENGED).text
    assert 'id="complete"' in page
    assert 'id="fail"' in page
    browser.post(browser.base_url + browser.location, {"outcome": "complete"})

    assert browser.location.startswith("http://localhost:8000/return/")


def test_failed_challenge_returns_to_the_form(client: StripeClient, browser: Browser) -> None:
    session = open_session(client)
    browser.pay(session, number=CHALLENGED)
    challenge = browser.base_url + browser.location

    page = browser.post(challenge, {"outcome": "fail"}).text

    assert "authenticate" in errors(page)["number"]
    assert "Ann Buyer" in field(page, "name")
    reloaded = browser.get(challenge)
    assert "Pay $125.00" in reloaded.text


def test_concurrent_submits_pay_once_and_all_redirect(
    client: StripeClient, sandbox: SandboxProcess
) -> None:
    session = open_session(client)
    browsers = [Browser(sandbox.base_url) for _ in range(4)]

    concurrently(*(lambda browser=browser: browser.pay(session) for browser in browsers))

    assert {browser.location for browser in browsers} == {
        f"http://localhost:8000/return/?session={session.id}"
    }
    assert len(client.v1.charges.list().data) == 1


def test_page_of_a_paid_session_says_so(client: StripeClient, browser: Browser) -> None:
    session = open_session(client)
    browser.pay(session)

    page = browser.get(str(session.url)).text

    assert "This payment is complete" in page
    assert f"http://localhost:8000/return/?session={session.id}" in page
    assert "<form" not in page


def test_page_of_an_expired_session_accepts_no_card(client: StripeClient, browser: Browser) -> None:
    session = open_session(client)
    client.v1.checkout.sessions.expire(session.id)

    page = browser.pay(session).text

    assert "expired" in page
    assert "http://localhost:8000/back/" in page
    assert client.v1.charges.list().data == []


def test_challenge_expires_with_its_session(client: StripeClient, browser: Browser) -> None:
    session = open_session(client)
    browser.pay(session, number=CHALLENGED)
    client.v1.checkout.sessions.expire(session.id)

    page = browser.post(browser.base_url + browser.location, {"outcome": "complete"}).text

    assert "expired" in page
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize("path", ["/c/pay/cs_test_no", "/3ds/pi_no", "/receipts/ch_no", "/nothing"])
def test_unknown_page_returns_404(sandbox: SandboxProcess, path: str) -> None:
    assert requests.get(sandbox.base_url + path, timeout=5).status_code == 404


def test_charge_has_a_receipt(client: StripeClient, browser: Browser) -> None:
    browser.pay(open_session(client))
    charge = client.v1.charges.list().data[0]

    page = browser.get(str(charge.receipt_url)).text

    assert "$125.00 paid" in page
    assert "Visa ending in 4242" in page


def test_only_loopback_host_names_are_served(sandbox: SandboxProcess) -> None:
    def status(host: str) -> int:
        return requests.get(sandbox.base_url, headers={"Host": host}, timeout=5).status_code

    assert [status(host) for host in ("localhost:1", "127.0.0.9", "[::1]:80")] == [200] * 3
    assert status("evil.example") == 400
