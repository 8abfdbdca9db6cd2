import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core import signing
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.models.constraints import one_of
from subscriptions.models.indexes import PrefixIndex
from subscriptions.models.organizations import Organization
from subscriptions.policy import members


class LowerCaseEmailField(models.EmailField):  # type: ignore[type-arg]  # not generic at run time
    """An e-mail address stored and looked up in lower case, so that ordinary indexes work."""

    def get_prep_value(self, value: Any) -> Any:
        """Convert to lower case for storage and queries."""
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared


class UserManager(BaseUserManager["User"]):
    """Accounts by e-mail address, ignoring case."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create an account; without a password no one can sign in until one is set."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: object) -> "User":
        """Create an account with all rights in the Django admin.

        The address counts as verified, because the person who runs the command vouches for it.
        """
        from allauth.account.models import EmailAddress

        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the account with this e-mail address."""
        return self.get(email=username or "")


class User(AbstractBaseUser, PermissionsMixin):
    """A person, with one account for any number of organizations (R1).

    ``is_staff`` (support) is not a membership and does not use a license (R4).
    """

    email = LowerCaseEmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_staff = models.BooleanField(_("support staff"), default=False)
    is_active = models.BooleanField(_("can sign in"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=clock.now)
    # Empty: the language of the browser.
    language = models.CharField(_("language"), max_length=10, blank=True, default="", db_default="")

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_is_unique_without_case"),
        )
        indexes = (PrefixIndex(fields=("name",), name="user_name_begins"),)

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Return the name, for Django's own pages."""
        return self.name

    def get_short_name(self) -> str:
        """Return the name, for Django's own pages."""
        return self.name


class Role(models.TextChoices):
    """The roles of ``policy.members``, with their names on screens (R1)."""

    GENERAL_MEMBER = members.Role.GENERAL_MEMBER.value, _("General member")
    OBSERVER = members.Role.OBSERVER.value, _("Observer")
    OBSERVER_WITH_FINANCE = members.Role.OBSERVER_WITH_FINANCE.value, _("Observer with finance")
    ASSIGNOR = members.Role.ASSIGNOR.value, _("Assignor")
    ADMINISTRATOR = members.Role.ADMINISTRATOR.value, _("Administrator")


class MembershipState(models.TextChoices):
    INVITED = "invited", _("Invited")
    ACTIVE = "active", _("Active")
    REMOVED = "removed", _("Removed")


# Members use a license from the time they are invited (R4).
LICENSE_HOLDER_STATES = (MembershipState.INVITED, MembershipState.ACTIVE)


def _invitation_signer() -> signing.Signer:
    return signing.Signer(salt="subscriptions.invitation")


class Membership(models.Model):
    """A person in an organization.

    Lifecycle: invited -> active -> removed; removed -> invited if added again, and removed ->
    active if restored. ``license_number`` is the member's license (R4). Its unique index keeps two
    people from taking the last license even if the lock was missed (R5).
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=24, choices=Role.choices)
    state = models.CharField(_("state"), max_length=8, choices=MembershipState.choices)
    license_number = models.PositiveIntegerField(_("license"), null=True, blank=True)
    # The name that the inviter entered. It is shown until the person joins, so that an invitation
    # does not reveal whether the address has an account under another name.
    invited_as = models.CharField(_("invited as"), max_length=120, blank=True)
    invited_at = models.DateTimeField(_("invited"), null=True, blank=True)
    # The number of invitations sent. Links contain it, so that a new link invalidates the old one.
    invitation_number = models.PositiveIntegerField(default=0)
    joined_at = models.DateTimeField(_("joined"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"))
    # When the user joined or last signed in, whichever is later; null before joining. A separate
    # column, so that an index can find inactive users.
    last_seen_at = models.DateTimeField(_("last seen"), null=True, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            one_of("membership", "role", Role.values),
            one_of("membership", "state", MembershipState.values),
            models.UniqueConstraint(
                fields=("organization", "user"), name="membership_is_one_per_person"
            ),
            # Removed members have no license number. Unconditional, so that the index also serves
            # lists and the next number: SQLite uses no partial index if the state is a parameter.
            models.UniqueConstraint(
                fields=("organization", "license_number"), name="membership_license_is_held_once"
            ),
            models.CheckConstraint(
                condition=(
                    # A comparison alone lets NULL pass.
                    Q(
                        state__in=["invited", "active"],
                        license_number__isnull=False,
                        license_number__gte=1,
                    )
                    | Q(state="removed", license_number__isnull=True)
                ),
                name="membership_holds_a_license_unless_removed",
            ),
        )
        indexes = (
            models.Index(
                fields=("organization", "state", "last_seen_at"), name="membership_last_seen"
            ),
            models.Index(fields=("organization", "role", "state"), name="membership_by_role"),
        )

    def __str__(self) -> str:
        return f"{self.user} ({self.organization})"

    @property
    def invitation_token(self) -> str:
        """The signed token in the newest invitation link (R4)."""
        content = {"key": self.key.hex, "number": self.invitation_number}
        return _invitation_signer().sign_object(content, compress=False)

    @property
    def display_name(self) -> str:
        """The name shown in the organization's lists."""
        if self.state == MembershipState.INVITED and self.invited_as:
            return self.invited_as
        return self.user.name or self.user.email

    @property
    def shown_name(self) -> str:
        """The name in the list of removed members: the inviter's version if they never joined."""
        return self.display_name if self.joined_at else self.invited_as or self.user.email


def get_invited_membership(token: str) -> Membership:
    """Return the membership that an invitation token is for.

    Raises Membership.DoesNotExist if the token is forged, or replaced by a newer invitation.
    """
    try:
        content = _invitation_signer().unsign_object(token)
        return Membership.objects.select_related("user", "organization").get(
            key=uuid.UUID(content["key"]), invitation_number=content["number"]
        )
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        raise Membership.DoesNotExist from None


class MemberDraft(models.Model):
    """An unfinished Add User form, kept while its author buys licenses (R8).

    Contains what the author entered, valid or not.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    author = models.ForeignKey(User, on_delete=models.CASCADE)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("created_at",), name="member_draft_age"),)

    def __str__(self) -> str:
        return str(self.id)


class JoinRequestState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    DENIED = "denied", _("Denied")


class JoinRequest(models.Model):
    """A request to become a member, made with an organization's join code; holds no license.

    Lifecycle: pending -> approved or denied. Name and e-mail are unverified, unless ``user`` was
    signed in.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="join_requests"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="join_requests",
    )
    name = models.CharField(_("name"), max_length=120)
    email = LowerCaseEmailField(_("e-mail"))
    state = models.CharField(_("state"), max_length=8, choices=JoinRequestState.choices)
    created_at = models.DateTimeField(_("requested"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        ordering = ("created_at",)
        constraints = (
            one_of("join_request", "state", JoinRequestState.values),
            models.UniqueConstraint(
                fields=("organization", "email"),
                condition=Q(state="pending"),
                name="join_request_is_pending_once",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | Q(~Q(state="pending"), decided_at__isnull=False),
                name="join_request_decided_has_its_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} ({self.organization})"
