"""URLs of the API, and what each method does."""

from __future__ import annotations

import time
from typing import Any

from billing.sandbox.api.frame import Call, Handler, View, api
from billing.sandbox.engine import refunds, sessions
from billing.sandbox.objects.session import customer_details
from billing.sandbox.process.store import Document
from billing.sandbox.protocol import listing, parameters, schema
from billing.sandbox.protocol.errors import missing_object
from billing.sandbox.protocol.expand import expand, expand_list, line_items
from billing.sandbox.protocol.parameters import Table


def create_session(call: Call) -> dict[str, Any]:
    """POST /v1/checkout/sessions."""
    session = sessions.create(call.sandbox, call.params)
    return expand(call.sandbox, session, call.params.get("expand", []))


def list_sessions(call: Call) -> dict[str, Any]:
    """GET /v1/checkout/sessions."""
    page = listing.list_documents(
        call.sandbox, "checkout.session", call.params, schema.SESSION_LIST, url=call.path
    )
    if "stale" in call.active_faults:
        page["data"] = [_stale_view(call, session) for session in page["data"]]
    return page


def retrieve_session(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/checkout/sessions/{id}."""
    values = parameters.check(call.params, schema.RETRIEVE)
    session = _stale_view(call, sessions.find(call.sandbox, id))
    return expand(call.sandbox, session, values.get("expand", []))


def expire_session(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/checkout/sessions/{id}/expire."""
    values = parameters.check(call.params, schema.RETRIEVE)
    session = sessions.expire(call.sandbox, id)
    return expand(call.sandbox, session, values.get("expand", []))


def list_line_items(call: Call, id: str) -> dict[str, Any]:
    """GET /v1/checkout/sessions/{id}/line_items."""
    sessions.find(call.sandbox, id)
    values = parameters.check(call.params, schema.LINE_ITEM_LIST)
    page = listing.paginate(line_items(call.sandbox, id)["data"], values, url=call.path)
    return expand_list(call.sandbox, page, [])


def _stale_view(call: Call, session: Document) -> Document:
    """Return a session as a lagging replica would: still open and unpaid."""
    if "stale" not in call.active_faults or session["payment_status"] != "paid":
        return session
    seconds = call.setting("stale", "seconds", None)
    stored = sessions.find(call.sandbox, session["id"])
    if seconds is not None and time.time() >= stored["_completed"] + float(seconds):
        return session
    email = session["customer_email"]
    return session | {
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "customer": None,
        "customer_details": customer_details(email=email) if email else None,
        "url": f"{call.sandbox.base_url}/c/pay/{session['id']}",
    }


def create_refund(call: Call) -> dict[str, Any]:
    """POST /v1/refunds."""
    refund = refunds.create(
        call.sandbox, call.params, pending="refund_pending" in call.active_faults
    )
    return expand(call.sandbox, refund, call.params.get("expand", []))


def cancel_refund(call: Call, id: str) -> dict[str, Any]:
    """POST /v1/refunds/{id}/cancel."""
    parameters.check(call.params, schema.REFUND_CANCEL)
    return refunds.refuse_to_cancel(call.sandbox, id)


def _retrieve(kind: str) -> Handler:
    def handler(call: Call, id: str) -> dict[str, Any]:
        values = parameters.check(call.params, schema.RETRIEVE)
        document = call.sandbox.store.get(kind, id)
        if document is None:
            raise missing_object(kind, id, param="intent" if kind == "payment_intent" else "id")
        return expand(call.sandbox, document, values.get("expand", []))

    return handler


def _list(kind: str, table: Table) -> Handler:
    def handler(call: Call) -> dict[str, Any]:
        return listing.list_documents(call.sandbox, kind, call.params, table, url=call.path)

    return handler


# With a trailing slash a list is the same list; an empty ID turns a retrieval into it.
_LISTS = ("checkout/sessions", "payment_intents", "charges", "refunds", "disputes", "events")

VIEWS: dict[str, View] = {
    "checkout/sessions": api(GET=list_sessions, POST=create_session),
    "checkout/sessions/<str:id>": api(GET=retrieve_session),
    "checkout/sessions/<str:id>/expire": api(POST=expire_session),
    "checkout/sessions/<str:id>/line_items": api(GET=list_line_items),
    "payment_intents": api(GET=_list("payment_intent", schema.PAYMENT_INTENT_LIST)),
    "payment_intents/<str:id>": api(GET=_retrieve("payment_intent")),
    "charges": api(GET=_list("charge", schema.CHARGE_LIST)),
    "charges/<str:id>": api(GET=_retrieve("charge")),
    "refunds": api(GET=_list("refund", schema.REFUND_LIST), POST=create_refund),
    "refunds/<str:id>": api(GET=_retrieve("refund")),
    "refunds/<str:id>/cancel": api(POST=cancel_refund),
    "disputes": api(GET=_list("dispute", schema.DISPUTE_LIST)),
    "disputes/<str:id>": api(GET=_retrieve("dispute")),
    "radar/early_fraud_warnings": api(
        GET=_list("radar.early_fraud_warning", schema.EARLY_FRAUD_WARNING_LIST)
    ),
    "radar/early_fraud_warnings/<str:id>": api(GET=_retrieve("radar.early_fraud_warning")),
    "events": api(GET=_list("event", schema.EVENT_LIST)),
    "events/<str:id>": api(GET=_retrieve("event")),
    "customers/<str:id>": api(GET=_retrieve("customer")),
    "payment_methods/<str:id>": api(GET=_retrieve("payment_method")),
    "balance_transactions/<str:id>": api(GET=_retrieve("balance_transaction")),
}
VIEWS |= {f"{address}/": VIEWS[address] for address in _LISTS}
