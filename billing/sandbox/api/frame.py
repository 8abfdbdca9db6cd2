"""The frame of API requests: key, log, faults, idempotency, one transaction, headers."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from billing.sandbox.api import idempotency
from billing.sandbox.api.idempotency import Response
from billing.sandbox.engine import events, faults, timetable
from billing.sandbox.objects.common import new_id
from billing.sandbox.process.runtime import Sandbox, sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol import parameters
from billing.sandbox.protocol.errors import ApiError

MAX_REQUESTS_KEPT = 5000
_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


@dataclass(frozen=True)
class Call:
    """An API request, with the faults that apply to it."""

    sandbox: Sandbox
    request_id: str
    method: str
    path: str
    params: dict[str, Any]
    key: str | None
    active_faults: dict[str, Document]

    def setting(self, fault: str, name: str, default: Any) -> Any:
        """Return a setting of a fault that applies to this request."""
        return self.active_faults[fault].get(name, default)


Handler: TypeAlias = Callable[..., dict[str, Any]]
View: TypeAlias = Callable[..., HttpResponse]


class ConnectionCut(Exception):
    """The response never reaches the client."""


def api(**handlers: Handler) -> View:
    """Make a view of one handler per method; a handler takes the call and the IDs in the path."""

    @csrf_exempt
    def view(request: HttpRequest, **ids: str) -> HttpResponse:
        request_id = new_id("req", 14)
        try:
            response = _respond(request, request_id, handlers, ids)
        except ApiError as error:
            response = JsonResponse(error.body(request_id), status=error.status)
        except ConnectionCut:
            _cut(request)
            response = HttpResponse(status=500)
        return _add_headers(request, response, request_id)

    return view


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """Return the error for a URL that the sandbox, or Stripe, does not have."""
    return api()(request)


def _respond(
    request: HttpRequest, request_id: str, handlers: dict[str, Handler], ids: dict[str, str]
) -> HttpResponse:
    running = sandbox()
    _authenticate(running, request)
    call = _read(running, request, request_id)
    _log(call)
    handler = handlers.get(call.method)
    if handler is None:
        message = f"Unrecognized request URL ({call.method}: {call.path})."
        raise ApiError(404, message)
    key = None if "ignore_idempotency" in call.active_faults else call.key
    with idempotency.in_flight(running, key):
        _apply_faults_before(call)
        result = _response(call, key, handler, ids)
        return _apply_faults_after(call, result)


def _authenticate(running: Sandbox, request: HttpRequest) -> None:
    """Accept only the test key this process was started with."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    key = credentials.strip()
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            key = base64.b64decode(key).decode().partition(":")[0]
    if not key:
        raise ApiError(401, "You did not provide an API key.")
    if not key.startswith("sk_test_"):
        raise ApiError(401, "The local sandbox takes test keys (sk_test_…) only.")
    if not hmac.compare_digest(key.encode(), running.config.secret_key.encode()):
        raise ApiError(401, f"Invalid API Key provided: sk_test_****{key[-4:]}")


def _read(running: Sandbox, request: HttpRequest, request_id: str) -> Call:
    """Read the request, and use up the faults that apply to it."""
    method = request.method or "GET"
    encoded = (
        request.body.decode(errors="replace") if method == "POST" else request.META["QUERY_STRING"]
    )
    active_faults = faults.take(
        running,
        faults.API,
        method=method,
        path=request.path,
        session=_find_session_id(request.path),
    )
    return Call(
        sandbox=running,
        request_id=request_id,
        method=method,
        path=request.path,
        params=parameters.parse(encoded),
        key=(request.headers.get("Idempotency-Key") or None) if method == "POST" else None,
        active_faults=active_faults,
    )


def _find_session_id(path: str) -> str | None:
    return next((step for step in path.split("/") if step.startswith("cs_")), None)


def _log(call: Call) -> None:
    """Log the request, so that tests can check what the application sent."""
    with call.sandbox.store.transaction():
        call.sandbox.store.put(
            "request",
            {
                "id": call.request_id,
                "method": call.method,
                "path": call.path,
                "params": call.params,
                "idempotency_key": call.key,
                "created": call.sandbox.clock.now(),
                "faults": sorted(call.active_faults),
            },
        )
        call.sandbox.store.keep_newest("request", MAX_REQUESTS_KEPT)


