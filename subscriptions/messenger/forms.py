"""Messenger forms, for users and for support."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subscriptions.messenger.threads import MessageDraft, RemovalBounds
from subscriptions.policy import messenger as rules
from subscriptions.policy.add_ons import read_quantity
from subscriptions.policy.refusal import Reason, Refusal
from subscriptions.text.fields import EmailField, NameField
from subscriptions.text.ids import read_uuid
from subscriptions.text.refusals import refusal_text


class SubmissionField(forms.CharField):
    """The ID of the form, or a new one if it is missing or malformed."""

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid.uuid4, widget=forms.HiddenInput)

    def clean(self, value: Any) -> uuid.UUID:
        """Never raise an error, because no one entered this value."""
        return read_uuid(str(value)) or uuid.uuid4()


class MessageForm(forms.Form):
    """A message and the ID of its form."""

    body = forms.CharField(
        label=_("Your message"),
        # No maxlength, because browsers silently truncate pasted text.
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write your message first.")},
    )
    submission = SubmissionField()

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, auto_id="message_%s", **kwargs)

    def clean_body(self) -> str:
        """Return the text as stored; refuse it if it is empty or too long."""
        body = rules.clean_message(self.cleaned_data["body"])
        decision = rules.check_body(body)
        if isinstance(decision, Refusal):
            raise ValidationError(refusal_text(decision))
        return body

    def draft(self) -> MessageDraft:
        """Return the message of a valid form."""
        return MessageDraft(self.cleaned_data["body"], self.cleaned_data["submission"])


class VisitorForm(MessageForm):
    """A message from someone without an account; support replies by e-mail."""

    name = NameField(label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = EmailField(
        label=_("Your e-mail"),
        max_length=254,
        help_text=_("We will send the reply here."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    # A honeypot: bots fill in every field; people cannot see or hear this one.
    website = forms.CharField(
        label=_("Leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    field_order = ("name", "email", "body", "website", "submission")

    @property
    def is_from_bot(self) -> bool:
        """Whether the honeypot was filled in."""
        return bool(self.cleaned_data["website"])


class RemovalForm(forms.Form):
    """A request to remove licenses: how many, and a note (R27)."""

    quantity = forms.CharField(
        label=_("Number of licenses to remove"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    body = forms.CharField(
        label=_("Note (optional)"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    submission = SubmissionField()

    def __init__(self, data: Any = None, *, bounds: RemovalBounds) -> None:
        super().__init__(data, auto_id="removal_%s")
        self.bounds = bounds

    def clean_quantity(self) -> int:
        """Require a whole number within the bounds, which are shown next to the field."""
        number = read_quantity(self.cleaned_data["quantity"])
        if isinstance(number, int):
            decision = self.bounds.check(number)
        else:
            is_negative = number.reason == Reason.TOO_FEW
            decision = self.bounds.check(0) if is_negative else number
        if isinstance(decision, Refusal):
            raise ValidationError(refusal_text(decision))
        assert isinstance(number, int)  # noqa: S101  (other input was refused above)
        return number

    def clean_body(self) -> str:
        """Return the note as stored, if there is one."""
        body = rules.clean_message(self.cleaned_data["body"])
        decision = rules.check_body(body) if body else None
        if isinstance(decision, Refusal):
            raise ValidationError(refusal_text(decision))
        return body

    def draft(self) -> MessageDraft:
        """Return the note, or a standard request if there is none."""
        default_text = gettext("Please remove licenses from our renewal.")
        return MessageDraft(
            self.cleaned_data["body"] or default_text, self.cleaned_data["submission"]
        )
