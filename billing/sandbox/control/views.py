"""The control API: what tests and the demo do to the sandbox without the application."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from billing.sandbox.api.frame import plant
from billing.sandbox.control import cases, headless
from billing.sandbox.engine import faults, sessions, timetable, webhooks
from billing.sandbox.objects.common import render
from billing.sandbox.process.clock import ClockMovedBack
from billing.sandbox.process.runtime import Sandbox, sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol.errors import ApiError, Refused
from billing.sandbox.protocol.expand import expand

Body: TypeAlias = dict[str, Any]
Action: TypeAlias = Callable[..., Body]
View: TypeAlias = Callable[..., HttpResponse]

_OBJECTS = (
    "checkout.session",
    "payment_intent",
    "charge",
    "refund",
    "dispute",
    "radar.early_fraud_warning",
    "event",
    "customer",
    "payment_method",
    "balance_transaction",
)
_FLUSH_SECONDS = 10.0


def control(**actions: Action) -> View:
    """Make a view of one action per method; an action takes the sandbox, the body and the IDs."""

    @csrf_exempt
    def view(request: HttpRequest, **ids: str) -> HttpResponse:
        running = sandbox()
        expected = f"Bearer {running.config.control_token}"
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return JsonResponse({"error": "The control token is missing or wrong."}, status=401)
        action = actions.get(request.method or "")
        if action is None:
            return JsonResponse({"error": "Method not allowed."}, status=405)
        try:
            return JsonResponse(action(running, _body(request), **ids))
        except (Refused, ClockMovedBack, KeyError, TypeError, ValueError) as error:
            return JsonResponse({"error": f"{type(error).__name__}: {error}"}, status=400)
        except ApiError as error:
            return JsonResponse({"error": error.message}, status=error.status)

    return view


def _body(request: HttpRequest) -> Body:
    """Read the JSON body, or the query of a GET."""
    if request.method == "GET":
        return dict(request.GET.items())
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    return body


def reset(running: Sandbox, body: Body) -> Body:
    """Clear everything: objects, faults, log, clock; webhook endpoints too, unless kept."""
    keep = ("endpoint",) if body.get("keep_webhooks") else ()
    with running.store.transaction():
        running.store.clear(keep=keep)
        webhooks.register_configured(running)
    return {"reset": True}


def read_clock(running: Sandbox, body: Body) -> Body:
    """Return the time."""
    return running.clock.describe()


def set_clock(running: Sandbox, body: Body) -> Body:
    """Move to `now` (null: real time) or by `advance` seconds, and freeze or continue."""
    with running.store.transaction():
        now = running.clock.now()
        if "now" in body:
            now = int(time.time()) if body["now"] is None else int(body["now"])
        now += int(body.get("advance", 0))
        stay_frozen = running.clock.is_frozen() and body.get("now", now) is not None
        running.clock.set(now, frozen=bool(body.get("frozen", stay_frozen)))
        timetable.run_due(running)
    return running.clock.describe()


def list_endpoints(running: Sandbox, body: Body) -> Body:
    """List the registered webhook endpoints."""
    return {"endpoints": running.store.find("endpoint")}


def add_endpoint(running: Sandbox, body: Body) -> Body:
    """Register a webhook endpoint with one secret or, as during a rotation, several."""
    secrets = body.get("secrets") or [body["secret"]]
    if not body["url"].startswith(("http://", "https://")):
        raise Refused(f"Not an address: {body['url']}")
    return webhooks.add_endpoint(
        running,
        body["url"],
        list(secrets),
        enabled_events=body.get("enabled_events"),
        api_version=body.get("api_version"),
    )


def delete_endpoint(running: Sandbox, body: Body, id: str) -> Body:
    """Remove a webhook endpoint."""
    with running.store.transaction():
        running.store.delete("endpoint", id)
    return {"id": id, "deleted": True}


def list_faults(running: Sandbox, body: Body) -> Body:
    """List the faults, with how often each has applied."""
    return {"faults": running.store.find("fault")}


def add_fault(running: Sandbox, body: Body) -> Body:
    """Activate a fault."""
    settings = dict(body)
    kind = settings.pop("kind")
    if kind not in faults.ALL:
        raise Refused(f"No such fault: {kind}. There are: {', '.join(sorted(faults.ALL))}")
    return faults.add(running, kind, settings)


def clear_faults(running: Sandbox, body: Body, id: str | None = None) -> Body:
    """Deactivate one fault, or all."""
    with running.store.transaction():
        running.store.delete("fault", id)
    return {"cleared": True}


def list_deliveries(running: Sandbox, body: Body) -> Body:
    """List all deliveries, past and pending, with each attempt."""
    return {"deliveries": running.store.find("delivery")}


def release(running: Sandbox, body: Body) -> Body:
    """Release held deliveries: those of one event, or all."""
    return {"released": webhooks.release(running, body.get("event"))}


def resend(running: Sandbox, body: Body, id: str) -> Body:
    """Deliver an event again."""
    if running.store.get("event", id) is None:
        raise Refused(f"No such event: {id}")
    return {"deliveries": webhooks.resend(running, id)}


def flush(running: Sandbox, body: Body) -> Body:
    """Wait until the webhook queue is idle; with `immediately`, retries are due now."""
    deadline = time.monotonic() + float(body.get("timeout", _FLUSH_SECONDS))
    retries = bool(body.get("retries", True))
    while True:
        if body.get("immediately"):
            webhooks.skip_waits(running)
        left = webhooks.count_waiting(running, retries=retries)
        if not left or time.monotonic() >= deadline:
            return {"idle": not left, "waiting": left}
        time.sleep(0.02)


def list_requests(running: Sandbox, body: Body) -> Body:
    """List the API requests received."""
    return {"requests": running.store.find("request")}


def clear_requests(running: Sandbox, body: Body) -> Body:
    """Clear the API requests received."""
    with running.store.transaction():
        running.store.delete("request")
    return {"cleared": True}


def list_sessions(running: Sandbox, body: Body) -> Body:
    """List all sessions, oldest first, including those whose creation got no response."""
    timetable.run_due(running)
    found = running.store.find("checkout.session")
    return {"sessions": [expand(running, session, ["line_items"]) for session in found]}


def pay(running: Sandbox, body: Body, id: str) -> Body:
    """Pay a session without a browser."""
    with running.store.transaction():
        return headless.describe_outcome(running, headless.pay(running, id, body))


def inject(running: Sandbox, body: Body) -> Body:
    """Create a session from `params`, unlike any that the application creates, and pay it."""
    with running.store.transaction():
        session = sessions.create(running, headless.as_form_values(body["params"]))
        return headless.describe_outcome(running, headless.pay(running, session["id"], body))


def expire(running: Sandbox, body: Body, id: str) -> Body:
    """Expire a session."""
    with running.store.transaction():
        return render(sessions.expire(running, id))


def alter(running: Sandbox, body: Body, id: str) -> Body:
    """Change fields of a stored object by dotted path, to fake a payment that does not match."""
    with running.store.transaction():
        for kind in _OBJECTS:
            document = running.store.get(kind, id)
            if document is not None:
                _alter(document, body["fields"])
                running.store.put(kind, document)
                return render(document)
    raise Refused(f"No such object: {id}")


def _alter(document: Document, fields: Body) -> None:
    for path, value in fields.items():
        steps = path.split(".")
        if steps[:2] == ["line_items", "data"]:
            steps = ["_line_items", *steps[2:]]
        plant(document, steps, value)


VIEWS: dict[str, View] = {
    "reset": control(POST=reset),
    "clock": control(GET=read_clock, POST=set_clock),
    "webhook_endpoints": control(GET=list_endpoints, POST=add_endpoint),
    "webhook_endpoints/<str:id>": control(DELETE=delete_endpoint),
    "faults": control(GET=list_faults, POST=add_fault, DELETE=clear_faults),
    "faults/<str:id>": control(DELETE=clear_faults),
    "deliveries": control(GET=list_deliveries),
    "deliveries/release": control(POST=release),
    "events/<str:id>/resend": control(POST=resend),
    "flush": control(POST=flush),
    "requests": control(GET=list_requests, DELETE=clear_requests),
    "sessions": control(GET=list_sessions),
    "sessions/inject": control(POST=inject),
    "sessions/<str:id>/pay": control(POST=pay),
    "sessions/<str:id>/expire": control(POST=expire),
    "refunds": control(POST=cases.create_refund),
    "refunds/<str:id>/settle": control(POST=cases.settle_refund),
    "refunds/<str:id>/fail": control(POST=cases.fail_refund),
    "refunds/<str:id>/cancel": control(POST=cases.cancel_refund),
    "disputes": control(GET=cases.list_disputes, POST=cases.open_dispute),
    "disputes/<str:id>/review": control(POST=cases.review_dispute),
    "disputes/<str:id>/escalate": control(POST=cases.escalate_dispute),
    "disputes/<str:id>/close": control(POST=cases.close_dispute),
    "early_fraud_warnings": control(POST=cases.warn_of_fraud),
    "delays": control(GET=cases.read_delays, POST=cases.set_delays),
    "objects/<str:id>/alter": control(POST=alter),
}
