"""Architecture rules: each is a small function that returns the violations of a file.

``test_architecture.py`` checks every file against every rule, and checks with a ``bad`` example
that each rule can fail.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
APPS = ("licensing_site", "subscriptions", "billing")
FOLDERS = (*APPS, "tests", "templates", "static")
MAX_LINES = 400


@dataclass(frozen=True)
class Source:
    """A file of the repository, or an example."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> set[str]:
        """Return every module imported anywhere in the file, and every name imported from one."""
        return set(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = PurePosixPath(self.path).parts[: -node.level]
        return ".".join([*package, *filter(None, [node.module])])

    def imports_of(self, *modules: str) -> list[str]:
        """Return the imports from these modules and their submodules."""
        return sorted(name for name in self.imports if is_within(name, *modules))

    def is_in(self, *paths: str) -> bool:
        """Return whether the file is one of the paths, or is in one that ends in ``/``."""
        return any(
            self.path.startswith(path) if path.endswith("/") else self.path == path
            for path in paths
        )


def is_within(name: str, *modules: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


Check = Callable[[Source], list[str]]


@dataclass(frozen=True)
class Rule:
    description: str
    check: Check
    bad: Source


RULES: list[Rule] = []


def rule(description: str, path: str, bad: str) -> Callable[[Check], Check]:
    """Register a rule, with an example that breaks it."""

    def register(check: Check) -> Check:
        RULES.append(Rule(description, check, Source(path, bad)))
        return check

    return register


def is_app_code(source: Source) -> bool:
    return source.path.endswith(".py") and source.is_in(*(f"{app}/" for app in APPS))


# Layers -----------------------------------------------------------------------------------------


@rule(
    "policy is pure: it imports only the standard library and itself",
    "subscriptions/policy/calendar.py",
    "from django.utils import timezone",
)
def policy_is_pure(source: Source) -> list[str]:
    if not source.is_in("subscriptions/policy/"):
        return []
    allowed = (*sys.stdlib_module_names, "subscriptions.policy")
    return sorted(
        name for name in source.imports - {"subscriptions"} if not is_within(name, *allowed)
    )


@rule(
    "only the gateway imports stripe (and the tests that compare the sandbox with the real Stripe)",
    "billing/events/webhook.py",
    "import stripe",
)
def only_the_gateway_imports_stripe(source: Source) -> list[str]:
    # The sandbox reads the parameters that a request may have from the SDK's types.
    allowed = ("billing/gateway/", "billing/sandbox/protocol/schema.py")
    if not source.path.endswith(".py") or source.is_in(*allowed):
        return []
    if source.is_in("tests/") and re.search(
        r"sandbox|contract|gateway|deliveries|/rival/", source.path
    ):
        return []
    return source.imports_of("stripe")


@rule(
    "only urls.py imports views",
    "billing/settlement/settle.py",
    "from billing.checkout.views.add_licenses import add_licenses",
)
def only_urls_import_views(source: Source) -> list[str]:
    if not is_app_code(source):
        return []
    path = PurePosixPath(source.path)
    if path.name == "urls.py" or "views" in path.parts:
        return []
    return sorted(name for name in source.imports_of(*APPS) if "views" in name.split("."))


# Single writers ---------------------------------------------------------------------------------

READS_THE_TIME = re.compile(
    r"(^|\.)(timezone\.(now|localdate|localtime)|datetime\.(now|utcnow|today)|date\.today)$"
)


@rule(
    "only subscriptions/clock.py reads the time",
    "billing/models/purchases.py",
    "from django.utils import timezone\nstarted_at = DateTimeField(default=timezone.now)",
)
def only_the_clock_reads_the_time(source: Source) -> list[str]:
    if not is_app_code(source) or source.is_in("subscriptions/clock.py", "billing/sandbox/"):
        return []
    if "/migrations/" in source.path:
        return []
    return [*_time_functions(source), *_automatic_time_fields(source)]


def _time_functions(source: Source) -> list[str]:
    attributes = (node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute))
    names = [ast.unparse(node) for node in attributes]
    imported = source.imports_of("django.utils.timezone.now", "django.utils.timezone.localdate")
    return [*filter(READS_THE_TIME.search, names), *imported]


def _automatic_time_fields(source: Source) -> list[str]:
    keywords = (node for node in ast.walk(source.tree) if isinstance(node, ast.keyword))
    return [node.arg for node in keywords if node.arg in {"auto_now", "auto_now_add"}]


WRITES_AN_ENTRY = re.compile(
    r"LicenseEntry(\.objects\.(a?(bulk_|get_or_|update_or_)?create|a?update|a?bulk_update))?$"
)


@rule(
    "only subscriptions/licenses/ledger.py writes license entries",
    "billing/refunds/sync.py",
    "LicenseEntry.objects.create(quantity=-5)",
)
def only_the_ledger_writes_entries(source: Source) -> list[str]:
    if not is_app_code(source) or source.is_in("subscriptions/licenses/ledger.py"):
        return []
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    names = (ast.unparse(call.func) for call in calls)
    return [name for name in names if WRITES_AN_ENTRY.search(name)]


@rule(
    "no admin page is replaced: other apps add to it by key (subscriptions/admin/parts)",
    "billing/admin/organizations.py",
    "admin.site.unregister(Organization)",
)
def no_admin_page_is_replaced(source: Source) -> list[str]:
    if not is_app_code(source):
        return []
    attributes = (node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute))
    return [node.attr for node in attributes if node.attr == "unregister"]


