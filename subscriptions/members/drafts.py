"""Half-filled Add User forms, kept while their author buys licenses (R8)."""

from collections.abc import Mapping
from datetime import timedelta

from subscriptions import clock
from subscriptions.models import MemberDraft, Membership
from subscriptions.text.ids import read_uuid

# Long enough for a purchase and a lunch; a draft holds somebody's name and e-mail.
KEPT_FOR = timedelta(days=7)


def keep(author: Membership, data: Mapping[str, str]) -> MemberDraft:
    """Keep what was typed, valid or not."""
    return MemberDraft.objects.create(
        organization=author.organization,
        author=author.user,
        data=dict(data),
        created_at=clock.now(),
    )


def find(author: Membership, key: str) -> MemberDraft | None:
    """The author's own draft in this organization, if there is one by that key."""
    own = MemberDraft.objects.filter(organization=author.organization, author=author.user)
    pk = read_uuid(key)
    return own.filter(pk=pk).first() if pk else None


def drop(draft: MemberDraft | None) -> None:
    """Forget a draft that has been used."""
    if draft is not None:
        draft.delete()


def drop_old() -> int:
    """Forget drafts nobody came back for; how many."""
    old = MemberDraft.objects.filter(created_at__lt=clock.now() - KEPT_FOR)
    return old.delete()[0]
