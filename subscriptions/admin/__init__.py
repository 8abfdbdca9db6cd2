"""The lower floor in the Django admin: history to be read, and the price list to be kept."""

from datetime import date

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from subscriptions import models
from subscriptions.admin import messages, others, price_list
from subscriptions.admin.filters import PhaseFilter
from subscriptions.admin.read_only import ReadOnlyAdmin
from subscriptions.terms import latest_expiration

__all__ = ["messages", "others", "price_list"]


@admin.register(models.Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "expires_on", "billing_email", "created_at")
    list_filter = (PhaseFilter,)
    search_fields = ("name__istartswith", "slug__startswith", "billing_email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.Organization]:
        """With the expiration date of the last paid term."""
        organizations: QuerySet[models.Organization] = super().get_queryset(request)
        return organizations.annotate(latest_expires_on=latest_expiration("pk"))

    @admin.display(description=_("expires"), ordering="latest_expires_on")
    def expires_on(self, organization: models.Organization) -> date | None:
        """The expiration date of the last paid term."""
        expires_on: date | None = organization.latest_expires_on  # type: ignore[attr-defined]
        return expires_on


@admin.register(models.Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "organization", "role", "state", "license_number")
    list_filter = ("role", "state")
    list_select_related = ("user", "organization")
    search_fields = ("user__email__startswith", "organization__slug__startswith")


@admin.register(models.Term)
class TermAdmin(ReadOnlyAdmin):
    list_display = ("organization", "package_name", "unit_amount", "starts_on", "expires_on")
    list_select_related = ("organization",)
    search_fields = ("organization__slug__startswith", "organization__name__istartswith")


@admin.register(models.Renewal)
class RenewalAdmin(ReadOnlyAdmin):
    list_display = ("term", "package", "state", "quantity")
    list_select_related = ("term__organization", "package")


@admin.register(models.LicenseEntry)
class LicenseEntryAdmin(ReadOnlyAdmin):
    list_display = ("term", "quantity", "cause", "effective_at", "actor", "reference")
    list_filter = ("cause",)
    list_select_related = ("term__organization", "actor")
    search_fields = ("reference", "term__organization__slug__startswith")


@admin.register(models.Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("kind", "recipient", "organization", "created_at", "queued_at")
    list_filter = ("kind",)
    list_select_related = ("organization",)
    search_fields = ("recipient", "reference")


@admin.register(models.Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ("organization", "verb", "actor", "at")
    list_filter = ("verb",)
    list_select_related = ("organization", "actor")


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]  # not generic at run time
    """A new account for support staff; members come by invitation."""

    class Meta:
        model = models.User
        fields = ("email", "name")


class UserForm(UserChangeForm):  # type: ignore[type-arg]  # not generic at run time
    """What a superuser may change about an account."""

    password = None  # type: ignore[assignment]  # drops the link to setting it

    class Meta:
        model = models.User
        fields = ("is_active", "is_staff", "groups", "user_permissions")


@admin.register(models.User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Accounts. Name, e-mail and password are their owner's to change (R3)."""

    form = UserForm
    add_form = UserCreationForm
    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email__startswith", "name__istartswith")
    ordering = ("email",)
    readonly_fields = ("email", "name", "last_login", "date_joined", "is_superuser")
    fieldsets = (
        (None, {"fields": ("email", "name", "last_login", "date_joined")}),
        (
            _("Support"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_urls(self) -> list[URLPattern]:
        """All of Django's but the page on which it would set somebody's password."""
        return [url for url in super().get_urls() if url.name != "auth_user_password_change"]

    def get_readonly_fields(self, request, obj=None):  # type: ignore[no-untyped-def]
        """A new account needs its e-mail and name typed once."""
        fields = super().get_readonly_fields(request, obj)
        return fields if obj else tuple(set(fields) - {"email", "name"})

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        """An account stands in the history; it is made inactive instead."""
        return False
