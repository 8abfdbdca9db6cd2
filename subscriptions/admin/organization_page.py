"""The blocks of an organization's page in the Django admin.

Each is built from one list, cut to what a page shows, so that the number of queries stays.
"""

from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions import formats, renewals
from subscriptions.admin import parts, story
from subscriptions.admin.filters import PHASES
from subscriptions.admin.parts import Fact, Panel, day, link, marked, moment, money
from subscriptions.models import (
    Conversation,
    LicenseEntry,
    LicenseRemoval,
    Membership,
    Package,
    Term,
)
from subscriptions.models.people import MembershipState, Role
from subscriptions.models.support import ConversationState
from subscriptions.policy.decisions import Refusal
from subscriptions.sentences import sentence
from subscriptions.standing import Standing

MAY_INVITE = "subscriptions.change_membership"
MAY_TAKE_BACK = "subscriptions.change_licenseremoval"
# Those who may be asked about something stand first.
_ROLE_ORDER = (
    Role.ADMINISTRATOR,
    Role.ASSIGNOR,
    Role.OBSERVER_WITH_FINANCE,
    Role.OBSERVER,
    Role.GENERAL_MEMBER,
)


def alerts(request: HttpRequest, standing: Standing) -> list[str]:
    """What must not be overlooked about the licenses."""
    count = standing.licenses
    if not count.over or standing.is_late:
        return []
    return [
        ngettext(
            "%(over)s member more than licenses: nobody can be added until licenses are bought or "
            "members removed.",
            "%(over)s members more than licenses: nobody can be added until licenses are bought or "
            "members removed.",
            count.over,
        )
        % {"over": formats.number(count.over)}
    ]


def who(request: HttpRequest, standing: Standing) -> Panel:
    """Whom to write to, and where it stands on the site."""
    organization = standing.organization
    return Panel(
        _("Organization"),
        "who",
        facts=[
            (_("Name"), organization.name),
            (_("Address on the site"), f"/o/{organization.slug}/"),
            (_("Billing contact"), organization.billing_name or "–"),
            (_("Billing e-mail"), organization.billing_email or "–"),
            (_("Billing address"), organization.billing_address or "–"),
            (_("With us since"), day(organization.created_at.date())),
        ],
    )


def subscription(request: HttpRequest, standing: Standing) -> Panel:
    """The term that runs, or the last one, at its locked price."""
    phase = str(PHASES[standing.phase])
    facts: list[Fact] = [
        (_("Phase"), marked(phase) if standing.renewal_is_open else marked(phase, "good"))
    ]
    term = standing.term or standing.latest
    if term is None:
        return Panel(_("Subscription"), "subscription", facts=facts)
    facts += [
        (_("Package"), term.package_name),
        (_("Locked price per license"), money(term.unit_amount, term.currency)),
        (_("Term"), link(term, f"{day(term.starts_on)} – {day(term.expires_on)}")),
    ]
    if standing.canceled_on:
        facts.append((_("Canceled"), marked(day(standing.canceled_on))))
    if standing.days_remaining is not None and standing.days_remaining >= 0:
        facts.append((_("Days remaining"), formats.number(standing.days_remaining)))
    elif standing.days_remaining is not None:
        facts.append((_("Days since the end"), formats.number(-standing.days_remaining)))
    if standing.next_term is not None:
        upcoming = standing.next_term
        words = _("from %(start)s, %(price)s a license") % {
            "start": day(upcoming.starts_on),
            "price": money(upcoming.unit_amount, upcoming.currency),
        }
        facts.append((_("Renewed"), link(upcoming, words)))
    return Panel(_("Subscription"), "subscription", facts=facts)


def licenses(request: HttpRequest, standing: Standing) -> Panel:
    """Held, in use, free; and whether more are sold."""
    count = standing.licenses
    facts: list[Fact] = [
        (_("Held"), formats.number(count.held)),
        (_("In use"), formats.number(count.in_use)),
        (_("Free"), formats.number(count.free)),
    ]
    if count.over:
        facts.append((_("Over"), marked(formats.number(count.over))))
    if count.usable < count.held:
        words = _("%(usable)s may be used: %(why)s") % {
            "usable": formats.number(count.usable),
            "why": (
                _("the next term has no more")
                if count.limited_from
                else _("a renewal for so many is being paid")
            ),
        }
        facts.append((_("Limit"), words))
    sold = standing.may_add_licenses
    why_not = sentence(sold) if isinstance(sold, Refusal) else ""
    facts.append((_("Add-ons sold"), _("yes") if standing.sells_add_ons else marked(_("no"))))
    return Panel(_("Licenses"), "licenses", facts=facts, note=why_not)


