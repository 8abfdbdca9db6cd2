"""Searches that an index answers: exactly, or by how a text begins.

Django's own way, one OR over joined tables, reads every row of the largest of them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions.models import Membership, Organization, User
from subscriptions.models.indexes import begins

# Whoever finds more types more.
MOST_FOUND = 1000


def people(text: str) -> list[int]:
    """Accounts whose e-mail address or name begins so; with an @ it is an address."""
    by_email = begins("email", text)
    return _keys(User.objects.filter(by_email if "@" in text else by_email | _called(text)))


def named_so(text: str) -> Q:
    """Organizations whose name, address or billing e-mail begins so."""
    return _called(text) | begins("slug", text) | Q(billing_email__istartswith=text)


def with_member(text: str) -> list[int]:
    """Organizations with a member whose e-mail address begins so."""
    users = _keys(User.objects.filter(begins("email", text)))
    found = Membership.objects.filter(user__in=users).order_by().values_list("organization")
    return [key for (key,) in found.distinct()[:MOST_FOUND]]


def organizations(text: str) -> list[int]:
    """Organizations that are named so, else those with such a member.

    A member's address is looked at where it can be meant only: otherwise every "al" would bring
    all organizations with an Alma.
    """
    found = _keys(Organization.objects.filter(named_so(text)).order_by("name"))
    return found if found and "@" not in text else [*found, *with_member(text)]


def organizations_named(text: str) -> Q:
    """Organizations by their own names and addresses, or by their members."""
    own = named_so(text)
    if "@" not in text and Organization.objects.filter(own).exists():
        return own
    return own | Q(pk__in=with_member(text))


def first_found(searches: Iterable[Callable[[str], Q | None]], text: str) -> Q:
    """What the first search finds that knows what such a text is; one of them must."""
    return next(found for search in searches if (found := search(text)) is not None)


def _called(text: str) -> Q:
    return Q(name__istartswith=text)


def _keys(rows: QuerySet[Any]) -> list[int]:
    # Read rather than left to a subquery: a database that guesses their number wrong would go
    # through all of a large table.
    return list(rows.values_list("pk", flat=True)[:MOST_FOUND])


class Searched(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Mix into a ModelAdmin: ``found`` says which rows a search is about.

    Where a list says nothing else, those of the organizations found: by name, address or a member's
    e-mail.
    """

    # Django shows the box where there is something in it; what is looked for stands below.
    search_fields = ("pk",)
    search_help_text = _("The start of an organization's name or address, or an e-mail.")
    # The column that names it.
    organization_field = "organization"

    def found(self, request: HttpRequest, text: str) -> Q:
        """The rows ``text`` stands for."""
        return Q(**{f"{self.organization_field}__in": organizations(text)})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The rows found, none of them twice."""
        text = search_term.strip()
        return (queryset.filter(self.found(request, text)) if text else queryset), False
