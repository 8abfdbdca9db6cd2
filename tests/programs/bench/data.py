"""Create large amounts of data quickly, by copying rows in single SQL statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, models

from billing.models import Purchase
from subscriptions import clock
from subscriptions.models import LicenseEntry, Membership, Organization, Term, User
from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.support.world import build_term

# Keys of copied rows start here, above those of the rows that the product writes.
FIRST = 1_000_000
# Per organization.
MEMBERS, ENTRIES, PURCHASES = 100, 50, 25


def fill_small() -> None:
    """Create four organizations of 100 members; pages are measured in the first."""
    for number in range(4):
        build("measured" if number == 0 else f"other-{number}", MEMBERS)
    _finish()


def fill_large(organizations: int, largest: int) -> None:
    """Create ``organizations`` of 100 members each, one of 5,000 and one of ``largest``."""
    sample = build("measured", MEMBERS)
    build("users-5000", 5000)
    build("largest", largest)
    with _without_triggers():
        _copy_organization(sample, organizations)
    _finish()


def build(slug: str, members: int) -> Organization:
    """Create an organization with an Administrator, members, purchases and a ledger."""
    organization: Organization = OrganizationFactory.create(slug=slug, name=f"Officials of {slug}")
    term = build_term(
        organization,
        licenses=members + 1000,
        starts_on=clock.today() - timedelta(days=100),
    )
    user = UserFactory.create(email=f"administrator@{slug}.example", name="Ada Administrator")
    MembershipFactory.create(
        organization=organization, user=user, role=Role.ADMINISTRATOR, license_number=1
    )
    _add_members(organization, members - 1)
    _add_purchases(organization, term)
    return organization


def add_members(organization: Organization, number: int) -> None:
    """Add ``number`` members on the licenses after the highest."""
    sample = Membership.objects.filter(organization=organization, license_number=2).get()
    start = organization.memberships.count()
    users, memberships = next_key(User), next_key(Membership)
    copy(
        sample.user,
        number,
        id=f"{users} + i",
        email=f"'more' || (i + {start}) || '@{organization.slug}.example'",
        name="'Person ' || i",
    )
    copy(
        sample,
        number,
        id=f"{memberships} + i",
        key=_uuid(),
        user_id=f"{users} + i",
        license_number=f"i + {start + 1}",
    )


def is_postgresql() -> bool:
    """Return whether the database has row locks."""
    return connection.vendor == "postgresql"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield a list that collects all SQL statements but BEGIN (on PostgreSQL) and COMMIT."""
    executed: list[str] = []

    def record(execute: Any, sql: str, *rest: Any) -> Any:
        executed.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(record):
        yield executed


def write_scratch(client: int, number: int) -> None:
    """Insert a row into the scratch table."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_scratch VALUES (%s, %s)", [client, number])


def count_scratch(client: int) -> int:
    """Count a client's rows in the scratch table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bench_scratch WHERE client = %s", [client])
        [number] = cursor.fetchone()
    return int(number)


def next_key(model: type[models.Model]) -> int:
    """Return the key of the first of several copied rows."""
    highest = model._default_manager.aggregate(highest=models.Max("pk"))["highest"] or 0
    return max(FIRST, highest + 1)


def copy(sample: models.Model, number: int, **columns: str) -> None:
    """Insert copies of a row, with ``columns`` as SQL in which ``i`` counts from 0."""
    table = sample._meta.db_table
    names = [str(field.column) for field in sample._meta.concrete_fields]
    if number < 1:
        return
    # Percent signs are doubled in statements with parameters.
    values = [columns.get(name, f"sample.{name}").replace("%", "%%") for name in names]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers "
            f"WHERE i < {number - 1}) "
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
            f"FROM {table} AS sample, numbers WHERE sample.{sample._meta.pk.column} = %s",
            [_plain(sample.pk)],
        )
        if is_postgresql() and sample._meta.pk.get_internal_type() == "BigAutoField":
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )


def _add_members(organization: Organization, number: int) -> None:
    MembershipFactory.create(
        organization=organization,
        user=UserFactory.create(email=f"m@{organization.slug}.example"),
        license_number=2,
    )
    add_members(organization, number - 1)