def _apply_faults_before(call: Call) -> None:
    """Apply the faults that prevent execution."""
    if "slow" in call.active_faults:
        time.sleep(float(call.setting("slow", "seconds", 1)))
    if "drop_before" in call.active_faults:
        raise ConnectionCut
    if "rate_limited" in call.active_faults:
        raise ApiError(429, "Too many requests hit the API too quickly.", code="rate_limit")
    if "conflict" in call.active_faults:
        raise ApiError(409, "This object cannot be accessed right now.", code="lock_timeout")
    if "error" in call.active_faults:
        raise _requested_error(call)


def _requested_error(call: Call) -> ApiError:
    status = int(call.setting("error", "status", 500))
    type = "api_error" if status >= 500 else "invalid_request_error"
    return ApiError(
        status,
        call.setting("error", "message", "An error occurred. (sandbox fault)"),
        type=call.setting("error", "type", type),
        code=call.setting("error", "code", None),
        param=call.setting("error", "param", None),
    )


def _response(call: Call, key: str | None, handler: Handler, ids: dict[str, str]) -> Response:
    """Execute the request and keep the response under its key, in one transaction."""
    if "malformed" in call.active_faults and not call.setting("malformed", "after", False):
        return Response(502, {})
    with call.sandbox.store.transaction():
        timetable.run_due(call.sandbox)
        if key:
            kept = idempotency.find_stored_response(call.sandbox, key, call.path, call.params)
            if kept:
                return kept
        result, keep = _execute(call, handler, ids)
        if "error_after" in call.active_faults:
            error = ApiError(500, "An error occurred. (sandbox fault)", type="api_error")
            result = Response(500, error.body(call.request_id))
        if key and keep:
            idempotency.store_response(call.sandbox, key, call.path, call.params, result)
        return result


def _execute(call: Call, handler: Handler, ids: dict[str, str]) -> tuple[Response, bool]:
    """Run the handler; return its response, and whether Stripe keeps it under the key."""
    token = events.causing_request.set((call.request_id, call.key))
    try:
        with call.sandbox.store.transaction():
            return Response(200, handler(call, **ids)), True
    except ApiError as error:
        return Response(error.status, error.body(call.request_id)), error.executed
    finally:
        events.causing_request.reset(token)


def _apply_faults_after(call: Call, result: Response) -> HttpResponse:
    """Apply the faults that lose or damage the response of an executed request."""
    if "slow_after" in call.active_faults:
        time.sleep(float(call.setting("slow_after", "seconds", 1)))
    if "drop_after" in call.active_faults:
        raise ConnectionCut
    if "malformed" in call.active_faults:
        return HttpResponse(_BAD_GATEWAY, status=502)
    body = result.body
    if "override" in call.active_faults and result.status == 200:
        body = override_fields(body, call.setting("override", "fields", {}))
    response = JsonResponse(body, status=result.status)
    if call.key:
        response["Idempotency-Key"] = call.key
    if result.replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def override_fields(body: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Replace fields by dotted path; in a list response, in each entry."""
    copy: dict[str, Any] = json.loads(json.dumps(body))
    targets = copy["data"] if copy.get("object") == "list" else [copy]
    for target in targets:
        for path, value in fields.items():
            plant(target, path.split("."), value)
    return copy


def plant(target: Any, steps: list[str], value: Any) -> None:
    """Set one field along a path of names and list positions, if that path exists."""
    for step in steps[:-1]:
        target = _step(target, step)
        if target is None:
            return
    if isinstance(target, list):
        target[int(steps[-1])] = value
    elif isinstance(target, dict):
        target[steps[-1]] = value


def _step(target: Any, step: str) -> Any:
    if isinstance(target, list):
        return target[int(step)] if int(step) < len(target) else None
    return target.get(step) if isinstance(target, dict) else None


def _cut(request: HttpRequest) -> None:
    """Close the client's connection."""
    connection: socket.socket = request.META["sandbox.connection"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _add_headers(request: HttpRequest, response: HttpResponse, request_id: str) -> HttpResponse:
    response["Request-Id"] = request_id
    version = request.headers.get("Stripe-Version")
    if version:
        response["Stripe-Version"] = version
    return response
