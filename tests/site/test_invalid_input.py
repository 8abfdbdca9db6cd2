"""Input that the database would reject is refused by the form."""

import uuid
from http import HTTPStatus

import pytest
from django.test import Client

from tests.support.factories import PackageFactory
from tests.support.pages import text_of

TOO_LONG = f"{'n' * 20}@{'.'.join(['x' * 60] * 4)}.example"


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["buyer_email", "billing_email"])
def test_email_address_longer_than_the_column_is_refused(field: str) -> None:
    package = PackageFactory.create()
    form = {
        "package": package.pk,
        "quantity": "10",
        "organization_name": "Meadow Umpires",
        "buyer_name": "Mia Meadow",
        "buyer_email": "mia@meadow.example",
        "submission": str(uuid.uuid4()),
        "pay": "1",
    }

    response = Client().post("/purchase/", form | {field: TOO_LONG})

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "at most 254 characters" in text_of(response)
