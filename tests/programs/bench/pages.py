"""Pages against their floor, and what a large database does to them."""

import statistics
from typing import Any

from tests.programs.bench.goals import Result
from tests.programs.bench.load import per_second, seconds_each

AGAINST_FLOOR = ("home", "subscription", "add licenses", "users", "purchases")
ADMIN = {
    "admin: organizations": "/admin/subscriptions/organization/",
    "admin: search of one": "/admin/subscriptions/organization/?q=measured",
    "admin: memberships": "/admin/subscriptions/membership/",
    "admin: purchases": "/admin/billing/purchase/",
}


def throughput(server: dict[str, Any], rounds: int, seconds: float) -> list[Result]:
    """Answers a second to eight clients, as a share of the floor's."""
    port, found = server["port"], server["found"]["measured"]
    results = []
    for name in AGAINST_FLOOR:
        page = found["pages"][name]
        floor = f"/bench/floor/{page['bytes']}/"
        floors, pages = [], []
        for _ in range(rounds):
            floors.append(per_second(port, floor, found["cookie"], seconds))
            pages.append(per_second(port, page["path"], found["cookie"], seconds))
        ratios = [page / floor for page, floor in zip(pages, floors, strict=True)]
        rates = f"{statistics.median(pages):.0f} of {statistics.median(floors):.0f} a second"
        results.append(
            Result(f"{name}: share of the floor", ratios, ">= 0.5", anchor=floors, note=rates)
        )
    return results


def queries(small: dict[str, Any], large: dict[str, Any]) -> list[Result]:
    """Besides those for session and user; as many with 100 members as with 50,000."""
    results = []
    few, many = (side["pages"] for side in (small["found"]["measured"], large["found"]["crowd"]))
    for name in few:
        pair = [few[name]["queries"], many[name]["queries"]]
        results.append(Result(f"{name}: queries", [max(pair)], "<= 8"))
        differ = abs(pair[0] - pair[1])
        results.append(Result(f"{name}: more with 50,000 members", [differ], "<= 0"))
    return results


def size(small: dict[str, Any], large: dict[str, Any], rounds: int, seconds: float) -> list[Result]:
    """How much longer a page takes in the large database than in the one of four."""
    results = []
    few = small["found"]["measured"]
    for slug in ("measured", "crowd"):
        many = large["found"][slug]
        for name in few["pages"]:
            paths = few["pages"][name]["path"], many["pages"][name]["path"]
            label = f"{name}, {'50,000 members' if slug == 'crowd' else 'large database'}"
            cookies = few["cookie"], many["cookie"]
            results.append(_compared(label, small, large, paths, cookies, rounds, seconds))
    cookies = few["support"], large["found"]["measured"]["support"]
    for name, path in ADMIN.items():
        results.append(_compared(name, small, large, (path, path), cookies, rounds, seconds))
    return results


def _compared(
    name: str,
    small: dict[str, Any],
    large: dict[str, Any],
    paths: tuple[str, str],
    cookies: tuple[str, str],
    rounds: int,
    seconds: float,
) -> Result:
    before: list[float] = []
    after: list[float] = []
    for _ in range(rounds):
        for side, path, cookie, medians in zip(
            (small, large), paths, cookies, (before, after), strict=True
        ):
            times = seconds_each(side["port"], path, cookie, seconds)
            medians.append(statistics.median(times))
    ratios = [late / early for early, late in zip(before, after, strict=True)]
    milliseconds = (
        f"{statistics.median(before) * 1000:.1f} to {statistics.median(after) * 1000:.1f} ms"
    )
    return Result(f"{name}: times as long", ratios, "<= 1.3", anchor=before, note=milliseconds)
