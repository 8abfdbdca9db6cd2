"""Lists and searches with 20,000 organizations, in a separate run because setup is slow.

Run ``make scale`` or ``pytest -m scale``. SCALE_MEMBERS is the number of members per organization.
"""

import os
import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Purchase
from subscriptions import clock
from subscriptions.models import LicenseEntry, Membership, Organization, Term, User
from tests.support.databases import _temporary_copy
from tests.support.factories import PackageFactory
from tests.support.world import World, build_world

pytestmark = pytest.mark.scale
ORGANIZATIONS = 20_000
MEMBERS = int(os.environ.get("SCALE_MEMBERS", "5"))
# Seconds per page. A sequential scan of a large table takes many times as long.
MAX_SECONDS = 3.0
CHUNK = 5_000

ORGANIZATION, MEMBERSHIP = "/admin/subscriptions/organization/", "/admin/subscriptions/membership/"
USER, PURCHASE = "/admin/subscriptions/user/", "/admin/billing/purchase/"
ENTRY, TERM = "/admin/subscriptions/licenseentry/", "/admin/subscriptions/term/"

# Index lookups: none of these scans a whole table.
SEARCHES = [
    (ORGANIZATION, {"q": "Association 1234"}),
    (ORGANIZATION, {"q": "o-12345"}),
    (ORGANIZATION, {"q": "m3.o-777@"}),
    (ORGANIZATION, {"q": "m3.o-777@people.example"}),
    (ORGANIZATION, {"q": "pi_7777"}),
    (ORGANIZATION, {"q": "cs_7777"}),
    (ORGANIZATION, {"q": "re_7777"}),
    (MEMBERSHIP, {"q": "m3.o-777@people.example"}),
    (MEMBERSHIP, {"q": "Association 1234"}),
    (MEMBERSHIP, {"q": "Person 3 of 777"}),
    (USER, {"q": "m3.o-777@"}),
    (USER, {"q": "Person 3 of 777"}),
    (PURCHASE, {"q": "pi_7777"}),
    (PURCHASE, {"q": "Association 1234"}),
    (PURCHASE, {"q": "m1.o-777@people.example"}),
    (ENTRY, {"q": "purchase:4be0643f-1d98-573b-97cd-ca98a65347dd"}),
    (TERM, {"q": "Association 1234"}),
]
LISTS = [
    ("/admin/", {}),
    ("/admin/health/", {}),
    (ORGANIZATION, {}),
    (ORGANIZATION, {"p": "30"}),
    *[
        (ORGANIZATION, {"phase": phase})
        for phase in ("running", "window", "expired", "closed", "none")
    ],
    (ORGANIZATION, {"over": "yes"}),
    (ORGANIZATION, {"problems": "yes"}),
    (MEMBERSHIP, {}),
    (MEMBERSHIP, {"role__exact": "administrator"}),
    (MEMBERSHIP, {"state__exact": "invited"}),
    (USER, {}),
    (PURCHASE, {}),
    (PURCHASE, {"status__exact": "review"}),
    (PURCHASE, {"refunded": "yes"}),
    (ENTRY, {}),
    (ENTRY, {"cause__exact": "reversal"}),
    (TERM, {}),
    ("/admin/subscriptions/activity/", {}),
    ("/admin/subscriptions/notification/", {}),
    ("/admin/subscriptions/thread/", {}),
]
LARGE_TABLES = ("subscriptions_user", "subscriptions_membership", "billing_purchase")


