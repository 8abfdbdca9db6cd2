"""Create an organization with its first term, when its original purchase is settled."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.renewals import NextTerm
from subscriptions.members import members
from subscriptions.models import Organization, Term
from subscriptions.notifications import activity
from subscriptions.policy import calendar


@dataclass(frozen=True)
class NewOrganization:
    """The organization and its Administrator, as entered by the buyer."""

    name: str
    billing_name: str
    billing_email: str
    billing_address: str
    administrator_name: str
    administrator_email: str


def create_organization(
    new: NewOrganization, facts: NextTerm, *, charged_at: datetime, reference: str
) -> Term:
    """Create the organization, its first term and licenses, and invite its Administrator (R23).

    Call it in the transaction that settles the payment. If the slug is taken, it gets a suffix.
    """
    now = clock.now()
    zone = clock.zone()
    organization = _create(new, facts.currency, now)
    starts_on = calendar.local_date(charged_at, zone)
    term = Term.objects.create(
        organization=organization,
        package=facts.package,
        package_name=facts.package_name,
        unit_amount=facts.unit_amount,
        currency=facts.currency,
        starts_on=starts_on,
        expires_on=calendar.expiration_date(starts_on, facts.years),
        created_at=now,
    )
    ledger.grant_included(term, facts.quantity, effective_at=now, reference=reference)
    members.add_first_administrator(organization, new.administrator_name, new.administrator_email)
    activity.record(
        organization,
        "organization_opened",
        actor=None,
        data={"term": term.pk, "quantity": facts.quantity},
    )
    return term


def _create(new: NewOrganization, currency: str, now: datetime) -> Organization:
    """Create the organization with a slug from its name, plus a random suffix if it is taken."""
    base_slug = slugify(new.name)[:50] or "organization"
    slug = base_slug
    while True:
        try:
            # The savepoint keeps the transaction usable if another organization takes the slug
            # first.
            with transaction.atomic():
                return Organization.objects.create(
                    name=new.name,
                    slug=slug,
                    currency=currency,
                    billing_name=new.billing_name,
                    billing_email=new.billing_email,
                    billing_address=new.billing_address,
                    created_at=now,
                )
        except IntegrityError:
            slug = f"{base_slug}-{secrets.token_hex(3)}"
