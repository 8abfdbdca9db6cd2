"""Errors in Stripe's format: one exception, one envelope."""

from __future__ import annotations

from typing import Any

_DOCUMENTED_AT = "https://stripe.com/docs/error-codes/"


class ApiError(Exception):
    """A response other than success, with everything in Stripe's error envelope.

    `executed` distinguishes an error of the parameters (never kept under an idempotency key) from
    a response that the endpoint gave after it had started its work (kept).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.executed = executed

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the envelope; like Stripe, omit what does not apply."""
        error: dict[str, Any] = {"message": self.message, "type": self.type}
        if self.code:
            error |= {"code": self.code, "doc_url": _DOCUMENTED_AT + self.code.replace("_", "-")}
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


class Refused(Exception):
    """A request to the control API or dashboard cannot be fulfilled; the message says why."""


def missing_object(kind: str, id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """Return the error for an object that does not exist."""
    return ApiError(status, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def unsupported(param: str, what: str) -> ApiError:
    """Return the error for what Stripe supports but the sandbox does not."""
    return ApiError(
        400, f"The local sandbox does not do {what}.", code="sandbox_unsupported", param=param
    )
