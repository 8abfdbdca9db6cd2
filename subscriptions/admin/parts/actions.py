"""Pages of the Django admin that do one thing each: GET shows it, POST does it.

Whether it may be done is the rules' to say, before the page and again when it is sent; what was
typed is kept where it may not. Large things are shown once more before they are done, and not done
if they would come to something else by then.
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
    """What every page sends: a number of its own, and what it had shown would happen."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, required=False)


class ReasonForm(ActionForm):
    """A form that asks why."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept permanently, with your name."),
    )


@dataclass(frozen=True)
class Plan:
    """What would happen. ``shown`` is different whenever anything of it is."""

    facts: Sequence[Fact] = ()
    warnings: Sequence[str] = ()
    shown: str = ""


@dataclass(frozen=True)
class Done:
    """What has happened, in words for the one who did it."""

    words: str
    level: int = messages.SUCCESS


class ActionFailed(Exception):
    """It could not be done now, through nobody's fault; its text says so."""


class Action(ABC):
    """One thing to do about ``subject``. Subclasses say what; this is how."""

    permission = ""
    title: Any = ""
    button: Any = ""
    # Looked at once more before it is done.
    is_confirmed = False
    form_class: type[ActionForm] = ReasonForm
    # The field that a refusal is about; the form as a whole where there is none.
    fields_of_reasons: Mapping[Reason, str] = {}

    def __init__(self, model_admin: "ModelAdmin[Any]", request: HttpRequest, subject: Any) -> None:
        self.model_admin = model_admin
        self.request = request
        self.subject = subject

    # What a subclass says ------------------------------------------------------------------------

    def judge(self) -> Allowed | Refusal:
        """Whether it may be done at all at this moment."""
        return ALLOWED

    def facts(self) -> Sequence[Fact]:
        """What is to be known before the form is filled in."""
        return ()

    def warnings(self) -> Sequence[str]:
        """What is to be minded before the form is filled in."""
        return ()

    def initial(self) -> dict[str, Any]:
        """What stands in the form to begin with."""
        return {}

    def form(self, data: Any = None, **kwargs: Any) -> ActionForm:
        """The form, empty or as sent."""
        return self.form_class(data, **kwargs)

    def plan(self, form: ActionForm) -> Plan:
        """What would happen. Raises Refused."""
        return Plan()

    def done_before(self, form: ActionForm) -> Done | None:
        """What came of this very form, where it was sent before."""
        return None

    @abstractmethod
    def act(self, form: ActionForm, actor: User) -> Done:
        """Do it. Raises Refused, and ActionFailed."""

    def name_of(self, thing: Model) -> str:
        """What an object is called above and on top of the page."""
        return str(thing)

    def back(self) -> str:
        """Where it leads to."""
        return display.address_of(self.subject)

    def trail(self) -> Sequence[Model]:
        """What the page is below of, from the top."""
        return [self.subject]

    # How it is done ------------------------------------------------------------------------------

    def respond(self) -> HttpResponse:
        """The page, or what has come of it."""
        if not self.request.user.has_perm(self.permission):
            raise PermissionDenied
        if self.request.method == "POST":
            return self._post()
        if self.request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        decision = self.judge()
        if isinstance(decision, Refusal):
            return self._page(None, HTTPStatus.CONFLICT, refusal=refusal_text(decision))
        return self._page(self.form(initial={"submission": uuid.uuid4(), **self.initial()}))

    def _post(self) -> HttpResponse:
        form = self.form(self._data())
        is_valid = form.is_valid()
        if "change" in self.request.POST:
            return self._page(self.form(initial=_typed(form)))
        if not is_valid:
            return self._page(form, HTTPStatus.UNPROCESSABLE_ENTITY)
        is_confirmed = "confirmed" in self.request.POST or not self.is_confirmed
        try:
            return self._do(form) if is_confirmed else self._preview(form)
        except Refused as refused:
            return self._answer_repeated(form) or self._refuse(form, refused.refusal)
        except ActionFailed as failed:
            form.add_error(None, str(failed))
            return self._page(form, HTTPStatus.SERVICE_UNAVAILABLE)

    def _data(self) -> Any:
        """What was sent; without a usable number of its own the form gets one."""
        data = self.request.POST.copy()
        if read_uuid(data.get("submission", "")) is None:
            data["submission"] = str(uuid.uuid4())
        return data

    def _preview(self, form: ActionForm) -> HttpResponse:
        decision = self.judge()
        if isinstance(decision, Refusal):
            raise Refused(decision)
        return self._page(form, plan=self.plan(form))

    def _do(self, form: ActionForm) -> HttpResponse:
        repeated = self._answer_repeated(form)
        if repeated is not None:
            return repeated
        if self.is_confirmed:
            plan = self.plan(form)
            if plan.shown != form.cleaned_data["shown"]:
                return self._answer_repeated(form) or self._page(
                    form,
                    HTTPStatus.CONFLICT,
                    plan=plan,
                    notice=gettext("Something has changed in the meantime. Review it again."),
                )
        actor = self.request.user
        assert isinstance(actor, User)  # noqa: S101  (a permission was asked for before)
        return self._leave(self.act(form, actor))

    def _answer_repeated(self, form: ActionForm) -> HttpResponse | None:
        """A double click is answered like the click before it."""
        done = self.done_before(form)
        return self._leave(done) if done else None

    def _leave(self, done: Done) -> HttpResponse:
        messages.add_message(self.request, done.level, done.words)
        return HttpResponseRedirect(self.back())

    def _refuse(self, form: ActionForm, refusal: Refusal) -> HttpResponse:
        name = self.fields_of_reasons.get(refusal.reason)
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
            "trail": [(display.address_of(thing), self.name_of(thing)) for thing in self.trail()],
            "back": self.back(),
            "button": self.button,
            **({} if plan or refusal else self._how_it_stands()),
            "form": form,
            "plan": plan,
            "typed": _shown_again(form) if plan and form else [],
            "refusal": refusal,
            "notice": notice,
            "is_confirmed": self.is_confirmed,
        }
        self.request.current_app = self.model_admin.admin_site.name
        return TemplateResponse(self.request, "admin/action.html", context, status=status)

    def _how_it_stands(self) -> dict[str, Any]:
        """Facts and warnings; nothing where the moment for it has passed, which is said anyway."""
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
    """The address of an action about one object, below the object's own."""

    def view(request: HttpRequest, object_id: str) -> HttpResponse:
        subject = model_admin.get_object(request, object_id)
        if subject is None:
            raise Http404
        return action(model_admin, request, subject).respond()

    return path(f"<path:object_id>/{address}/", model_admin.admin_site.admin_view(view), name=name)


def _typed(form: ActionForm) -> dict[str, Any]:
    return {name: form[name].value() for name in form.fields}


def _shown_again(form: ActionForm) -> list[Fact]:
    """What was typed, in words, for the page that asks whether it is meant."""
    rows: list[Fact] = []
    for field in form.visible_fields():
        value = form.cleaned_data.get(field.name)
        choices = dict(getattr(field.field, "choices", ()))
        if value not in (None, ""):
            rows.append((str(field.label), choices.get(value, value)))
    return rows
