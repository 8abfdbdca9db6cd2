"""Refusals in the form Stripe gives them: one exception, one envelope."""

from __future__ import annotations

from typing import Any

_DOCUMENTED_AT = "https://stripe.com/docs/error-codes/"


class ApiError(Exception):
    """An answer other than success, with everything Stripe's error envelope carries.

    `executed` tells a refusal of the parameters (never kept under an idempotency key) from an
    answer the endpoint gave after it had begun its work (kept).
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
        """Describe the refusal."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.executed = executed

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the envelope; as at Stripe, what does not apply is left out."""
        error: dict[str, Any] = {"message": self.message, "type": self.type}
        if self.code:
            error |= {"code": self.code, "doc_url": _DOCUMENTED_AT + self.code.replace("_", "-")}
        if self.param:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


class Refused(Exception):
    """What was asked for on the control API or the dashboard cannot be done; says why."""


def missing_object(kind: str, id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """Say that there is no such object."""
    return ApiError(status, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def unsupported(param: str, what: str) -> ApiError:
    """Say that Stripe could, but the sandbox does not: better than a wrong imitation."""
    return ApiError(
        400, f"The local sandbox does not do {what}.", code="sandbox_unsupported", param=param
    )
