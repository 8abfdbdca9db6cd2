"""A query that was worked out once answers like the queryset it was made of."""

from datetime import timedelta

from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from subscriptions import clock
from subscriptions.models import Membership, Term
from subscriptions.prepared import Prepared
from tests.world import World

MEMBERS = Prepared(
    lambda given: (
        Membership.objects.filter(organization__slug=given["slug"], joined_at__lt=given["before"])
        .select_related("user", "organization")
        .annotate(double=models.F("license_number") * 2)
        .order_by("license_number")
    ),
    slug=models.SlugField(),
    before=models.DateTimeField(),
)
TERMS = Prepared(
    lambda given: Term.objects.filter(organization=given["organization"]).defer("package_name"),
    organization=models.BigAutoField(),
)


def test_rows_with_what_is_selected_along(world: World) -> None:
    MEMBERS.all(slug="lakeside", before=clock.now())

    with CaptureQueriesContext(connection) as captured:
        found = MEMBERS.all(slug="lakeside", before=clock.now())
        names = [(one.user.name, one.organization.slug, one.double) for one in found]

    assert len(captured) == 1
    assert names[0] == ("Ada Admin", "lakeside", 2)
    assert found == list(world.lakeside.memberships.order_by("license_number"))
    assert found[0].joined_at == world.administrator.joined_at


def test_other_arguments_bring_other_rows(world: World) -> None:
    long_ago = clock.now() - timedelta(days=1000)

    assert [one.user.name for one in MEMBERS.all(slug="harbor", before=clock.now())] == [
        "Harry Harbor"
    ]
    assert MEMBERS.all(slug="lakeside", before=long_ago) == []
    assert MEMBERS.first(slug="nobody", before=clock.now()) is None


def test_a_row_can_be_changed_and_saved(world: World) -> None:
    found = MEMBERS.first(slug="lakeside", before=clock.now())
    assert found is not None
    found.invited_as = "Another"
    found.save()

    world.administrator.refresh_from_db()
    assert world.administrator.invited_as == "Another"


def test_what_is_left_out_is_read_when_it_is_asked_for(world: World) -> None:
    [term] = TERMS.all(organization=world.lakeside.pk)

    assert term.starts_on == world.term.starts_on
    with CaptureQueriesContext(connection) as captured:
        assert term.package_name == world.term.package_name
    assert len(captured) == 1


def test_an_argument_is_a_value_and_no_sql(world: World) -> None:
    assert MEMBERS.all(slug="x' OR '1'='1", before=clock.now()) == []
