"""Importing a large roster, and exporting large files in constant memory."""

import time
import tracemalloc

from django.test import Client
from django.test.client import RequestFactory

from subscriptions import clock
from subscriptions.models import LicenseEntry, Membership, Organization, Term
from subscriptions.roster_import import rosters
from subscriptions.roster_import.columns import Sheet
from subscriptions.roster_import.views import users_csv
from tests.programs.bench import data
from tests.programs.bench.data import statements
from tests.programs.bench.goals import Result
from tests.support.rosters import line
from tests.support.world import sign_in


def run(rows: int, members: int) -> list[Result]:
    """Measure importing ``rows``, and exporting a tenth of ``members`` and all of them."""
    return [*_import(rows), *_export(members)]


def _import(rows: int) -> list[Result]:
    organization = data.build("importing", 3)
    term = Term.objects.get(organization=organization)
    LicenseEntry.objects.create(
        term=term,
        quantity=(rows // 5 + 1) * 5,
        cause="add_on",
        effective_at=clock.now(),
        reference="importing:room",
        created_at=clock.now(),
    )
    actor = Membership.objects.get(organization=organization, license_number=1)
    client = Client()
    sign_in(client, actor.user)
    start = time.perf_counter()
    with statements() as executed:
        sheet = Sheet([line(number) for number in range(1, rows + 1)])
        roster = rosters.store(actor, [sheet], source="r.csv")
        response = client.post(f"/o/importing/users/import/{roster.pk}/add/")
    seconds = time.perf_counter() - start
    assert response.status_code == 302, response
    assert organization.memberships.count() == rows + 3
    name = f"import of {rows} rows"
    return [Result(name, [seconds], unit="s"), Result(f"{name}: statements", [len(executed)])]


def _export(members: int) -> list[Result]:
    tenth = data.build("exporting-few", members // 10)
    whole = data.build("exporting-many", members)
    _peak(tenth)  # warm up
    small, large = _peak(tenth), _peak(whole)
    growth = large[0] / small[0]
    return [
        Result(f"export of {members // 10} members: peak memory", [small[0]], unit="MB"),
        Result(f"export of {members} members: peak memory", [large[0]], unit="MB"),
        Result("export: peak memory, ten times as many", [growth], "<= 1.3", "times"),
        Result(f"export of {members} members", [large[1]], unit="s, while memory is traced"),
    ]


def _peak(organization: Organization) -> tuple[float, float]:
    """Return the peak memory (MB) while the download is read in pieces, and the seconds."""
    member = Membership.objects.get(organization=organization, license_number=1)
    request = RequestFactory().get("/")
    request.user = member.user
    request.session = Client().session
    start = time.perf_counter()
    tracemalloc.start()
    response = users_csv(request, organization.slug)
    lines = sum(piece.count(b"\r\n") for piece in response)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert lines == organization.memberships.count() + 1, lines
    return peak, time.perf_counter() - start