# Templates --------------------------------------------------------------------------------------

INLINE_CODE = re.compile(
    r"""<style\b | <[^<>]*\s(?:style|on[a-z]+)\s*=\s*["'{] | href\s*=\s*["']?\s*javascript:
    | <script\b(?![^>]*\bsrc=)(?![^>]*\btype="application/json")""",
    re.VERBOSE | re.IGNORECASE,
)
TEMPLATE_COMMENT = re.compile(r"{#.*?#}|{% comment .*?endcomment %}|<!--.*?-->", re.DOTALL)


def is_page(source: Source) -> bool:
    return source.path.endswith(".html") and "emails/" not in source.path


@rule(
    "pages contain no inline scripts or styles, so that the content policy can forbid them",
    "templates/site/base.html",
    '<button class="plus" onclick="buy()">Add Licenses</button>',
)
def pages_contain_no_inline_code(source: Source) -> list[str]:
    if not is_page(source):
        return []
    text = TEMPLATE_COMMENT.sub("", source.text)
    return [match.group()[:60] for match in INLINE_CODE.finditer(text)]


BILLING_URL = re.compile(r"""["'](billing:\w+|admin:billing_\w+|billing/[\w/]+\.html)["']""")


@rule(
    "only billing names its URLs: subscriptions and page layouts use links.py",
    "templates/members/users.html",
    "<a href=\"{% url 'billing:add_licenses' slug %}\">",
)
def only_billing_names_its_urls(source: Source) -> list[str]:
    if "/billing/" in source.path:
        return []
    if not (source.path.endswith(".html") or source.is_in("subscriptions/")):
        return []
    return BILLING_URL.findall(source.text)


# Size -------------------------------------------------------------------------------------------


@rule(
    f"no file is longer than {MAX_LINES} lines: split it by subject",
    "billing/settlement/settle.py",
    "\n" * (MAX_LINES + 1),
)
def no_file_is_too_long(source: Source) -> list[str]:
    if "/migrations/" in source.path:  # generated
        return []
    lines = source.text.count("\n")
    return [f"{lines} lines"] if lines > MAX_LINES else []


def sources() -> Iterator[Source]:
    """Yield every file in the repository that people write and read."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".css", ".js"} and path.is_file():
                yield Source(path.relative_to(ROOT).as_posix(), path.read_text())
