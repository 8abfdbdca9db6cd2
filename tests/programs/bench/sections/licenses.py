"""Adding users: eight clients in one organization and in a hundred; races for the last licenses.

The users added are counted in the database.
"""

import statistics
import time
from unittest import mock

from django.db import DatabaseError

from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseEntry, Membership, Organization, Term
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.programs.bench import data, workers
from tests.programs.bench.data import statements
from tests.programs.bench.goals import Result
from tests.support.world import count_members

ORGANIZATIONS = 100
ADDED = 20  # per round
RACES = 5


def run(rounds: int, seconds: float) -> list[Result]:
    """Measure adding users one by one and with eight clients, races, and their control."""
    organizations = [_build_with_free_licenses(f"seat-{number}") for number in range(ORGANIZATIONS)]
    single_rates, spread_rates, fairness, waits = [], [], [], []
    # Warm up, so that no round measures what a process does only once.
    for actor in _administrators(organizations[:3]):
        members.add(actor, NewMember("First", f"first{actor.pk}@people.example", Role.OBSERVER))
    for turn in range(rounds):
        single = _add_users(organizations[:1], seconds, f"h{turn}")
        spread = _add_users(organizations, seconds, f"s{turn}")
        single_rates.append(workers.rate(single))
        spread_rates.append(workers.rate(spread))
        done = [len(client.times) for client in single]
        fairness.append(min(done) / max(1, *done))
        waits.append(max((time for client in single for time in client.times), default=0.0))
    excess, errors = _races()
    return [
        *_one_by_one(rounds),
        Result("users added by 8 clients to one organization", single_rates, unit="per second"),
        Result("users added by 8 clients to a hundred", spread_rates, unit="per second"),
        Result("licenses: fewest to most per client", fairness),
        Result("licenses: longest wait, one organization", waits, unit="s"),
        Result("races: excess licenses in 5", [excess], "<= 0"),
        Result(
            "control without the lock: excess or collisions",
            [errors],
            ">= 1" if data.is_postgresql() else "",
            note="" if data.is_postgresql() else "SQLite runs one write transaction at a time",
        ),
    ]


def _one_by_one(rounds: int) -> list[Result]:
    """Measure milliseconds and statements per user added to 100 and to 5,000."""
    results = []
    for number in (100, 5000):
        organization = _build_with_free_licenses(f"adding-{number}", number)
        [actor] = _administrators([organization])
        waits = []
        with statements() as executed:
            for turn in range(rounds * ADDED):
                new = NewMember("New", f"{turn}@{organization.slug}.example", Role.OBSERVER)
                start = time.perf_counter()
                members.add(actor, new)
                waits.append((time.perf_counter() - start) * 1000)
        name = f"a user added to {number:,}"
        chunks = [waits[at : at + ADDED] for at in range(0, len(waits), ADDED)]
        results += [
            Result(name, [statistics.median(chunk) for chunk in chunks], unit="ms"),
            Result(f"{name}: statements", [len(executed) / len(waits)]),
        ]
    return results


def _build_with_free_licenses(slug: str, users: int = 3) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        found = data.build(slug, users)
        LicenseEntry.objects.create(
            term=Term.objects.get(organization=found),
            quantity=100_000,
            cause="add_on",
            effective_at=found.created_at,
            reference=f"free:{slug}",
            created_at=found.created_at,
        )
    return found


def _add_users(
    organizations: list[Organization], seconds: float, turn: str
) -> list[workers.ClientTimes]:
    """Let each client add one member after another, each to the next organization."""
    actors = _administrators(organizations)
    before = Membership.objects.filter(organization__in=organizations).count()

    def task(client: int, number: int) -> bool:
        actor = actors[(client * 13 + number) % len(actors)]
        email = f"{turn}.{client}.{number}@{actor.organization.slug}.example"
        members.add(actor, NewMember("New Member", email, Role.GENERAL_MEMBER))
        return True

    results = workers.run_clients(task, seconds)
    after = Membership.objects.filter(organization__in=organizations).count()
    assert after - before == sum(len(result.times) for result in results), (
        "some users were not stored"
    )
    return results


def _administrators(organizations: list[Organization]) -> list[Membership]:
    found = Membership.objects.select_related("user", "organization")
    return list(found.filter(organization__in=organizations, license_number=1).order_by("pk"))


def _races() -> tuple[int, int]:
    """Let eight clients compete for three licenses; count errors with and without the lock."""
    excess = sum(max(0, _race(number)[0]) for number in range(RACES))

    def unlocked(organization: Organization) -> Organization:
        return Organization.objects.get(pk=organization.pk)

    errors = 0
    with mock.patch.object(members, "lock_organization", unlocked):
        for number in range(RACES, 2 * RACES):
            surplus, collisions = _race(number)
            errors += max(0, surplus) + collisions
    return excess, errors


def _race(number: int) -> tuple[int, int]:
    """Return the number of licenses in excess, and of collisions in the database."""
    organization = data.build(f"race-{number}", 3)
    subscription = get_status(organization, clock.now())
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
            _record_collision(organization.pk, client)
            return False
        return True

    results = workers.run_clients(task, 60)
    won = sum(len(result.times) for result in results)
    assert count_members(organization) == held - 3 + won
    collisions = data.count_scratch(1000 + organization.pk)
    return count_members(organization) - held, collisions


def _record_collision(organization: int, client: int) -> None:
    data.write_scratch(1000 + organization, client)
