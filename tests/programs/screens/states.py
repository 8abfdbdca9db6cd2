"""Every page in every state to check."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from playwright.sync_api import Page, expect

from billing.models import Purchase
from licensing_site.demo.data import PASSWORD
from subscriptions.members import join_requests
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.models import Membership, User
from subscriptions.text import links
from tests.programs.screens import data

Act = Callable[[Page], None]
ROOT = "root@licensing.example"


@dataclass(frozen=True)
class State:
    """A page as a person sees it: ``act`` runs first, ``status`` is the expected HTTP status."""

    name: str
    path: str
    user: str = ""
    act: Act | None = None
    status: int = HTTPStatus.OK

    @property
    def is_admin(self) -> bool:
        """Return whether it is a page of the Django admin."""
        return self.name.startswith("admin")


def every_state() -> list[State]:
    """Create what the states need, and list them."""
    roster = data.prepare()
    return [
        *_public(),
        *_signing_in(),
        *_account(),
        *_lakeside(roster.pk),
        *_calendar(),
        *_buying(),
        *_sizes(),
        *_errors(),
        *_admin(),
    ]


def _public() -> list[State]:
    lakeside = data.organization("lakeside")
    invited = Membership.objects.filter(organization=lakeside, state="invited")
    join_requests.ask(lakeside, JoinApplicant("Nina New", "nina@new.example"))
    return [
        State("front", "/"),
        State("pricing", "/pricing/"),
        State("subscribe", "/purchase/"),
        State("subscribe-refused", "/purchase/", act=click("Update total")),
        State("help", "/help/"),
        State("help-search", "/help/?q=seat"),
        State("help-nothing-found", "/help/?q=zebra"),
        State("messages", "/messages/"),
        State("messages-refused", "/messages/", act=click("Send")),
        State("message-sent", "/messages/sent/"),
        State("join", "/join/"),
        State("join-code", f"/join/?code={lakeside.join_code}"),
        State("join-code-wrong", "/join/?code=WRONG", status=HTTPStatus.NOT_FOUND),
        State("join-asked", "/join/asked/"),
        State("invitation", _path(links.invitation_link(invited.order_by("pk")[0]))),
        State("invitation-expired", "/invitations/no-such-invitation/", status=HTTPStatus.GONE),
    ]


def _signing_in() -> list[State]:
    user = User.objects.get(email="observer@lakeside.example")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    return [
        State("sign-in", "/accounts/login/"),
        State("sign-in-refused", "/accounts/login/", act=sign_in_with_wrong_password),
        State("password-reset", "/accounts/password/reset/"),
        State("password-reset-sent", "/accounts/password/reset/done/"),
        State("password-reset-choose", f"/accounts/password/reset/key/{key}/"),
        State("password-reset-invalid", "/accounts/password/reset/key/1-wrong/"),
        State("verification-sent", "/accounts/confirm-email/"),
    ]


def _account() -> list[State]:
    user = "observer@lakeside.example"
    return [
        State("account", "/account/", user),
        State("account-email", "/accounts/email/", user),
        State("account-password", "/accounts/password/change/", user),
        State("account-password-refused", "/accounts/password/change/", user, submit_weak_password),
        State("account-confirm", "/accounts/reauthenticate/", user),
        State("second-factor", "/accounts/second-factor/", user),
        State(
            "second-factor-app", "/accounts/second-factor/totp/activate/", user, confirm_password
        ),
        State(
            "second-factor-passkey", "/accounts/second-factor/webauthn/add/", user, confirm_password
        ),
        State("sessions", "/accounts/login/?next=/accounts/sessions/", "", sign_in),
        State("sign-out", "/accounts/logout/", user),
        State("my-organizations", "/", "both@lakeside.example"),
    ]


def _lakeside(roster: object) -> list[State]:
    user, base = "administrator@lakeside.example", "/o/lakeside"
    official = "official@lakeside.example"
    key = data.member(official).key
    return [
        State("home", f"{base}/", user),
        State("home-menu-open", f"{base}/", user, open_menu),
        State("home-messenger-open", f"{base}/", user, open_messenger),
        State("home-general-member", f"{base}/", official),
        State("home-forbidden", f"{base}/users/", official, status=HTTPStatus.FORBIDDEN),
        State("messages-thread", f"{base}/messages/", user),
        State("subscription", f"{base}/settings/subscription/", user),
        State("settings-organization", f"{base}/settings/organization/", user),
        State("settings-read-only", f"{base}/settings/organization/", "assignor@lakeside.example"),
        State("settings-notifications", f"{base}/settings/notifications/", user),
        State("settings-security", f"{base}/settings/security/", user),
        State("settings-people", f"{base}/settings/people/", user),
        State("activity", f"{base}/settings/activity/", user),
        State("users", f"{base}/users/", user),
        State("users-none-found", f"{base}/users/?q=zebra", user),
        State("add-user", f"{base}/users/add/", user),
        State("add-user-refused", f"{base}/users/add/", user, click("Add and invite")),
        State("user", f"{base}/users/{key}/", user),
        State("user-remove", f"{base}/users/{key}/remove/", user),
        State("users-requests", f"{base}/users/requests/", user),
        State("users-inactive", f"{base}/users/inactive/", user),
        State("users-removed", f"{base}/users/removed/", user),
        State("users-import", f"{base}/users/import/", user),
        State("users-import-refused", f"{base}/users/import/", user, click("Preview roster")),
        State("users-imported", f"{base}/users/import/{roster}/", user),
    ]


def _calendar() -> list[State]:
    states = []
    for name, slug in (
        ("window", "harbor"),
        ("renewal", "summit"),
        ("expired", "valley"),
        ("closed", "ridge"),
    ):
        user = f"administrator@{slug}.example"
        pages = {
            "home": "",
            "subscription": "settings/subscription/",
            "add-licenses": "licenses/add/",
            "renewal": "renewal/",
            "users": "users/",
        }
        states += [
            State(f"{name}-{page}", f"/o/{slug}/{path}", user, status=_expected_status(name, page))
            for page, path in pages.items()
        ]
    return [
        *states,
        State("window-removal", "/o/harbor/messages/removal/", "administrator@harbor.example"),
        State("closed-member", "/o/ridge/", "official@ridge.example", status=HTTPStatus.FORBIDDEN),
    ]


def _expected_status(name: str, page: str) -> int:
    """Once closed, only renewing and removing users remain possible (R22)."""
    is_closed = name == "closed" and page not in ("renewal", "users")
    return HTTPStatus.FORBIDDEN if is_closed else HTTPStatus.OK


def _buying() -> list[State]:
    user, base = "assignor@lakeside.example", "/o/lakeside"
    add_on: Purchase = data.newest_purchase("lakeside", "add_on")
    renewal = data.newest_purchase("summit", "renewal")
    unpaid = data.open_purchase()
    returned = f"{base}/licenses/return/?session_id={unpaid.session_id}"
    return [
        State("add-licenses", f"{base}/licenses/add/", user),
        State("add-licenses-refused", f"{base}/licenses/add/", user, enter_seven),
        State("add-licenses-canceled", f"{base}/licenses/add/?canceled=1&quantity=20", user),
        State("confirming", returned, user),
        State("purchase-unpaid", f"{base}/purchases/{unpaid.pk}/", user),
        State("receipt", f"{base}/purchases/{add_on.pk}/", user),
        State(
            "receipt-renewal", f"/o/summit/purchases/{renewal.pk}/", "administrator@summit.example"
        ),
        State("purchases", f"{base}/purchases/", user),
    ]


def _sizes() -> list[State]:
    full, new, large = (f"administrator@{slug}.example" for slug in ("prairie", "meadow", "metro"))
    return [
        State("full-home", "/o/prairie/", full),
        State("full-add-user", "/o/prairie/users/add/", full),
        State("full-add-user-refused", "/o/prairie/users/add/", full, add_user),
        State("empty-home", "/o/meadow/", new),
        State("empty-subscription", "/o/meadow/settings/subscription/", new),
        State("empty-purchases", "/o/meadow/purchases/", new),
        State("empty-activity", "/o/meadow/settings/activity/", new),
        State("empty-requests", "/o/meadow/users/requests/", new),
        State("empty-organizations", "/", "support@licensing.example"),
        State("large-home", "/o/metro/", large),
        State("large-users", "/o/metro/users/?page=40", large),
        State("large-subscription", "/o/metro/settings/subscription/", large),
    ]


def _errors() -> list[State]:
    codes = (400, 403, 404, 413, 429, 500, 503)
    return [
        *[State(f"error-{code}", f"/error/{code}/", status=code) for code in codes],
        State("error-form-expired", "/error/form/", status=HTTPStatus.FORBIDDEN),
    ]


def _admin() -> list[State]:
    lakeside = data.organization("lakeside").pk
    add_on = data.newest_purchase("lakeside", "add_on").pk
    pages = {
        "admin": "",
        "admin-organizations": "subscriptions/organization/",
        "admin-organization": f"subscriptions/organization/{lakeside}/change/",
        "admin-purchase": f"billing/purchase/{add_on}/change/",
        "admin-health": "health/",
        "admin-threads": "subscriptions/thread/",
        "admin-package": "subscriptions/package/add/",
    }
    return [State(name, f"/admin/{path}", ROOT) for name, path in pages.items()]


def _path(path: str) -> str:
    return "/" + path.split("/", 3)[3]


# Actions on pages ------------------------------------------------------------------------------


def click(name: str) -> Act:
    """Submit a form as is, without the browser's validation."""

    def act(page: Page) -> None:
        page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
        page.get_by_role("main").get_by_role("button", name=name).first.click()

    return act


