"""How accounts fit into django-allauth: nobody signs up by themselves, invitations do it."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from subscriptions.models import User
from subscriptions.text import languages, links
from subscriptions.text.addresses import clean_address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped library
    """django-allauth's hooks."""

    def clean_email(self, email: str) -> str:
        """The address alone, as other forms read it."""
        return clean_address(super().clean_email(email))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from invitations only: a license stands behind each of them (R4)."""
        return False

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Refuse an address that somebody else's account has got meanwhile, by an invitation."""
        others = User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id)
        if others.exists():
            messages.error(
                request, _("This address cannot be used for your account. Contact support.")
            )
            return False
        return bool(super().confirm_email(request, email_address))

    def render_mail(self, template_prefix: str, email: str, context: Any, **options: Any) -> Any:
        """In the language of whose account it is about, wherever it was caused."""
        language = getattr(context.get("user"), "language", "")
        with translation.override(language if languages.is_known(language) else get_language()):
            mail = super().render_mail(template_prefix, email, context, **options)
        mail.extra_headers |= settings.MAIL_HEADERS
        return mail

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of a password reset; never on the host a request claims to be for."""
        uid, _dash, token = key.partition("-")
        return links.full_link("account_reset_password_from_key", uid, token)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link that confirms a changed address, likewise."""
        return links.full_link("account_confirm_email", emailconfirmation.key)
