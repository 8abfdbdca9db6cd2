"""Admin pages for one action each: GET shows the page, POST performs the action.

Rules decide whether it is allowed, before the page is shown and again when the form is submitted; a
refused form keeps what was entered. Large actions have a preview, and are not performed if the
result would differ from it.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subscriptions.admin.parts import display
from subscriptions.admin.parts.display import Fact
from subscriptions.models import User
from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal, Refused
from subscriptions.text.ids import read_uuid
from subscriptions.text.refusals import refusal_text


class ActionForm(forms.Form):
    """The base form for all actions: its own ID, and the result that the preview showed."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    fingerprint = forms.CharField(widget=forms.HiddenInput, required=False)


class ReasonForm(ActionForm):
    """A form that asks for a reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept permanently, with your name."),
    )


@dataclass(frozen=True)
class Plan:
    """The expected result of an action; ``fingerprint`` changes whenever the result does."""

    facts: Sequence[Fact] = ()
    warnings: Sequence[str] = ()
    fingerprint: str = ""


@dataclass(frozen=True)
class ActionResult:
    """The result of an action, in words for the user."""

    words: str
    level: int = messages.SUCCESS


class ActionFailed(Exception):
    """The action cannot be performed now, for technical reasons; the text says why."""


class Action(ABC):
    """An action on ``subject``; subclasses say what it does."""

    permission = ""
    title: Any = ""
    button: Any = ""
    # Whether the action has a preview that must be confirmed.
    needs_confirmation = False
    form_class: type[ActionForm] = ReasonForm
    # The field that shows each refusal; the whole form by default.
    field_by_reason: Mapping[Reason, str] = {}

    def __init__(self, model_admin: "ModelAdmin[Any]", request: HttpRequest, subject: Any) -> None:
        self.model_admin = model_admin
        self.request = request
        self.subject = subject

    # For subclasses ------------------------------------------------------------------------------

    def decide(self) -> Allowed | Refusal:
        """Whether the action is allowed now."""
        return ALLOWED

    def facts(self) -> Sequence[Fact]:
        """Return facts to show above the form."""
        return ()

    def warnings(self) -> Sequence[str]:
        """Return warnings to show above the form."""
        return ()

    def initial(self) -> dict[str, Any]:
        """Return the form's initial values."""
        return {}

    def form(self, data: Any = None, **kwargs: Any) -> ActionForm:
        """Return the form, empty or bound."""
        return self.form_class(data, **kwargs)

    def plan(self, form: ActionForm) -> Plan:
        """Return the expected result. Raises Refused."""
        return Plan()

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return the result if this form has already been submitted."""
        return None

    @abstractmethod
    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Perform the action. Raises Refused and ActionFailed."""

    def name_of(self, thing: Model) -> str:
        """Return an object's name for the title and breadcrumbs."""
        return str(thing)

    def back(self) -> str:
        """Return the URL to go to afterwards."""
        return display.admin_url(self.subject)

    def trail(self) -> Sequence[Model]:
        """Return the breadcrumbs, from the top."""
        return [self.subject]

    # Implementation ------------------------------------------------------------------------------

    def respond(self) -> HttpResponse:
        """Return the page, or the result of submitting it."""
        if not self.request.user.has_perm(self.permission):
            raise PermissionDenied
        if self.request.method == "POST":
            return self._post()
        if self.request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        decision = self.decide()
        if isinstance(decision, Refusal):
            return self._page(None, HTTPStatus.CONFLICT, refusal=refusal_text(decision))
        return self._page(self.form(initial={"submission": uuid.uuid4(), **self.initial()}))

    def _post(self) -> HttpResponse:
        form = self.form(self._data())
        is_valid = form.is_valid()
        if "change" in self.request.POST:
            return self._page(self.form(initial=_entered_values(form)))
        if not is_valid:
            return self._page(form, HTTPStatus.UNPROCESSABLE_ENTITY)
        is_confirmed = "confirmed" in self.request.POST or not self.needs_confirmation
        try:
            return self._perform(form) if is_confirmed else self._preview(form)
        except Refused as refused:
            return self._repeated_response(form) or self._refuse(form, refused.refusal)
        except ActionFailed as failed:
            form.add_error(None, str(failed))
            return self._page(form, HTTPStatus.SERVICE_UNAVAILABLE)

    def _data(self) -> Any:
        """Return the submitted data, with a new ID if the form has no valid one."""
        data = self.request.POST.copy()
        if read_uuid(data.get("submission", "")) is None:
            data["submission"] = str(uuid.uuid4())
        return data

    def _preview(self, form: ActionForm) -> HttpResponse:
        decision = self.decide()
        if isinstance(decision, Refusal):
            raise Refused(decision)
        return self._page(form, plan=self.plan(form))

    def _perform(self, form: ActionForm) -> HttpResponse:
        repeated = self._repeated_response(form)
        if repeated is not None:
            return repeated
        if self.needs_confirmation:
            plan = self.plan(form)
            if plan.fingerprint != form.cleaned_data["fingerprint"]:
                return self._repeated_response(form) or self._page(
                    form,
                    HTTPStatus.CONFLICT,
                    plan=plan,
                    notice=gettext(
                        "Something has changed since you opened this page. Review it again."
                    ),
                )
        actor = self.request.user
        assert isinstance(actor, User)  # noqa: S101  (a permission has already been checked)
        return self._finish(self.act(form, actor))

    def _repeated_response(self, form: ActionForm) -> HttpResponse | None:
        """Return the response to a form submitted again, which is the same as the first time."""
        done = self.already_done(form)
        return self._finish(done) if done else None

    def _finish(self, done: ActionResult) -> HttpResponse:
        messages.add_message(self.request, done.level, done.words)
        return HttpResponseRedirect(self.back())

    def _refuse(self, form: ActionForm, refusal: Refusal) -> HttpResponse:
        name = self.field_by_reason.get(refusal.reason)
        form.add_error(name if name in form.fields else None, refusal_text(refusal))
        return self._page(form, HTTPStatus.CONFLICT)

    def _page(
        self,
        form: ActionForm | None,
        status: int = HTTPStatus.OK,
        *,
        plan: Plan | None = None,
        refusal: str = "",
        notice: str = "",
    ) -> HttpResponse:
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "opts": self.model_admin.opts,
            "title": self.title,
            "subtitle": self.name_of(self.subject),
            "trail": [(display.admin_url(thing), self.name_of(thing)) for thing in self.trail()],
            "back": self.back(),
            "button": self.button,
            **({} if plan or refusal else self._facts_and_warnings()),
            "form": form,
            "plan": plan,
            "typed": _entered_facts(form) if plan and form else [],
            "refusal": refusal,
            "notice": notice,
            "is_confirmed": self.needs_confirmation,
        }
        self.request.current_app = self.model_admin.admin_site.name
        return TemplateResponse(self.request, "admin/action.html", context, status=status)

    def _facts_and_warnings(self) -> dict[str, Any]:
        """Return facts and warnings; empty if they are refused, which the page already says."""
        try:
            return {"facts": self.facts(), "warnings": self.warnings()}
        except Refused:
            return {}


def action_page(
    model_admin: "ModelAdmin[Any]",
    address: str,
    name: str,
    action: Callable[[Any, HttpRequest, Any], Action],
) -> URLPattern:
    """Return the URL of an action on one object, below the object's own URL."""

    def view(request: HttpRequest, object_id: str) -> HttpResponse:
        subject = model_admin.get_object(request, object_id)
        if subject is None:
            raise Http404
        return action(model_admin, request, subject).respond()

    return path(f"<path:object_id>/{address}/", model_admin.admin_site.admin_view(view), name=name)


def _entered_values(form: ActionForm) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


def _entered_facts(form: ActionForm) -> list[Fact]:
    """Return what was entered, formatted for the preview."""
    rows: list[Fact] = []
    for field in form.visible_fields():
        value = form.cleaned_data.get(field.name)
        choices = dict(getattr(field.field, "choices", ()))
        if value not in (None, ""):
            rows.append((str(field.label), choices.get(value, value)))
    return rows
