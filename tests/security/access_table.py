"""The table of who may open which URL (R2). ``python -m tests.security.access_table`` prints it.

``test_access.py`` and ``test_other_access.py`` request every URL of the site as every kind of user
and compare the responses with it. docs/access.md shows the table.
"""

BUYERS = "Assignors and Administrators"
EVERY_MEMBER = "every member"
ADMINISTRATORS = "Administrators"
# The settings tabs other than Subscription.
EDITED_BY_ADMINISTRATORS = "Assignors read, Administrators edit"

ROLES = ("administrator", "assignor", "observer", "official")
_ALLOWED_ROLES = {
    EVERY_MEMBER: set(ROLES),
    BUYERS: {"administrator", "assignor"},
    ADMINISTRATORS: {"administrator"},
}

# All URLs of an organization.
ORGANIZATION_URLS = {
    "subscriptions:home": EVERY_MEMBER,
    "subscriptions:thread": EVERY_MEMBER,
    "subscriptions:thread_updates": EVERY_MEMBER,
    "subscriptions:request_removal": BUYERS,
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
    "subscriptions:save_draft": BUYERS,
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
    "billing:cancel_renewal": BUYERS,
    "billing:return": BUYERS,
    "billing:purchases": BUYERS,
    "billing:purchases_csv": BUYERS,
    "billing:purchase": BUYERS,
    "billing:receipt_pdf": BUYERS,
    "billing:quote_pdf": BUYERS,
    "billing:sheet_pdf": BUYERS,
    "billing:sheet_csv": BUYERS,
}

ANYONE = "anyone"
SIGNED_IN = "signed-in users"
SIGNED_OUT = "signed-out visitors"
WITH_A_LINK = "anyone with the link in the e-mail"
THE_PROCESSOR = "the payment processor, with its signature"
SIGNING_IN = "users who are signing in"

# All other URLs except the Django admin's.
OTHER_URLS = {
    "billing:pricing": ANYONE,
    "billing:subscribe": ANYONE,
    "billing:subscribed": ANYONE,
    "billing:webhook": THE_PROCESSOR,
    "subscriptions:my_organizations": ANYONE,
    "subscriptions:help": ANYONE,
    "subscriptions:choose_language": ANYONE,
    "subscriptions:profile": SIGNED_IN,
    "subscriptions:invitation": WITH_A_LINK,
    "subscriptions:messages": ANYONE,
    "subscriptions:message_sent": ANYONE,
    "subscriptions:message_updates": SIGNED_IN,
    "subscriptions:join": ANYONE,
    "subscriptions:join_asked": ANYONE,
    "account_login": ANYONE,
    "account_logout": SIGNED_IN,
    "account_inactive": ANYONE,
    "account_signup": SIGNED_OUT,
    "account_reauthenticate": SIGNED_IN,
    "account_email": SIGNED_IN,
    "account_email_verification_sent": ANYONE,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_reset_password": ANYONE,
    "account_confirm_login_code": SIGNING_IN,
    "account_confirm_email": WITH_A_LINK,
    "account_reset_password_from_key_done": ANYONE,
    "account_reset_password_from_key": WITH_A_LINK,
    "account_reset_password_done": ANYONE,
    "mfa_index": SIGNED_IN,
    "mfa_authenticate": SIGNING_IN,
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
    "mfa_login_webauthn": SIGNING_IN,
    "usersessions_list": SIGNED_IN,
}


def allowed_roles(name: str, method: str) -> set[str]:
    """Return the roles that may ``get`` or ``post`` an organization's URL."""
    users = ORGANIZATION_URLS[name]
    if users == EDITED_BY_ADMINISTRATORS:
        users = BUYERS if method == "get" else ADMINISTRATORS
    return _ALLOWED_ROLES[users]


def page() -> str:
    """Return the content of docs/access.md."""
    lines = [
        "# Access to URLs",
        "",
        "Printed by `python -m tests.security.access_table`. Tests request every URL with GET and",
        "POST: as each role, as a stranger, as support, and signed out. They compare the responses",
        "with this table, and fail if a URL is missing from it. The URLs of the Django admin are",
        "tested in `tests/admin/test_all_requests.py`.",
        "",
        "## URLs of an organization",
        "",
        "Members without permission get 403. Other signed-in users get 404, also support staff.",
        "Signed-out visitors are redirected to sign in, even if the organization does not exist.",
        "",
        "| URL | who |",
        "|---|---|",
        *(f"| `{name}` | {who} |" for name, who in ORGANIZATION_URLS.items()),
        "",
        "## Other URLs",
        "",
        "| URL | who |",
        "|---|---|",
        *(f"| `{name}` | {who} |" for name, who in OTHER_URLS.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
