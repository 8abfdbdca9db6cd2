"""Accounts in the Django admin; owners' data is read-only (R3)."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from subscriptions.admin.parts import display, search
from subscriptions.admin.parts.read_only import CappedPaginator, ClockLogAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.models import User


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]  # not generic at run time
    """A new account for support staff; members are invited instead."""

    class Meta:
        model = User
        fields = ("email", "name")


class UserForm(UserChangeForm):  # type: ignore[type-arg]  # not generic at run time
    """What a superuser may change about an account."""

    password = None  # type: ignore[assignment]  # drops the link to setting it

    class Meta:
        model = User
        fields = ("is_active", "is_staff", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(SearchMixin, ClockLogAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    """Accounts; only their owners can change name, e-mail and password (R3)."""

    form = UserForm
    add_form = UserCreationForm
    actions = None
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    paginator = CappedPaginator
    ordering = ("email",)
    sortable_by = ("email",)
    readonly_fields = ("email", "name", "last_login", "date_joined", "is_superuser", "memberships")
    fieldsets = (
        (None, {"fields": ("email", "name", "last_login", "date_joined", "memberships")}),
        (
            _("Support"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    search_help_text = _("The beginning of a name or e-mail address.")

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by e-mail address or name."""
        return Q(pk__in=search.people(text))

    @admin.display(description=_("memberships"))
    def memberships(self, user: User) -> str:
        """List the person's organizations."""
        rows = user.memberships.select_related("organization").order_by("organization__name")
        return display.links(
            rows[: display.MAX_LIST_ROWS],
            lambda row: f"{row.organization} ({row.get_role_display()}, {row.get_state_display()})",
        )

    def get_urls(self) -> list[URLPattern]:
        """Leave out Django's page for changing another user's password."""
        return [url for url in super().get_urls() if url.name != "auth_user_password_change"]

    def get_readonly_fields(self, request, obj=None):  # type: ignore[no-untyped-def]
        """Allow e-mail and name to be entered for new accounts only."""
        fields = super().get_readonly_fields(request, obj)
        return fields if obj else tuple(set(fields) - {"email", "name"})

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        """Deactivate accounts; never delete them."""
        return False
