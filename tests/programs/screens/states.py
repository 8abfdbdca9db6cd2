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
from subscriptions.members.join_requests import Asking
from subscriptions.models import Membership, User
from subscriptions.text import links
from tests.programs.screens import data

Act = Callable[[Page], None]
ROOT = "root@licensing.example"


@dataclass(frozen=True)
class State:
    """A page as a person sees it: ``act`` runs first, ``status`` is the expected HTTP status."""

    name: str
    address: str
    who: str = ""
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
        *_many_and_none(),
        *_errors(),
        *_admin(),
    ]


def _public() -> list[State]:
    lakeside = data.organization("lakeside")
    invited = Membership.objects.filter(organization=lakeside, state="invited")
    join_requests.ask(lakeside, Asking("Nina New", "nina@new.example"))
    return [
        State("front", "/"),
        State("pricing", "/pricing/"),
        State("subscribe", "/purchase/"),
        State("subscribe-refused", "/purchase/", act=clicks("Update total")),
        State("help", "/help/"),
        State("help-search", "/help/?q=seat"),
        State("help-nothing-found", "/help/?q=zebra"),
        State("messages", "/messages/"),
        State("messages-refused", "/messages/", act=clicks("Send")),
        State("message-sent", "/messages/sent/"),
        State("join", "/join/"),
        State("join-code", f"/join/?code={lakeside.join_code}"),
        State("join-code-wrong", "/join/?code=WRONG", status=HTTPStatus.NOT_FOUND),
        State("join-asked", "/join/asked/"),
        State("invitation", _path(links.invitation_link(invited.order_by("pk")[0]))),
        State("invitation-over", "/invitations/no-such-invitation/", status=HTTPStatus.GONE),
    ]


def _signing_in() -> list[State]:
    user = User.objects.get(email="observer@lakeside.example")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    return [
        State("sign-in", "/accounts/login/"),
        State("sign-in-refused", "/accounts/login/", act=signs_in_wrong),
        State("password-reset", "/accounts/password/reset/"),
        State("password-reset-sent", "/accounts/password/reset/done/"),
        State("password-reset-choose", f"/accounts/password/reset/key/{key}/"),
        State("password-reset-over", "/accounts/password/reset/key/1-wrong/"),
        State("verification-sent", "/accounts/confirm-email/"),
    ]


def _account() -> list[State]:
    who = "observer@lakeside.example"
    return [
        State("account", "/account/", who),
        State("account-email", "/accounts/email/", who),
        State("account-password", "/accounts/password/change/", who),
        State("account-password-refused", "/accounts/password/change/", who, password_too_simple),
        State("account-confirm", "/accounts/reauthenticate/", who),
        State("second-factor", "/accounts/second-factor/", who),
        State("second-factor-app", "/accounts/second-factor/totp/activate/", who, confirms),
        State("second-factor-passkey", "/accounts/second-factor/webauthn/add/", who, confirms),
        State("sessions", "/accounts/login/?next=/accounts/sessions/", "", signs_in),
        State("sign-out", "/accounts/logout/", who),
        State("my-organizations", "/", "both@lakeside.example"),
    ]


def _lakeside(roster: object) -> list[State]:
    who, here = "administrator@lakeside.example", "/o/lakeside"
    official = "official@lakeside.example"
    key = data.member(official).key
    return [
        State("home", f"{here}/", who),
        State("home-menu-open", f"{here}/", who, opens_menu),
        State("home-messenger-open", f"{here}/", who, opens_messenger),
        State("home-general-member", f"{here}/", official),
        State("home-forbidden", f"{here}/users/", official, status=HTTPStatus.FORBIDDEN),
        State("messages-thread", f"{here}/messages/", who),
        State("subscription", f"{here}/settings/subscription/", who),
        State("settings-organization", f"{here}/settings/organization/", who),
        State("settings-read-only", f"{here}/settings/organization/", "assignor@lakeside.example"),
        State("settings-notifications", f"{here}/settings/notifications/", who),
        State("settings-security", f"{here}/settings/security/", who),
        State("settings-people", f"{here}/settings/people/", who),
        State("activity", f"{here}/settings/activity/", who),
        State("users", f"{here}/users/", who),
        State("users-none-found", f"{here}/users/?q=zebra", who),
        State("add-user", f"{here}/users/add/", who),
        State("add-user-refused", f"{here}/users/add/", who, clicks("Add and invite")),
        State("user", f"{here}/users/{key}/", who),
        State("user-remove", f"{here}/users/{key}/remove/", who),
        State("users-requests", f"{here}/users/requests/", who),
        State("users-inactive", f"{here}/users/inactive/", who),
        State("users-removed", f"{here}/users/removed/", who),
        State("users-import", f"{here}/users/import/", who),
        State("users-import-refused", f"{here}/users/import/", who, clicks("Preview roster")),
        State("users-imported", f"{here}/users/import/{roster}/", who),
    ]


