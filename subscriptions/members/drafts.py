"""Unfinished Add User forms, kept while their author buys licenses (R8)."""

from collections.abc import Mapping
from datetime import timedelta

from subscriptions import clock
from subscriptions.models import MemberDraft, Membership
from subscriptions.text.ids import read_uuid

# Long enough to buy licenses, but no longer, because a draft holds a person's name and e-mail.
RETENTION_PERIOD = timedelta(days=7)


def save(author: Membership, data: Mapping[str, str]) -> MemberDraft:
    """Store the form as entered, valid or not."""
    return MemberDraft.objects.create(
        organization=author.organization,
        author=author.user,
        data=dict(data),
        created_at=clock.now(),
    )


def find(author: Membership, key: str) -> MemberDraft | None:
    """Return the author's draft with this key in this organization, if any."""
    own = MemberDraft.objects.filter(organization=author.organization, author=author.user)
    pk = read_uuid(key)
    return own.filter(pk=pk).first() if pk else None


def drop(draft: MemberDraft | None) -> None:
    """Delete a draft that has been used."""
    if draft is not None:
        draft.delete()


def drop_old() -> int:
    """Delete abandoned drafts; return how many."""
    old = MemberDraft.objects.filter(created_at__lt=clock.now() - RETENTION_PERIOD)
    return old.delete()[0]