def sign_in_with_wrong_password(page: Page) -> None:
    page.locator("[name=login]").fill("observer@lakeside.example")
    page.locator("[name=password]").fill("wrong")
    click("Sign in")(page)


def sign_in(page: Page) -> None:
    page.locator("[name=login]").fill("observer@lakeside.example")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/sessions/")


def confirm_password(page: Page) -> None:
    """Enter the password if the page asks for it."""
    if "reauthenticate" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/second-factor/**")


def submit_weak_password(page: Page) -> None:
    page.locator("[name=oldpassword]").fill("wrong")
    page.locator("[name=password1]").fill("123")
    page.locator("[name=password2]").fill("1234")
    page.get_by_role("main").get_by_role("button").first.click()


def open_menu(page: Page) -> None:
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()


def open_messenger(page: Page) -> None:
    page.locator("#messenger-button").click()
    expect(page.locator("#messenger form")).to_be_visible()


def enter_seven(page: Page) -> None:
    page.locator("#id_quantity").fill("7")
    page.locator("#id_quantity").press("Enter")
    page.locator("#quantity-error").wait_for()


def add_user(page: Page) -> None:
    page.locator("[name=name]").fill("Nora New")
    page.locator("[name=email]").fill("nora@new.example")
    click("Add and invite")(page)
    page.locator(".notice-error").wait_for()
