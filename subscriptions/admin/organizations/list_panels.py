"""The lists on an organization's page in the Django admin.

Each shows a limited number of rows, so that the number of queries is constant.
"""

from datetime import datetime

from django.db.models import Case, Exists, IntegerField, OuterRef, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from subscriptions.admin.organizations.history import activities_url, get_history
from subscriptions.admin.parts import display
from subscriptions.admin.parts.display import Panel, day, highlight, link, local_day, moment, money
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import (
    LicenseEntry,
    LicenseRemoval,
    Membership,
    Message,
    Organization,
    Term,
    Thread,
)
from subscriptions.models.members import LICENSE_HOLDER_STATES, MembershipState, Role
from subscriptions.models.messenger import ThreadState
from subscriptions.policy import members as rules
from subscriptions.text import formats

MAY_INVITE = "subscriptions.change_membership"
MAY_UNDO_REMOVAL = "subscriptions.change_licenseremoval"
# The order of roles in the list, beginning with the people in charge.
_ROLE_ORDER = (
    Role.ADMINISTRATOR,
    Role.ASSIGNOR,
    Role.OBSERVER_WITH_FINANCE,
    Role.OBSERVER,
    Role.GENERAL_MEMBER,
)


def members(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List license holders: the people in charge first, and active before invited ones."""
    if not display.may_see(request, Membership):
        return None
    organization = subscription.organization
    order = Case(
        *(When(role=role, then=Value(place)) for place, role in enumerate(_ROLE_ORDER)),
        output_field=IntegerField(),
    )
    rows = (
        organization.memberships.filter(state__in=(MembershipState.ACTIVE, MembershipState.INVITED))
        .select_related("user")
        .order_by(order, "-state", "license_number")
    )
    found, total = display.first_rows(rows)
    may_invite = request.user.has_perm(MAY_INVITE)
    return Panel(
        _("Users"),
        "members",
        head=[_("Name"), _("E-mail"), _("Role"), _("Status"), _("License"), _("Last sign-in"), ""],
        rows=[
            [
                link(member, member.display_name),
                link(member.user, member.user.email),
                member.get_role_display(),
                _state(member, subscription.now),
                member.license_number,
                local_day(member.user.last_login),
                _resend(member) if may_invite else "",
            ]
            for member in found
        ],
        empty=_("No one uses a license."),
        total=total,
        more=display.list_url(
            Membership, organization=organization.pk, state__in=",".join(LICENSE_HOLDER_STATES)
        ),
    )


def _state(member: Membership, now: datetime) -> str:
    text = str(member.get_state_display())
    if member.state != MembershipState.INVITED or member.invited_at is None:
        return text
    text = _("Invited %(day)s") % {"day": local_day(member.invited_at)}
    if rules.is_invitation_valid(member.invited_at, now):
        return highlight(text)
    return highlight(_("%(invited)s (link expired)") % {"invited": text})


def _resend(member: Membership) -> str:
    if member.state != MembershipState.INVITED:
        return ""
    page = reverse("admin:subscriptions_membership_resend", args=[member.pk])
    return display.link_to(page, _("Resend invitation…"))


def terms(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List all terms, newest first."""
    if not display.may_see(request, Term):
        return None
    found, total = display.first_rows(subscription.organization.terms.order_by("-starts_on", "-pk"))
    return Panel(
        _("Terms"),
        "terms",
        head=[_("Term"), _("Package"), _("Locked price"), _("Paid"), _("Canceled")],
        rows=[
            [
                link(term, f"{day(term.starts_on)} – {day(term.expires_on)}"),
                term.package_name,
                money(term.unit_amount, term.currency),
                moment(term.created_at),
                highlight(moment(term.canceled_at)) if term.canceled_at else "",
            ]
            for term in found
        ],
        empty=_("No terms have been paid for."),
        total=total,
        more=display.list_url(Term, organization=subscription.organization.pk),
    )


def removals(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List removals from renewals, and show which ones can be undone (R27)."""
    if not display.may_see(request, LicenseRemoval):
        return None
    rows = LicenseRemoval.objects.filter(term__organization=subscription.organization)
    found, total = display.first_rows(
        rows.select_related("actor", "undone_by", "term", "message").order_by("-created_at")
    )
    may_undo = request.user.has_perm(MAY_UNDO_REMOVAL)
    open_term = subscription.latest if subscription.renewal_is_open else None
    return Panel(
        _("Licenses removed from renewals"),
        "removals",
        head=[
            _("Licenses"),
            _("Removed"),
            _("Requested by"),
            _("Reason"),
            _("By"),
            _("Status"),
            "",
        ],
        rows=[
            [
                link(removal, f"−{formats.number(removal.quantity)}"),
                moment(removal.created_at),
                removal.requested_by,
                removal.reason,
                str(removal.actor),
                _removal_state(removal, open_term),
                _undo_link(removal) if may_undo and _is_in_effect(removal, open_term) else "",
            ]
            for removal in found
        ],
        empty=_("None."),
        total=total,
        more=display.list_url(LicenseRemoval, organization=subscription.organization.pk),
    )


def _is_in_effect(removal: LicenseRemoval, open_term: Term | None) -> bool:
    return removal.undone_at is None and removal.term == open_term


def _removal_state(removal: LicenseRemoval, open_term: Term | None) -> str:
    if removal.undone_at is not None:
        facts = {"when": moment(removal.undone_at), "who": removal.undone_by}
        return _("undone by %(who)s, %(when)s") % facts
    if removal.term == open_term:
        return highlight(_("in effect"))
    return _("for the term through %(day)s") % {"day": day(removal.term.expires_on)}


def _undo_link(removal: LicenseRemoval) -> str:
    page = reverse("admin:subscriptions_licenseremoval_undo", args=[removal.pk])
    return display.link_to(page, _("Undo…"))


def ledger(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List the license ledger, newest first (R29)."""
    if not display.may_see(request, LicenseEntry):
        return None
    rows = LicenseEntry.objects.filter(term__organization=subscription.organization)
    found, total = display.first_rows(
        rows.select_related("term", "actor").order_by("-created_at", "-pk")
    )
    return Panel(
        _("License ledger"),
        "ledger",
        head=[_("Licenses"), _("Cause"), _("Effective from"), _("Term"), _("By"), _("Reference")],
        rows=[
            [
                link(entry, f"{entry.quantity:+d}"),
                entry.get_cause_display(),
                moment(entry.effective_at),
                link(entry.term, _("through %(day)s") % {"day": day(entry.term.expires_on)}),
                str(entry.actor or "–"),
                entry.reference,
            ]
            for entry in found
        ],
        empty=_("No entries."),
        total=total,
        more=display.list_url(LicenseEntry, organization=subscription.organization.pk),
    )


def threads(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List the members' threads with support, newest first (R28)."""
    if not display.may_see(request, Thread):
        return None
    rows = subscription.organization.threads.select_related("person")
    found, total = display.first_rows(rows.order_by("-last_message_at", "-pk"))
    requests = Message.objects.filter(thread__in=found, removal_quantity__isnull=False).annotate(
        is_done=Exists(LicenseRemoval.objects.filter(message=OuterRef("pk"), undone_at=None))
    )
    request_by_thread = {message.thread_id: message for message in requests.order_by("pk")}
    return Panel(
        _("Threads"),
        "threads",
        head=[_("With"), _("Status"), _("Unread"), _("Removal requested"), _("Last message")],
        rows=[
            [
                link(thread),
                _thread_state(thread),
                thread.unread_by_support or "",
                _removal_request_link(request_by_thread.get(thread.pk), subscription.organization),
                moment(thread.last_message_at),
            ]
            for thread in found
        ],
        empty=_("No messages yet."),
        total=total,
        more=display.list_url(Thread, organization__id__exact=subscription.organization.pk),
        is_urgent=any(row.state == ThreadState.WAITING for row in found),
    )


def _removal_request_link(message: Message | None, organization: Organization) -> str:
    if message is None:
        return ""
    if message.is_done:  # type: ignore[attr-defined]
        return _("%(quantity)s: removed") % {"quantity": message.removal_quantity}
    page = display.admin_url(organization, "remove_licenses")
    text = _("%(quantity)s: remove…") % {"quantity": formats.number(message.removal_quantity or 0)}
    return display.link_to(f"{page}?{urlencode({'message': message.pk})}", text)


def _thread_state(thread: Thread) -> str:
    text = str(thread.get_state_display())
    if thread.waiting_since is None:
        return text
    since = _("%(state)s since %(when)s") % {
        "state": text,
        "when": moment(thread.waiting_since),
    }
    return highlight(since)


def history(request: HttpRequest, subscription: SubscriptionStatus) -> Panel:
    """List who did what: members, support, and automatic jobs."""
    found = get_history(subscription.organization)
    return Panel(
        _("Activity"),
        "history",
        head=[_("When"), _("Who"), _("What"), _("Before → after"), _("Reason")],
        rows=[[moment(row.at), row.who, row.what, row.change, row.why] for row in found],
        empty=_("No activity yet."),
        more=activities_url(subscription.organization),
    )
