"""The tag for forms that are restored after signing in again."""

from django import template
from django.utils.html import format_html

from subscriptions.access import unsaved_forms
from subscriptions.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def comes_back(context: template.Context) -> str:
    """``{% comes_back %}``, next to the CSRF token; empty if no one is signed in."""
    user = getattr(context.get("request"), "user", None)
    if not isinstance(user, User):
        return ""
    field = '<input type="hidden" name="{}" value="{}">'
    return format_html(field, unsaved_forms.FIELD, unsaved_forms.mark(user))
