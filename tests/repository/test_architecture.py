"""Every file follows the architecture rules, and every rule can fail."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath

import pytest
from django.db.migrations.loader import MigrationLoader

from subscriptions.text import links
from tests.repository.architecture import (
    APPS,
    RULES,
    Rule,
    Source,
    only_the_clock_reads_the_time,
    sources,
)
from tests.repository.architecture import only_the_ledger_writes_entries as ledger_rule
from tests.repository.architecture import pages_contain_no_inline_code as inline_rule
from tests.repository.architecture import policy_is_pure as purity_rule
from tests.support.urls import named_urls

pytestmark = pytest.mark.one_database

by_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.check.__name__)


@cache
def repository() -> list[Source]:
    return list(sources())


@by_rule
def test_file_follows_the_rule(rule: Rule) -> None:
    findings = [
        f"{source.path}: {finding}" for source in repository() for finding in rule.check(source)
    ]

    assert not findings, "\n".join([rule.description, *findings])


# Folders with generated files, or with a pair of files for each mail.
UNLIMITED = {"migrations", "emails"}
MAX_FILES = 15


def large_folders(paths: Iterable[str]) -> dict[str, int]:
    """Return the folders with too many files, and the number of files."""
    contents: dict[str, set[str]] = defaultdict(set)
    for path in map(PurePosixPath, paths):
        for child, parent in zip([path, *path.parents], path.parents, strict=False):
            if not UNLIMITED & {parent.name, child.name} and child.name != "__init__.py":
                contents[str(parent)].add(child.name)
    return {
        name: len(files)
        for name, files in contents.items()
        if len(files) > MAX_FILES and name != "."
    }


def test_no_folder_has_too_many_files() -> None:
    assert large_folders(source.path for source in repository()) == {}
    assert large_folders(f"a/b/{number}.py" for number in range(16)) == {"a/b": 16}
    assert large_folders(f"a/{number}/x.py" for number in range(16)) == {"a": 16}
    assert large_folders(f"a/emails/{number}.txt" for number in range(99)) == {}


@by_rule
def test_rule_can_fail(rule: Rule) -> None:
    assert rule.check(rule.bad)


def test_rules_cover_the_whole_repository() -> None:
    paths = {source.path for source in repository()}

    assert {
        "billing/__init__.py",
        "subscriptions/clock.py",
        "tests/repository/architecture.py",
    } <= paths
    assert any(path.endswith(".html") for path in paths)


# Cases not covered by the rules' examples ---------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "from ..models import User",
        "import django",
        "def f():\n    from subscriptions.models import User",
    ],
)
def test_relative_and_local_imports_are_found(text: str) -> None:
    assert purity_rule(Source("subscriptions/policy/members.py", text))


def test_policy_may_import_itself() -> None:
    text = "from datetime import date\nfrom .refusal import A\nfrom subscriptions.policy import b"

    assert not purity_rule(Source("subscriptions/policy/members.py", text))


@pytest.mark.parametrize(
    "text",
    [
        "datetime.now(UTC)",
        "datetime.datetime.now()",
        "date.today()",
        "timezone.localdate()",
        "from django.utils.timezone import now",
        "created_at = DateTimeField(auto_now_add=True)",
    ],
)
def test_every_way_to_read_the_time_is_found(text: str) -> None:
    assert only_the_clock_reads_the_time(Source("subscriptions/members/members.py", text))


@pytest.mark.parametrize(
    "text", ["LicenseEntry(quantity=5)", "models.LicenseEntry.objects.bulk_create(entries)"]
)
def test_every_way_to_write_a_ledger_entry_is_found(text: str) -> None:
    assert ledger_rule(Source("billing/support/removals.py", text))


def test_reading_ledger_entries_is_allowed() -> None:
    assert not ledger_rule(Source("billing/x.py", "LicenseEntry.objects.filter(term=term)"))


@pytest.mark.parametrize(
    "text",
    [
        "<style>a{}</style>",
        '<p style="color:red">',
        "<script>go()</script>",
        '<a href="javascript:x">',
    ],
)
def test_every_kind_of_inline_code_is_found(text: str) -> None:
    assert inline_rule(Source("templates/site/base.html", text))


@pytest.mark.parametrize(
    "text",
    [
        '<script src="{% static "menu.js" %}" defer></script>',
        '<script type="application/json" id="data">{}</script>',
        '<input name="online" value="style=plain">',
    ],
)
def test_templates_without_inline_code_pass(text: str) -> None:
    assert not inline_rule(Source("templates/site/base.html", text))


# URLs and migrations ------------------------------------------------------------------------------

URL_TAG = re.compile(r"""{%\s*url\s+["']([\w:.-]+)["']""")
KEY_TAG = re.compile(r"""{%\s*(page|page_name|panel)\s+["']([\w:.-]+)["']""")


def test_url_tags_name_existing_urls() -> None:
    known = {one.name for one in named_urls()}

    missing = [
        f"{source.path}: {name}"
        for source in repository()
        if source.path.endswith(".html") and not source.path.startswith("billing/sandbox/")
        for name in URL_TAG.findall(source.text)
        if name not in known
    ]

    assert known
    assert not missing, "\n".join(["No such URL:", *missing])


def test_billing_pages_and_panels_have_existing_keys() -> None:
    pages, panels = dict(links.PAGES.items()), dict(links.PANELS.items())
    used = {
        (tag == "panel", key)
        for source in repository()
        if source.path.endswith(".html")
        for tag, key in KEY_TAG.findall(source.text)
    }

    assert {key for is_panel, key in used if is_panel} == set(panels)
    assert {key for is_panel, key in used if not is_panel} <= set(pages)
    assert set(pages.values()) <= {one.name for one in named_urls()}


def test_migrations_of_each_app_are_linear() -> None:
    loader = MigrationLoader(None)

    assert loader.detect_conflicts() == {}
    assert forks(loader) == []


def test_forked_migrations_are_found() -> None:
    loader = MigrationLoader(None)
    app, name = next(node for node in loader.graph.nodes if node[0] not in APPS)
    for side in ("left", "right"):
        loader.graph.add_node((app, side), loader.disk_migrations[app, name])
        loader.graph.add_dependency(None, (app, side), (app, name))

    assert forks(loader, apps=(app,))


def forks(loader: MigrationLoader, apps: tuple[str, ...] = APPS) -> list[str]:
    """Return migrations of our apps that have two or more successors in the same app."""
    graph = loader.graph
    found = []
    for key in graph.nodes:
        children = [child.key for child in graph.node_map[key].children if child.key[0] == key[0]]
        if key[0] in apps and len(children) > 1:
            found.append(f"{key}: {sorted(children)}")
    return found
