"""Searches that use an index: exact, or by prefix.

Django's own search, one OR over joined tables, reads every row of the largest table.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions.models import Membership, Organization, User
from subscriptions.models.indexes import starts_with

# More results are not useful; users enter a longer search term instead.
MAX_FOUND = 1000


def people(text: str) -> list[int]:
    """Return the IDs of accounts whose e-mail address or name begins with ``text``.

    If ``text`` contains an @, match only addresses.
    """
    by_email = starts_with("email", text)
    return _keys(User.objects.filter(by_email if "@" in text else by_email | _by_name(text)))


def matches_name(text: str) -> Q:
    """Match organizations whose name, slug or billing e-mail begins with ``text``."""
    return _by_name(text) | starts_with("slug", text) | Q(billing_email__istartswith=text)


def organizations_with_member(text: str) -> list[int]:
    """Return organizations with a member whose e-mail address begins with ``text``."""
    users = _keys(User.objects.filter(starts_with("email", text)))
    found = Membership.objects.filter(user__in=users).order_by().values_list("organization")
    return [key for (key,) in found.distinct()[:MAX_FOUND]]


def organizations(text: str) -> list[int]:
    """Return organizations that match by name, or else by member.

    Members are searched only if ``text`` could be a member's address; otherwise "al" would find
    every organization with an Alma.
    """
    found = _keys(Organization.objects.filter(matches_name(text)).order_by("name"))
    return found if found and "@" not in text else [*found, *organizations_with_member(text)]


def organizations_named(text: str) -> Q:
    """Return the condition for organizations by name, slug, billing e-mail, or member."""
    own = matches_name(text)
    if "@" not in text and Organization.objects.filter(own).exists():
        return own
    return own | Q(pk__in=organizations_with_member(text))


def first_match(searches: Iterable[Callable[[str], Q | None]], text: str) -> Q:
    """Return the condition from the first search that recognizes ``text``; one of them must."""
    return next(found for search in searches if (found := search(text)) is not None)


def _by_name(text: str) -> Q:
    return Q(name__istartswith=text)


def _keys(rows: QuerySet[Any]) -> list[int]:
    # Read the keys first, because the query planner may misjudge a subquery and scan a large table.
    return list(rows.values_list("pk", flat=True)[:MAX_FOUND])


class SearchMixin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A mixin for a ModelAdmin with a search by ``search_condition``.

    By default it finds rows of organizations by name, address or a member's e-mail.
    """

    # Django shows the search box if this is not empty; ``search_condition`` does the search.
    search_fields = ("pk",)
    search_help_text = _("The start of an organization's name or address, or an e-mail.")
    # The field with the organization.
    organization_field = "organization"

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Return the condition for rows that match ``text``."""
        return Q(**{f"{self.organization_field}__in": organizations(text)})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows found, without duplicates."""
        text = search_term.strip()
        return (queryset.filter(self.search_condition(request, text)) if text else queryset), False
