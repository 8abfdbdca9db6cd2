"""Endpoints for load balancers and Prometheus."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from tests.billing.deliveries import completed, deliver
from tests.support.world import World


def test_healthz_needs_no_database_or_host_name() -> None:
    response = Client().get("/healthz", headers={"Host": "10.0.0.7"})

    assert response.status_code == HTTPStatus.OK


@pytest.mark.django_db
def test_readyz_lists_its_checks() -> None:
    response = Client().get("/readyz", headers={"Host": "10.0.0.7"})

    assert response.status_code == HTTPStatus.OK
    assert response.json() == {"database": "ok", "migrations": "ok", "settings": "ok"}


@pytest.mark.django_db
def test_readyz_fails_while_a_migration_is_missing() -> None:
    MigrationRecorder.Migration.objects.filter(app="billing").last().delete()  # type: ignore[union-attr]

    response = Client().get("/readyz")

    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["migrations"] == "1 missing"


@pytest.mark.django_db
def test_readyz_fails_without_processor_settings(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []

    response = Client().get("/readyz")

    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["settings"] == "licensing.E006"


@pytest.mark.django_db
def test_readyz_fails_while_the_database_is_unavailable() -> None:
    def fail(*arguments: Any) -> Any:
        raise OperationalError("gone")

    with connection.execute_wrapper(fail):
        response = Client().get("/readyz")

    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["database"] == "does not answer"


@pytest.mark.django_db
def test_other_metrics_survive_a_database_outage(settings: Settings) -> None:
    Client().get("/help/")  # a request to count
    assert metrics(settings)[("licensing_database_up", "{}")] == 1

    def fail(*arguments: Any) -> Any:
        raise OperationalError("gone")

    with connection.execute_wrapper(fail):
        found = metrics(settings)

    assert found[("licensing_database_up", "{}")] == 0
    assert any(name == "licensing_request_seconds_count" for name, _ in found)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_post_is_refused(path: str) -> None:
    assert Client().post(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Bearer "])
@pytest.mark.parametrize("token", ["", "right"])
def test_metrics_require_the_token(settings: Settings, authorization: str, token: str) -> None:
    settings.METRICS_TOKEN = token

    response = Client().get("/metrics", headers={"Authorization": authorization})

    assert response.status_code == HTTPStatus.NOT_FOUND


def metrics(settings: Settings) -> dict[tuple[str, str], float]:
    settings.METRICS_TOKEN = "right"
    response = Client().get("/metrics", headers={"Authorization": "Bearer right"})
    assert response.status_code == HTTPStatus.OK
    return {
        (sample.name, json.dumps(sample.labels)): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.mark.usefixtures("stripe")
def test_metrics_count_purchases_and_webhooks(world: World, settings: Settings) -> None:
    before = metrics(settings)
    settled = ("licensing_payments_total", '{"to": "settled"}')
    duration = ("licensing_settle_seconds_count", "{}")
    world.buy(15)
    paid = world.buy(10)
    world.pay(paid)
    deliver(completed(paid.session_id))
    world.later(seconds=90)

    after = metrics(settings)

    assert after[("licensing_purchases", '{"state": "open"}')] == 1
    assert after[("licensing_purchases", '{"state": "settled"}')] == 1
    assert after[("licensing_webhook_age_seconds", "{}")] == 90
    assert after[settled] == before.get(settled, 0) + 1
    assert after[duration] == before.get(duration, 0) + 1
    page = '{"page": "billing:webhook", "status": "200"}'
    assert after[("licensing_request_seconds_count", page)] >= 1


def test_metrics_count_missing_licenses(world: World, settings: Settings) -> None:
    key = ("licensing_licenses_short_total", '{"limit": "no_license_free"}')
    before = metrics(settings).get(key, 0)
    world.fill(25)

    form = {"name": "Nora New", "email": "nora@lakeside.example", "role": "general_member"}
    response = world.client(world.assignor).post("/o/lakeside/users/add/", form)

    assert response.status_code == HTTPStatus.CONFLICT
    assert metrics(settings)[key] == before + 1


def test_metrics_show_time_since_each_complete_job(world: World, settings: Settings) -> None:
    call_command("daily")
    world.later(hours=7)

    found = metrics(settings)

    assert found["licensing_complete_run_age_seconds", '{"command": "daily"}'] == 7 * 3600
