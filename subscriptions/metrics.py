"""What is counted of licenses as it happens."""

from prometheus_client import Counter

licenses_short = Counter(
    "licensing_licenses_short_total",
    "Licenses that were missing when somebody was to be added, by what the limit was.",
    ["limit"],
)
