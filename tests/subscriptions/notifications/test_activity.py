"""Activities as text."""

import pytest

from subscriptions.models import Activity
from subscriptions.notifications.activity import describe_activity


@pytest.mark.parametrize(
    ("verb", "detail"), [("members_imported", "Users: 3"), ("licenses_bought", "Licenses: 3")]
)
def test_quantity_has_a_label(verb: str, detail: str) -> None:
    assert describe_activity(Activity(verb=verb, data={"quantity": 3})).details == [detail]