def _add_purchases(organization: Organization, term: Term) -> None:
    now = clock.now()
    purchase = Purchase.objects.create(
        kind="add_on",
        organization=organization,
        term=term,
        quantity=5,
        unit_amount=500,
        total_amount=2500,
        currency="usd",
        organization_name=organization.name,
        package_name="Association",
        buyer_name="B",
        buyer_email="b@people.example",
        idempotency_key=f"{organization.slug}:sample",
        session_id=f"cs_{organization.slug}",
        payment_intent_id=f"pi_{organization.slug}",
        created_at=now - timedelta(days=2),
        paid_at=now,
        settled_at=now,
        receipt_number=1,
        status="settled",
    )
    copy(purchase, PURCHASES + 4, **_purchase_columns(organization.slug, "i + 2"))
    entry = LicenseEntry.objects.get(term=term)
    keys = next_key(LicenseEntry)
    entry_columns = {
        "id": f"{keys} + i",
        "quantity": "5",
        "cause": "'add_on'",
        "reference": f"'{organization.slug}:' || i",
    }
    copy(entry, ENTRIES, **entry_columns)


def _purchase_columns(prefix: str, receipt: str) -> dict[str, str]:
    return {
        "id": _uuid(),
        "submission": _uuid(),
        # A minute apart, as real purchases are, so that lists of the newest are read from an index.
        "created_at": _minutes_before("sample.created_at", "i"),
        "receipt_number": receipt,
        **dict.fromkeys(
            ("idempotency_key", "session_id", "payment_intent_id"), f"'{prefix}:' || i"
        ),
    }


def _copy_organization(sample: Organization, number: int) -> None:
    """Copy an organization with all its rows, in one statement per table."""
    key = {model: next_key(model) for model in (Organization, Term, User, Membership, LicenseEntry)}
    organizations, terms, users = key[Organization], key[Term], key[User]
    copy(
        sample,
        number,
        id=f"{organizations} + i",
        slug="'o-' || i",
        name="'Association ' || i",
        billing_email="'treasurer@o-' || i || '.example'",
    )
    term = Term.objects.get(organization=sample)
    copy(term, number, id=f"{terms} + i", organization_id=f"{organizations} + i")
    member = Membership.objects.get(organization=sample, license_number=2)
    copy(
        member.user,
        number * MEMBERS,
        id=f"{users} + i",
        email=f"'m' || (i % {MEMBERS}) || '@o-' || (i / {MEMBERS}) || '.example'",
        name=f"'Person ' || (i % {MEMBERS}) || ' of ' || (i / {MEMBERS})",
    )
    copy(
        member,
        number * MEMBERS,
        id=f"{key[Membership]} + i",
        key=_uuid(),
        user_id=f"{users} + i",
        organization_id=f"{organizations} + i / {MEMBERS}",
        license_number=f"i % {MEMBERS} + 1",
        role=f"CASE WHEN i % {MEMBERS} = 0 THEN 'administrator' ELSE sample.role END",
    )
    entry = LicenseEntry.objects.filter(term=term, cause="included").get()
    copy(
        entry,
        number * ENTRIES,
        id=f"{key[LicenseEntry]} + i",
        term_id=f"{terms} + i / {ENTRIES}",
        quantity=f"CASE WHEN i % {ENTRIES} = 0 THEN 200 ELSE 5 END",
        cause=f"CASE WHEN i % {ENTRIES} = 0 THEN 'included' ELSE 'add_on' END",
        reference="'copied:' || i",
    )
    purchase = Purchase.objects.filter(organization=sample, receipt_number=1).get()
    copy(
        purchase,
        number * 5,
        organization_id=f"{organizations} + i / 5",
        term_id=f"{terms} + i / 5",
        **_purchase_columns("copied", "i % 5 + 1"),
    )


@contextmanager
def _without_triggers() -> Iterator[None]:
    """Disable PostgreSQL's triggers during the block."""
    if not is_postgresql():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")


def _finish() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if is_postgresql() else "ANALYZE")


def _minutes_before(instant: str, minutes: str) -> str:
    if is_postgresql():
        return f"{instant} - ({minutes}) * interval '1 minute'"
    return f"strftime('%Y-%m-%d %H:%M:%f', {instant}, '-' || ({minutes}) || ' minutes')"


def _uuid() -> str:
    return "gen_random_uuid()" if is_postgresql() else "lower(hex(randomblob(16)))"


def _plain(key: Any) -> Any:
    return key.hex if connection.vendor == "sqlite" and hasattr(key, "hex") else key