def renewal(request: HttpRequest, standing: Standing) -> Panel | None:
    """When the window opens, and what the renewal would be for."""
    term = standing.latest
    if term is None:
        return None
    decision = standing.may_renew
    facts: list[Fact] = [
        (_("Open"), marked(_("yes")) if standing.renewal_is_open else _("no")),
        (
            _("Window opened") if standing.renewal_is_open else _("Window opens"),
            day(standing.renewal_opens_on),
        ),
        (_("Last day to add licenses"), day(standing.last_day_to_add)),
    ]
    facts += quantity_facts(term, standing) if standing.renewal_is_open else []
    note = sentence(decision) if isinstance(decision, Refusal) else ""
    return Panel(_("Renewal"), "renewal", facts=facts, note=note)


def quantity_facts(term: Term, standing: Standing) -> list[Fact]:
    """What the renewal is for at today's price of the package held now (R25, R27)."""
    need = renewals.need_of(term, in_use=standing.licenses.in_use)
    package = Package.objects.get(pk=term.package_id)
    quantity = need.quantity(package).quantity
    words = _("%(quantity)s licenses, %(total)s with %(package)s today") % {
        "quantity": formats.number(quantity),
        "total": money(quantity * package.unit_amount, package.currency),
        "package": package.name,
    }
    return [
        (_("Renewal as of now"), words),
        (_("Removed from it"), formats.number(need.removed) if need.removed else _("nothing")),
    ]


def members(request: HttpRequest, standing: Standing) -> Panel | None:
    """Who uses a license: those who may be asked first, then the invited."""
    if not parts.may_see(request, Membership):
        return None
    organization = standing.organization
    order = Case(
        *(When(role=role, then=Value(place)) for place, role in enumerate(_ROLE_ORDER)),
        output_field=IntegerField(),
    )
    rows = (
        organization.memberships.filter(state__in=(MembershipState.ACTIVE, MembershipState.INVITED))
        .select_related("user")
        .order_by(order, "-state", "license_number")
    )
    found, has_more = parts.first_rows(rows)
    may_invite = request.user.has_perm(MAY_INVITE)
    return Panel(
        _("Members"),
        "members",
        head=[_("Name"), _("E-mail"), _("Role"), _("State"), _("License"), _("Last sign-in"), ""],
        rows=[
            [
                link(member, member.display_name),
                link(member.user, member.user.email),
                member.get_role_display(),
                _state(member),
                member.license_number,
                moment(member.user.last_login),
                _resend(member) if may_invite else "",
            ]
            for member in found
        ],
        empty=_("Nobody uses a license."),
        note=more_note(has_more),
        more=parts.list_of(Membership, organization=organization.pk),
    )


def _state(member: Membership) -> str:
    words = str(member.get_state_display())
    if member.state != MembershipState.INVITED:
        return words
    return marked(f"{words}, {day(member.invited_at.date() if member.invited_at else None)}")


def _resend(member: Membership) -> str:
    if member.state != MembershipState.INVITED:
        return ""
    page = reverse("admin:subscriptions_membership_resend", args=[member.pk])
    return parts.link_to(page, _("Resend invitation…"))


def terms(request: HttpRequest, standing: Standing) -> Panel | None:
    """Every paid period, the latest first."""
    if not parts.may_see(request, Term):
        return None
    found, has_more = parts.first_rows(standing.organization.terms.order_by("-starts_on", "-pk"))
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
                marked(moment(term.canceled_at)) if term.canceled_at else "",
            ]
            for term in found
        ],
        empty=_("Nothing was ever paid."),
        note=more_note(has_more),
        more=parts.list_of(Term, organization=standing.organization.pk),
    )


