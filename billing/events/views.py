"""The view that receives the processor's events."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.events import webhook


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Receive one delivery; its signature replaces a session and CSRF token."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        return _plain(HTTPStatus.LENGTH_REQUIRED, "Content-Length is required.")
    if int(length) > webhook.MAX_BODY:
        return _plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large.")
    response = webhook.receive(request.body, request.headers.get("Stripe-Signature", ""))
    return _plain(response.status, response.text)


def _plain(status: HTTPStatus, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