@pytest.fixture(scope="module")
def large_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Create 20,000 organizations with members, shared by all tests of this module."""
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock(), _temporary_copy():
        world = build_world()
        fill()
        yield world
        clock.freeze(None)


def fill() -> None:
    """Spread term ends over the year, so that every phase has organizations."""
    now = clock.now()
    package = PackageFactory.create()
    for start in range(0, ORGANIZATIONS, CHUNK):
        numbers = range(start, start + CHUNK)
        organizations = Organization.objects.bulk_create(
            Organization(
                name=f"Association {number}",
                slug=f"o-{number}",
                currency="usd",
                billing_email=f"treasurer@o-{number}.example",
                created_at=now,
            )
            for number in numbers
        )
        terms = Term.objects.bulk_create(
            Term(
                organization=organization,
                package=package,
                package_name="Association",
                unit_amount=500,
                currency="usd",
                starts_on=date(2030, 5, 1) + timedelta(days=index % 400),
                expires_on=date(2031, 4, 30) + timedelta(days=index % 400),
                created_at=now,
            )
            for index, organization in enumerate(organizations)
        )
        LicenseEntry.objects.bulk_create(
            LicenseEntry(
                term=term,
                quantity=MEMBERS + 5,
                cause="included",
                effective_at=now - timedelta(days=500),
                reference=f"filled:{term.pk}",
                created_at=now,
            )
            for term in terms
        )
        Purchase.objects.bulk_create(purchase(*pair) for pair in zip(numbers, terms, strict=True))
        for member in range(MEMBERS):
            add_members(numbers, organizations, member)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def add_members(numbers: range, organizations: list[Organization], member: int) -> None:
    now = clock.now()
    users = User.objects.bulk_create(
        User(email=f"m{member}.o-{number}@people.example", name=f"Person {member} of {number}")
        for number in numbers
    )
    Membership.objects.bulk_create(
        Membership(
            organization=organization,
            user=user,
            role="general_member" if member else "administrator",
            state="active",
            license_number=member + 1,
            created_at=now,
        )
        for organization, user in zip(organizations, users, strict=True)
    )


def purchase(number: int, term: Term) -> Purchase:
    now = clock.now() - timedelta(minutes=number)
    return Purchase(
        kind="add_on",
        organization_id=term.organization_id,
        term=term,
        quantity=5,
        unit_amount=500,
        total_amount=2500,
        currency="usd",
        organization_name="A",
        package_name="Association",
        buyer_name="B",
        buyer_email=f"m1.o-{number}@people.example",
        idempotency_key=f"filled:{number}",
        session_id=f"cs_{number}",
        payment_intent_id=f"pi_{number}",
        created_at=now,
        paid_at=now,
        settled_at=now,
        receipt_number=1,
        status="settled",
    )


def visit(client: Client, path: str, query: dict[str, str]) -> list[str]:
    """Return the statements of one page; fail if it is slow."""
    client.get(path, query)  # fill the caches of this process
    with CaptureQueriesContext(connection) as captured:
        start = time.perf_counter()
        response = client.get(path, query)
        seconds = time.perf_counter() - start
    assert response.status_code == 200, (path, query)
    slowest = max(captured.captured_queries, key=lambda row: float(row["time"]))
    print(f"{path} {query}: {len(captured)} queries, {seconds:.3f} s, slowest {slowest['time']} s")
    assert seconds < MAX_SECONDS, slowest["sql"]
    return [row["sql"] for row in captured.captured_queries]


@pytest.mark.parametrize(("path", "query"), [*LISTS, *SEARCHES], ids=str)
def test_page_loads_within_the_limit(large_world: World, path: str, query: dict[str, str]) -> None:
    statements = visit(large_world.client(large_world.support), path, query)

    assert len(statements) <= 30


@pytest.mark.parametrize(("path", "query"), SEARCHES, ids=str)
def test_search_scans_no_large_table(large_world: World, path: str, query: dict[str, str]) -> None:
    scans = [
        f"{table}: {statement}"
        for statement in visit(large_world.client(large_world.support), path, query)
        for table in scanned_tables(statement)
    ]

    assert not scans, "\n".join(scans)


def test_organization_page_loads_within_the_limit(large_world: World) -> None:
    organization = Organization.objects.get(slug="o-777")
    page = f"{ORGANIZATION}{organization.pk}/change/"

    assert len(visit(large_world.client(large_world.support), page, {})) <= 45


def scanned_tables(statement: str) -> list[str]:
    """Return the large tables that the query plan scans sequentially."""
    if not statement.startswith("SELECT"):
        return []
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}")
        plan = "\n".join(str(row) for row in cursor.fetchall())
    pattern = r"SCAN (\w+)(?! USING)" if is_sqlite else r"Seq Scan on (\w+)"
    tables: list[Any] = re.findall(pattern, plan)
    return [table for table in tables if table in LARGE_TABLES]
