"""Processor time and response time of pages, in small and large databases."""

import statistics
from typing import Any

from tests.programs.bench.goals import Result
from tests.programs.bench.load import Server, cost_per_response, per_second

ADMIN = {
    "admin: organizations": "/admin/subscriptions/organization/",
    "admin: search of one": "/admin/subscriptions/organization/?q=measured",
    "admin: memberships": "/admin/subscriptions/membership/",
    "admin: purchases": "/admin/billing/purchase/",
}
# More than this would be noticed in an organization of 50,000.
MAX_EXTRA_MILLISECONDS = 10


def cost(small: Server, large: Server, rounds: int, seconds: float) -> list[Result]:
    """Measure CPU time and wait of each page for one client, and its rate for eight.

    ``small``: four organizations. ``large``: thousands, including one of 5,000 and one of 50,000.
    """
    results: list[Result] = []
    for name in small.pages("measured"):
        cases = {
            "4 organizations": (small, "measured"),
            "large database": (large, "measured"),
            "5,000 users": (large, "users-5000"),
            "50,000 users": (large, "largest"),
        }
        results += _page(name, cases, rounds, seconds)
    results += [_rate(name, small, rounds, seconds) for name in small.pages("measured")]
    return results


def _page(
    name: str, cases: dict[str, tuple[Server, str]], rounds: int, seconds: float
) -> list[Result]:
    cpu: dict[str, list[float]] = {label: [] for label in cases}
    waits: dict[str, list[float]] = {label: [] for label in cases}
    for _ in range(rounds):
        for label, (server, slug) in cases.items():
            page = server.pages(slug)[name]["path"]
            cpu_seconds, wait = cost_per_response(server, page, server.cookie(slug), seconds)
            cpu[label].append(cpu_seconds * 1000)
            waits[label].append(wait * 1000)
    base, large, with_5000, with_50000 = cases
    results = [Result(f"{name}, {label}: CPU", cpu[label], unit="ms") for label in cases]
    results += [Result(f"{name}, {label}: wait", waits[label], unit="ms") for label in cases]
    for larger, smaller in ((large, base), (with_5000, large)):
        ratios = [
            after / before for before, after in zip(waits[smaller], waits[larger], strict=True)
        ]
        label = f"{name}, {larger}: times {smaller}"
        results.append(Result(label, ratios, "<= 1.3", baseline=waits[smaller]))
    extra = [after - before for before, after in zip(waits[large], waits[with_50000], strict=True)]
    label = f"{name}, {with_50000}: more than {large}"
    results.append(Result(label, extra, f"<= {MAX_EXTRA_MILLISECONDS}", "ms"))
    return results


def _rate(name: str, server: Server, rounds: int, seconds: float) -> Result:
    page, cookie = server.pages("measured")[name]["path"], server.cookie("measured")
    rates = [per_second(server.port, page, cookie, seconds) for _ in range(rounds)]
    return Result(f"{name}: for 8 clients", rates, unit="per second")


def queries(small: Server, large: Server) -> list[Result]:
    """Count the queries besides those for session and user, with 100 users and with 50,000."""
    results = []
    for name, page in small.pages("measured").items():
        pair = [page["queries"], large.pages("largest")[name]["queries"]]
        results.append(Result(f"{name}: queries", [max(pair)], "<= 8"))
        difference = abs(pair[0] - pair[1])
        results.append(Result(f"{name}: more queries with 50,000 users", [difference], "<= 0"))
    return results


def admin(small: Server, large: Server, rounds: int, seconds: float) -> list[Result]:
    """Measure how much longer admin lists, which count their rows, take in the large database."""
    results = []
    for name, path in ADMIN.items():
        before: list[float] = []
        after: list[float] = []
        for _ in range(rounds):
            for server, waits in ((small, before), (large, after)):
                _cpu, wait = cost_per_response(server, path, server.support("measured"), seconds)
                waits.append(wait)
        ratios = [late / early for early, late in zip(before, after, strict=True)]
        note = f"{statistics.median(before) * 1000:.1f} to {statistics.median(after) * 1000:.1f} ms"
        label = f"{name}: times 4 organizations"
        results.append(Result(label, ratios, baseline=before, note=note))
    return results


def run(small: Server, large: Server, options: dict[str, Any]) -> list[Result]:
    """Return all results about pages."""
    return [*queries(small, large), *cost(small, large, **options), *admin(small, large, **options)]