def _calendar() -> list[State]:
    states = []
    for name, slug in (
        ("window", "harbor"),
        ("renewed", "summit"),
        ("expired", "valley"),
        ("closed", "ridge"),
    ):
        who = f"administrator@{slug}.example"
        pages = {
            "home": "",
            "subscription": "settings/subscription/",
            "add-licenses": "licenses/add/",
            "renewal": "renewal/",
            "users": "users/",
        }
        states += [
            State(f"{name}-{page}", f"/o/{slug}/{path}", who, status=_response(name, page))
            for page, path in pages.items()
        ]
    return [
        *states,
        State("window-removal", "/o/harbor/messages/removal/", "administrator@harbor.example"),
        State("closed-member", "/o/ridge/", "official@ridge.example", status=HTTPStatus.FORBIDDEN),
    ]


def _response(name: str, page: str) -> int:
    """Once closed, only renewing and removing users remain possible (R22)."""
    is_shut = name == "closed" and page not in ("renewal", "users")
    return HTTPStatus.FORBIDDEN if is_shut else HTTPStatus.OK


def _buying() -> list[State]:
    who, here = "assignor@lakeside.example", "/o/lakeside"
    bought: Purchase = data.newest_purchase("lakeside", "add_on")
    renewed = data.newest_purchase("summit", "renewal")
    unpaid = data.open_purchase()
    returned = f"{here}/licenses/return/?session_id={unpaid.session_id}"
    return [
        State("add-licenses", f"{here}/licenses/add/", who),
        State("add-licenses-refused", f"{here}/licenses/add/", who, chooses_seven),
        State("add-licenses-came-back", f"{here}/licenses/add/?canceled=1&quantity=20", who),
        State("confirming", returned, who),
        State("purchase-unpaid", f"{here}/purchases/{unpaid.pk}/", who),
        State("receipt", f"{here}/purchases/{bought.pk}/", who),
        State(
            "receipt-renewal", f"/o/summit/purchases/{renewed.pk}/", "administrator@summit.example"
        ),
        State("purchases", f"{here}/purchases/", who),
    ]


def _many_and_none() -> list[State]:
    full, new, large = (f"administrator@{slug}.example" for slug in ("prairie", "meadow", "metro"))
    return [
        State("full-home", "/o/prairie/", full),
        State("full-add-user", "/o/prairie/users/add/", full),
        State("full-add-user-refused", "/o/prairie/users/add/", full, adds_user),
        State("none-home", "/o/meadow/", new),
        State("none-subscription", "/o/meadow/settings/subscription/", new),
        State("none-purchases", "/o/meadow/purchases/", new),
        State("none-activity", "/o/meadow/settings/activity/", new),
        State("none-requests", "/o/meadow/users/requests/", new),
        State("none-organizations", "/", "support@licensing.example"),
        State("many-home", "/o/metro/", large),
        State("many-users", "/o/metro/users/?page=40", large),
        State("many-subscription", "/o/metro/settings/subscription/", large),
    ]


def _errors() -> list[State]:
    codes = (400, 403, 404, 413, 429, 500, 503)
    return [
        *[State(f"error-{code}", f"/error/{code}/", status=code) for code in codes],
        State("error-form-expired", "/error/form/", status=HTTPStatus.FORBIDDEN),
    ]


def _admin() -> list[State]:
    lakeside = data.organization("lakeside").pk
    bought = data.newest_purchase("lakeside", "add_on").pk
    pages = {
        "admin": "",
        "admin-organizations": "subscriptions/organization/",
        "admin-organization": f"subscriptions/organization/{lakeside}/change/",
        "admin-purchase": f"billing/purchase/{bought}/change/",
        "admin-health": "health/",
        "admin-threads": "subscriptions/thread/",
        "admin-package": "subscriptions/package/add/",
    }
    return [State(name, f"/admin/{path}", ROOT) for name, path in pages.items()]


def _path(address: str) -> str:
    return "/" + address.split("/", 3)[3]


# Actions on pages ------------------------------------------------------------------------------


def clicks(name: str) -> Act:
    """Submit a form as it is, without the browser's validation."""

    def act(page: Page) -> None:
        page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
        page.get_by_role("main").get_by_role("button", name=name).first.click()

    return act


def signs_in_wrong(page: Page) -> None:
    page.locator("[name=login]").fill("observer@lakeside.example")
    page.locator("[name=password]").fill("wrong")
    clicks("Sign in")(page)


def signs_in(page: Page) -> None:
    page.locator("[name=login]").fill("observer@lakeside.example")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/sessions/")


def confirms(page: Page) -> None:
    """Retype the password first if the page asks for it."""
    if "reauthenticate" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/second-factor/**")


def password_too_simple(page: Page) -> None:
    page.locator("[name=oldpassword]").fill("wrong")
    page.locator("[name=password1]").fill("123")
    page.locator("[name=password2]").fill("1234")
    page.get_by_role("main").get_by_role("button").first.click()


def opens_menu(page: Page) -> None:
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()


def opens_messenger(page: Page) -> None:
    page.locator("#messenger-button").click()
    expect(page.locator("#messenger form")).to_be_visible()


def chooses_seven(page: Page) -> None:
    page.locator("#id_quantity").fill("7")
    page.locator("#id_quantity").press("Enter")
    page.locator("#quantity-error").wait_for()


def adds_user(page: Page) -> None:
    page.locator("[name=name]").fill("Nora New")
    page.locator("[name=email]").fill("nora@new.example")
    clicks("Add and invite")(page)
    page.locator(".notice-error").wait_for()
