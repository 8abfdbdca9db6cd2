"""Gunicorn finishes requests in progress during a graceful shutdown."""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest
import requests
from django.conf import settings

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions import clock
from tests.programs.soak.__main__ import environment
from tests.programs.soak.stack import App
from tests.site.faults.conftest import Browser
from tests.support.ports import free_port
from tests.support.server import Site
from tests.support.world import World

# The processor's response time, which is longer than the site takes to stop.
RESPONSE_SECONDS = 2.0

# Nothing here depends on the database.
pytestmark = [pytest.mark.race, pytest.mark.sqlite]


@pytest.fixture
def app(
    committed_db: str,
    world: World,
    stripe: SandboxControl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[App]:
    port = free_port()
    variables = environment(tmp_path, f"sqlite:///{committed_db}", stripe.base_url, port)
    for name, value in (variables | {"SECRET_KEY": settings.SECRET_KEY}).items():
        monkeypatch.setitem(os.environ, name, value)
    # Move the clock of the subprocess to June 2031 too.
    offset = (clock.now() - datetime.now(UTC)).total_seconds()
    Path(variables["SOAK_CLOCK_FILE"]).write_text(str(int(offset)))
    app = App(port, tmp_path / "site.log", workers=1)
    app.start()
    yield app
    app.kill_if_running()


def test_purchase_in_progress_is_finished(world: World, stripe: SandboxControl, app: App) -> None:
    browser = Browser(Site(app.port), world, world.assignor)
    stripe.fault("slow", method="POST", path="/v1/checkout/sessions", seconds=RESPONSE_SECONDS)
    responses: list[requests.Response] = []
    form = {"quantity": "10", "submission": str(uuid.uuid4()), "next": ""}
    buyer = threading.Thread(
        target=lambda: responses.append(browser.post("/o/lakeside/licenses/add/", **form))
    )

    buyer.start()
    while not Purchase.objects.exists():
        time.sleep(0.02)
    status = app.stop()
    buyer.join()

    assert status == 0
    [response] = responses
    assert response.status_code == HTTPStatus.FOUND
    purchase = Purchase.objects.get()
    assert purchase.status == PurchaseStatus.OPEN
    assert response.headers["Location"] == purchase.session_url
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{app.url}/healthz", timeout=2)