def removals(request: HttpRequest, standing: Standing) -> Panel | None:
    """Licenses taken off renewals, and what may be taken back (R27)."""
    if not parts.may_see(request, LicenseRemoval):
        return None
    rows = LicenseRemoval.objects.filter(term__organization=standing.organization)
    found, has_more = parts.first_rows(
        rows.select_related("actor", "taken_back_by", "term", "message").order_by("-created_at")
    )
    may_take_back = request.user.has_perm(MAY_TAKE_BACK)
    open_term = standing.latest if standing.renewal_is_open else None
    return Panel(
        _("Licenses removed from renewals"),
        "removals",
        head=[_("Licenses"), _("Removed"), _("Asked for by"), _("Reason"), _("By"), _("State"), ""],
        rows=[
            [
                link(removal, f"−{formats.number(removal.quantity)}"),
                moment(removal.created_at),
                removal.asked_by,
                removal.reason,
                str(removal.actor),
                _standing_of_removal(removal, open_term),
                _take_back(removal) if may_take_back and _stands(removal, open_term) else "",
            ]
            for removal in found
        ],
        empty=_("None."),
        note=more_note(has_more),
        more=parts.list_of(LicenseRemoval, organization=standing.organization.pk),
    )


def _stands(removal: LicenseRemoval, open_term: Term | None) -> bool:
    return removal.taken_back_at is None and removal.term == open_term


def _standing_of_removal(removal: LicenseRemoval, open_term: Term | None) -> str:
    if removal.taken_back_at is not None:
        facts = {"when": moment(removal.taken_back_at), "who": removal.taken_back_by}
        return _("taken back by %(who)s, %(when)s") % facts
    if removal.term == open_term:
        return marked(_("stands"))
    return _("of the term to %(day)s") % {"day": day(removal.term.expires_on)}


def _take_back(removal: LicenseRemoval) -> str:
    page = reverse("admin:subscriptions_licenseremoval_take_back", args=[removal.pk])
    return parts.link_to(page, _("Take back…"))


def ledger(request: HttpRequest, standing: Standing) -> Panel | None:
    """The license ledger, the latest entry first (R29)."""
    if not parts.may_see(request, LicenseEntry):
        return None
    rows = LicenseEntry.objects.filter(term__organization=standing.organization)
    found, has_more = parts.first_rows(
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
                link(entry.term, _("to %(day)s") % {"day": day(entry.term.expires_on)}),
                str(entry.actor or "–"),
                entry.reference,
            ]
            for entry in found
        ],
        empty=_("No entries."),
        note=more_note(has_more),
        more=parts.list_of(LicenseEntry, organization=standing.organization.pk),
    )


def conversations(request: HttpRequest, standing: Standing) -> Panel | None:
    """What members wrote to support, the latest first (R28)."""
    if not parts.may_see(request, Conversation):
        return None
    rows = standing.organization.conversations.select_related("person")
    found, has_more = parts.first_rows(rows.order_by("-last_message_at", "-pk"))
    return Panel(
        _("Conversations"),
        "conversations",
        head=[_("With"), _("State"), _("Unread"), _("Last message")],
        rows=[
            [
                link(conversation),
                _conversation_state(conversation),
                conversation.unread_by_support or "",
                moment(conversation.last_message_at),
            ]
            for conversation in found
        ],
        empty=_("Nobody has written."),
        note=more_note(has_more),
        more=parts.list_of(Conversation, organization__id__exact=standing.organization.pk),
        is_urgent=any(row.state == ConversationState.WAITING for row in found),
    )


def _conversation_state(conversation: Conversation) -> str:
    words = str(conversation.get_state_display())
    if conversation.waiting_since is None:
        return words
    since = _("%(state)s since %(when)s") % {
        "state": words,
        "when": moment(conversation.waiting_since),
    }
    return marked(since)


def history(request: HttpRequest, standing: Standing) -> Panel:
    """Who did what: members, support, and what happened by itself."""
    told, has_more = story.of(standing.organization)
    return Panel(
        _("Who did what"),
        "history",
        head=[_("When"), _("Who"), _("What"), _("Before → after"), _("Reason")],
        rows=[[moment(row.at), row.who, row.what, row.change, row.why] for row in told],
        empty=_("Nothing yet."),
        note=more_note(has_more),
        more=story.all_of(standing.organization),
    )


def more_note(has_more: bool) -> str:
    """That a list was cut."""
    return _("The latest %(most)s.") % {"most": parts.LONGEST_LIST} if has_more else ""
