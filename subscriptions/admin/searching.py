"""Searches that an index answers: exactly, or by how a text begins.

Django's own way, one OR over joined tables, reads every row of the largest of them.
"""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions.models import Organization, User

# Above every letter there is, for databases that compare by code point.
_LAST = "\U0010ffff"


def begins(field: str, text: str) -> Q:
    """``field`` begins with ``text``, for what is kept in lower case under a unique index."""
    text = text.lower()
    if connection.vendor == "sqlite":
        # Its LIKE ignores case, and such an index does not.
        return Q(**{f"{field}__gte": text, f"{field}__lt": text + _LAST})
    return Q(**{f"{field}__startswith": text})


def people(text: str) -> QuerySet[User]:
    """Accounts whose e-mail address or name begins so; with an @ it is an address."""
    by_email = User.objects.filter(begins("email", text))
    if "@" in text:
        return by_email
    return User.objects.filter(begins("email", text) | Q(name__istartswith=text))


def organizations(text: str) -> QuerySet[Organization]:
    """Organizations whose name, address or billing e-mail begins so, else those with such a member.

    A member's name or address is looked at where it can be meant only: otherwise every "al" would
    bring all organizations with an Alma.
    """
    found = Organization.objects.filter(
        Q(name__istartswith=text) | begins("slug", text) | Q(billing_email__istartswith=text)
    )
    if "@" not in text and found.exists():
        return found
    members = Organization.objects.filter(
        pk__in=User.objects.filter(begins("email", text)).values("memberships__organization")
    )
    either = (rows.order_by().values("pk") for rows in (found, members))
    return Organization.objects.filter(pk__in=next(either).union(*either))


class Searched(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Mix into a ModelAdmin: ``found`` says which rows a search is about."""

    # Django shows the box where there is something in it; what is looked for stands below.
    search_fields = ("pk",)
    search_help_text = _("The beginning of a name or address.")

    def found(self, request: HttpRequest, text: str) -> Q:
        """The rows ``text`` stands for."""
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The rows found, none of them twice."""
        text = search_term.strip()
        return (queryset.filter(self.found(request, text)) if text else queryset), False


class OfOrganization(Searched):
    """Found by the organization: its name, its address or a member's e-mail."""

    # The column that names it.
    organization_field = "organization"
    search_help_text = _("The beginning of an organization's name or address, or an e-mail.")

    def found(self, request: HttpRequest, text: str) -> Q:
        """Everything of the organizations found."""
        return Q(**{f"{self.organization_field}__in": organizations(text)})


def either(model: type[Model], *choices: Q) -> Q:
    """Rows that match one of several; each is asked for by itself, so that each has its index."""
    manager = model._default_manager
    first, *others = (manager.filter(choice).order_by().values("pk") for choice in choices)
    return Q(pk__in=first.union(*others)) if others else Q(pk__in=first)
