"""The table of who may open what (R2). ``python -m tests.security.who_may`` prints it.

``test_access.py`` and ``test_access_elsewhere.py`` request every URL of the site as every user and
compare; docs/access.md shows the table.
"""

BUYERS = "Assignors and Administrators"
EVERYBODY = "every member"
ADMINISTRATORS = "Administrators"
# Settings tabs besides Subscription: Assignors may read them.
EDITED_BY_ADMINISTRATORS = "Assignors read, Administrators edit"

ROLES = ("administrator", "assignor", "observer", "official")
_ALLOWED_ROLES = {
    EVERYBODY: set(ROLES),
    BUYERS: {"administrator", "assignor"},
    ADMINISTRATORS: {"administrator"},
}

# Each URL of an organization.
WHO_MAY = {
    "subscriptions:home": EVERYBODY,
    "subscriptions:thread": EVERYBODY,
    "subscriptions:thread_news": EVERYBODY,
    "subscriptions:ask_for_removal": BUYERS,
    "subscriptions:settings": BUYERS,
    "subscriptions:subscription": BUYERS,
    "subscriptions:settings_organization": EDITED_BY_ADMINISTRATORS,
    "subscriptions:settings_notifications": EDITED_BY_ADMINISTRATORS,
    "subscriptions:settings_security": EDITED_BY_ADMINISTRATORS,
    "subscriptions:settings_people": EDITED_BY_ADMINISTRATORS,
    "subscriptions:activity": BUYERS,
    "subscriptions:activity_csv": BUYERS,
    "subscriptions:join_requests": BUYERS,
    "subscriptions:approve_request": BUYERS,
    "subscriptions:deny_request": BUYERS,
    "subscriptions:inactive_users": BUYERS,
    "subscriptions:remove_users": BUYERS,
    "subscriptions:removed_users": BUYERS,
    "subscriptions:restore_user": BUYERS,
    "subscriptions:users": BUYERS,
    "subscriptions:add_user": BUYERS,
    "subscriptions:keep_draft": BUYERS,
    "subscriptions:users_csv": BUYERS,
    "subscriptions:import_users": BUYERS,
    "subscriptions:roster_template": BUYERS,
    "subscriptions:imported_roster": BUYERS,
    "subscriptions:add_roster": BUYERS,
    "subscriptions:discard_roster": BUYERS,
    "subscriptions:user": BUYERS,
    "subscriptions:remove_user": BUYERS,
    "subscriptions:resend_invitation": BUYERS,
    "billing:add_licenses": BUYERS,
    "billing:renewal": BUYERS,
    "billing:end_renewal": BUYERS,
    "billing:return": BUYERS,
    "billing:purchases": BUYERS,
    "billing:purchases_csv": BUYERS,
    "billing:purchase": BUYERS,
    "billing:receipt_pdf": BUYERS,
    "billing:quote_pdf": BUYERS,
    "billing:sheet_pdf": BUYERS,
    "billing:sheet_csv": BUYERS,
}

ANYBODY = "anyone"
SIGNED_IN = "signed-in users"
SIGNED_OUT = "signed-out visitors"
WITH_A_LINK = "anyone with the link in the e-mail"
THE_PROCESSOR = "the payment processor, by its signature"
STEPS = "users in the middle of signing in"

# Each other URL except the Django admin's.
ELSEWHERE = {
    "billing:pricing": ANYBODY,
    "billing:subscribe": ANYBODY,
    "billing:subscribed": ANYBODY,
    "billing:webhook": THE_PROCESSOR,
    "subscriptions:my_organizations": ANYBODY,
    "subscriptions:help": ANYBODY,
    "subscriptions:choose_language": ANYBODY,
    "subscriptions:profile": SIGNED_IN,
    "subscriptions:invitation": WITH_A_LINK,
    "subscriptions:messages": ANYBODY,
    "subscriptions:message_sent": ANYBODY,
    "subscriptions:message_news": SIGNED_IN,
    "subscriptions:join": ANYBODY,
    "subscriptions:join_asked": ANYBODY,
    "account_login": ANYBODY,
    "account_logout": SIGNED_IN,
    "account_inactive": ANYBODY,
    "account_signup": SIGNED_OUT,
    "account_reauthenticate": SIGNED_IN,
    "account_email": SIGNED_IN,
    "account_email_verification_sent": ANYBODY,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_reset_password": ANYBODY,
    "account_confirm_login_code": STEPS,
    "account_confirm_email": WITH_A_LINK,
    "account_reset_password_from_key_done": ANYBODY,
    "account_reset_password_from_key": WITH_A_LINK,
    "account_reset_password_done": ANYBODY,
    "mfa_index": SIGNED_IN,
    "mfa_authenticate": STEPS,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    "mfa_list_webauthn": SIGNED_IN,
    "mfa_add_webauthn": SIGNED_IN,
    "mfa_reauthenticate_webauthn": SIGNED_IN,
    "mfa_remove_webauthn": SIGNED_IN,
    "mfa_edit_webauthn": SIGNED_IN,
    "mfa_login_webauthn": STEPS,
    "usersessions_list": SIGNED_IN,
}


def allowed_roles(name: str, method: str) -> set[str]:
    """Return the roles that may ``get`` or ``post`` an organization's URL."""
    who = WHO_MAY[name]
    if who == EDITED_BY_ADMINISTRATORS:
        who = BUYERS if method == "get" else ADMINISTRATORS
    return _ALLOWED_ROLES[who]


def page() -> str:
    """Return the text of docs/access.md."""
    lines = [
        "# Who may open what",
        "",
        "Printed by `python -m tests.security.who_may`. Tests crawl every address as each role, as",
        "a stranger, as support and signed out, by GET and POST, and compare with this table; an",
        "address that is missing here fails them. The Django admin's addresses are crawled by",
        "`tests/admin/test_all_requests.py`.",
        "",
        "## Of an organization",
        "",
        "A member without the right gets 403. Anyone else who is signed in, support staff too,",
        "gets 404; anonymous people are sent to sign in, whether the organization exists or not.",
        "",
        "| address | who |",
        "|---|---|",
        *(f"| `{name}` | {who} |" for name, who in WHO_MAY.items()),
        "",
        "## Elsewhere",
        "",
        "| address | who |",
        "|---|---|",
        *(f"| `{name}` | {who} |" for name, who in ELSEWHERE.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
