"""Metrics of requests, and their output for Prometheus.

Several processes serve the site. Each writes its numbers to ``PROMETHEUS_MULTIPROC_DIR``, which
``licensing_site.serving`` sets up, and the process that serves ``/metrics`` adds them up.
"""

import os

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

request_seconds = Histogram(
    "licensing_request_seconds",
    "Seconds from request to response, by page and status.",
    ["page", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    from billing.settlement.metrics import DatabaseGauges

    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(DatabaseGauges())
        return generate_latest(registry)
    registry.register(DatabaseGauges())
    return generate_latest(registry) + generate_latest(REGISTRY)
