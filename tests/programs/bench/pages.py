"""What a page costs: processor time and waiting, in small and large databases."""

import statistics
from typing import Any

from tests.programs.bench.goals import Result
from tests.programs.bench.load import Server, cost_each, per_second

ADMIN = {
    "admin: organizations": "/admin/subscriptions/organization/",
    "admin: search of one": "/admin/subscriptions/organization/?q=measured",
    "admin: memberships": "/admin/subscriptions/membership/",
    "admin: purchases": "/admin/billing/purchase/",
}
# As issued by the administrator of an organization of 50,000: not felt.
MOST_MILLISECONDS_MORE = 10


def cost(few: Server, many: Server, rounds: int, seconds: float) -> list[Result]:
    """Milliseconds of CPU and of waiting of each page, for one client; then eight at once.

    ``few``: four organizations. ``many``: thousands, among them one of 5,000 and one of 50,000.
    """
    results: list[Result] = []
    for name in few.pages("measured"):
        asked = {
            "4 organizations": (few, "measured"),
            "large database": (many, "measured"),
            "5,000 users": (many, "crowd-5000"),
            "50,000 users": (many, "crowd"),
        }
        results += _page(name, asked, rounds, seconds)
    results += [_eight(name, few, rounds, seconds) for name in few.pages("measured")]
    return results


def _page(
    name: str, asked: dict[str, tuple[Server, str]], rounds: int, seconds: float
) -> list[Result]:
    cpu: dict[str, list[float]] = {label: [] for label in asked}
    waits: dict[str, list[float]] = {label: [] for label in asked}
    for _ in range(rounds):
        for label, (server, slug) in asked.items():
            page = server.pages(slug)[name]["path"]
            spent, wait = cost_each(server, page, server.cookie(slug), seconds)
            cpu[label].append(spent * 1000)
            waits[label].append(wait * 1000)
    first, large, big, crowd = asked
    results = [Result(f"{name}, {label}: CPU", cpu[label], unit="ms") for label in asked]
    results += [Result(f"{name}, {label}: wait", waits[label], unit="ms") for label in asked]
    for late, early in ((large, first), (big, large)):
        ratios = [after / before for before, after in zip(waits[early], waits[late], strict=True)]
        label = f"{name}, {late}: times {early}"
        results.append(Result(label, ratios, "<= 1.3", anchor=waits[early]))
    more = [after - before for before, after in zip(waits[large], waits[crowd], strict=True)]
    label = f"{name}, {crowd}: more than {large}"
    results.append(Result(label, more, f"<= {MOST_MILLISECONDS_MORE}", "ms"))
    return results


def _eight(name: str, server: Server, rounds: int, seconds: float) -> Result:
    page, cookie = server.pages("measured")[name]["path"], server.cookie("measured")
    rates = [per_second(server.port, page, cookie, seconds) for _ in range(rounds)]
    return Result(f"{name}: for 8 clients", rates, unit="a second")


def queries(few: Server, many: Server) -> list[Result]:
    """Besides those for session and user; as many with 100 users as with 50,000."""
    results = []
    for name, page in few.pages("measured").items():
        pair = [page["queries"], many.pages("crowd")[name]["queries"]]
        results.append(Result(f"{name}: queries", [max(pair)], "<= 8"))
        differ = abs(pair[0] - pair[1])
        results.append(Result(f"{name}: more queries with 50,000 users", [differ], "<= 0"))
    return results


def admin(few: Server, many: Server, rounds: int, seconds: float) -> list[Result]:
    """How much longer an admin list takes in the large database; it counts its rows."""
    results = []
    for name, path in ADMIN.items():
        before: list[float] = []
        after: list[float] = []
        for _ in range(rounds):
            for server, waits in ((few, before), (many, after)):
                _spent, wait = cost_each(server, path, server.support("measured"), seconds)
                waits.append(wait)
        ratios = [late / early for early, late in zip(before, after, strict=True)]
        note = f"{statistics.median(before) * 1000:.1f} to {statistics.median(after) * 1000:.1f} ms"
        label = f"{name}: times 4 organizations"
        results.append(Result(label, ratios, anchor=before, note=note))
    return results


def run(few: Server, many: Server, options: dict[str, Any]) -> list[Result]:
    """Everything about pages."""
    return [*queries(few, many), *cost(few, many, **options), *admin(few, many, **options)]
