"""Taking licenses: eight clients on one organization and on a hundred; and races for the last.

What was done is counted in the database: seats taken, the number that is kept, and the limit.
"""

import statistics
import time
from unittest import mock

from django.db import DatabaseError

from subscriptions import clock
from subscriptions.licenses.status import status_of
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseEntry, Membership, Organization, Term
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.programs.bench import crew, data
from tests.programs.bench.data import statements
from tests.programs.bench.goals import Result
from tests.support.world import count_members

ORGANIZATIONS = 100
ADDED = 20  # in a round
RACES = 5


def run(rounds: int, seconds: float) -> list[Result]:
    """One user added after another, eight clients at once, races and their control."""
    everybody = [_roomy(f"seat-{number}") for number in range(ORGANIZATIONS)]
    hots, spreads, fairness, waits = [], [], [], []
    # What a process does once is not a matter of each round's new ones.
    for actor in _administrators(everybody[:3]):
        members.add(actor, NewMember("First", f"first{actor.pk}@people.example", Role.OBSERVER))
    for turn in range(rounds):
        hot = _take(everybody[:1], seconds, f"h{turn}")
        spread = _take(everybody, seconds, f"s{turn}")
        hots.append(crew.rate(hot))
        spreads.append(crew.rate(spread))
        done = [len(shift.times) for shift in hot]
        fairness.append(min(done) / max(1, *done))
        waits.append(max((time for shift in hot for time in shift.times), default=0.0))
    too_many, lost = _races()
    return [
        *_one_after_another(rounds),
        Result("users added by 8 clients to one organization", hots, unit="a second"),
        Result("users added by 8 clients to a hundred", spreads, unit="a second"),
        Result("licenses: fewest of a client to most", fairness),
        Result("licenses: longest wait, one organization", waits, unit="s"),
        Result("races: licenses too many in 5", [too_many], "<= 0"),
        Result(
            "control without the lock: too many or collided",
            [lost],
            ">= 1" if data.is_postgresql() else "",
            note="" if data.is_postgresql() else "SQLite writes one at a time, lock or not",
        ),
    ]


def _one_after_another(rounds: int) -> list[Result]:
    """Milliseconds and statements of adding a user, in an organization of 100 and of 5,000."""
    results = []
    for number in (100, 5000):
        organization = _roomy(f"adding-{number}", number)
        [actor] = _administrators([organization])
        waits = []
        with statements() as asked:
            for turn in range(rounds * ADDED):
                new = NewMember("New", f"{turn}@{organization.slug}.example", Role.OBSERVER)
                begun = time.perf_counter()
                members.add(actor, new)
                waits.append((time.perf_counter() - begun) * 1000)
        name = f"a user added to {number:,}"
        chunks = [waits[at : at + ADDED] for at in range(0, len(waits), ADDED)]
        results += [
            Result(name, [statistics.median(chunk) for chunk in chunks], unit="ms"),
            Result(f"{name}: statements", [len(asked) / len(waits)]),
        ]
    return results


def _roomy(slug: str, users: int = 3) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        found = data.build(slug, users)
        LicenseEntry.objects.create(
            term=Term.objects.get(organization=found),
            quantity=100_000,
            cause="add_on",
            effective_at=found.created_at,
            reference=f"roomy:{slug}",
            created_at=found.created_at,
        )
    return found


def _take(organizations: list[Organization], seconds: float, turn: str) -> list[crew.Shift]:
    """Every client adds one member after another, each time to the next organization."""
    actors = _administrators(organizations)
    before = Membership.objects.filter(organization__in=organizations).count()

    def task(client: int, number: int) -> bool:
        actor = actors[(client * 13 + number) % len(actors)]
        email = f"{turn}.{client}.{number}@{actor.organization.slug}.example"
        members.add(actor, NewMember("New Member", email, Role.GENERAL_MEMBER))
        return True

    shifts = crew.work(task, seconds)
    after = Membership.objects.filter(organization__in=organizations).count()
    assert after - before == sum(len(shift.times) for shift in shifts), "counted, and not there"
    return shifts


def _administrators(organizations: list[Organization]) -> list[Membership]:
    found = Membership.objects.select_related("user", "organization")
    return list(found.filter(organization__in=organizations, license_number=1).order_by("pk"))


def _races() -> tuple[int, int]:
    """Eight reach for three licenses: how many too many got one; and what goes wrong unlocked."""
    too_many = sum(max(0, _race(number)[0]) for number in range(RACES))

    def unlocked(organization: Organization) -> Organization:
        return Organization.objects.get(pk=organization.pk)

    lost = 0
    with mock.patch.object(members, "lock_organization", unlocked):
        for number in range(RACES, 2 * RACES):
            over, collided = _race(number)
            lost += max(0, over) + collided
    return too_many, lost


def _race(number: int) -> tuple[int, int]:
    """How many more have a license than there are, and how many collided in the database."""
    organization = data.build(f"race-{number}", 3)
    subscription = status_of(organization, clock.now())
    held = subscription.licenses.usable
    data.add_members(organization, held - 3 - 3)
    [actor] = _administrators([organization])

    def task(client: int, turn: int) -> bool:
        if turn:
            return False
        new = NewMember("Racer", f"racer{client}@{organization.slug}.example", Role.OBSERVER)
        try:
            members.add(actor, new)
        except Refused:
            return False
        except DatabaseError:
            _collisions(organization.pk, client)
            return False
        return True

    shifts = crew.work(task, 60)
    won = sum(len(shift.times) for shift in shifts)
    assert count_members(organization) == held - 3 + won
    collided = data.count_scratch(1000 + organization.pk)
    return count_members(organization) - held, collided


def _collisions(organization: int, client: int) -> None:
    data.write_scratch(1000 + organization, client)
