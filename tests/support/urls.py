"""The named URLs of the site."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern


@dataclass(frozen=True)
class NamedUrl:
    """A URL pattern: ``arguments`` are those of the whole path; ``is_route`` means not a regex."""

    name: str
    path: str
    arguments: tuple[str, ...]
    is_route: bool


def named_urls(
    resolver: URLResolver | None = None, namespace: str = "", above: tuple[str, ...] = ()
) -> Iterator[NamedUrl]:
    """Yield every named URL, including the Django admin's."""
    for entry in (resolver or get_resolver()).url_patterns:
        arguments = (*above, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from named_urls(entry, inner, arguments)
        elif entry.name:
            is_route = isinstance(entry.pattern, RoutePattern)
            yield NamedUrl(f"{namespace}{entry.name}", str(entry.pattern), arguments, is_route)
