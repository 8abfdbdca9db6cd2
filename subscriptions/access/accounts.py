"""Account settings for django-allauth: no one can sign up without an invitation."""

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
    """Hooks of django-allauth."""

    def clean_email(self, email: str) -> str:
        """Return the bare address, cleaned the same way as in other forms."""
        return clean_address(super().clean_email(email))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up: accounts come from invitations, because each needs a license (R4)."""
        return False

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Refuse an address if an invitation has since given it to someone else's account."""
        others = User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id)
        if others.exists():
            messages.error(
                request, _("This address cannot be used for your account. Contact support.")
            )
            return False
        return bool(super().confirm_email(request, email_address))

    def render_mail(self, template_prefix: str, email: str, context: Any, **options: Any) -> Any:
        """Render an e-mail in the language of the account it is about."""
        language = getattr(context.get("user"), "language", "")
        with translation.override(language if languages.is_known(language) else get_language()):
            mail = super().render_mail(template_prefix, email, context, **options)
        mail.extra_headers |= settings.MAIL_HEADERS
        return mail

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the password reset link on SITE_URL, never on a host that a request claims."""
        uid, _dash, token = key.partition("-")
        return links.full_link("account_reset_password_from_key", uid, token)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link that confirms a changed address, on SITE_URL too."""
        return links.full_link("account_confirm_email", emailconfirmation.key)
