"""Forms of System Settings."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from subscriptions.models import NotifiedAddress, Organization
from subscriptions.text.fields import NameField
from subscriptions.text.ids import read_number

# Each threshold sends at most one e-mail; more than ten are not useful.
MAX_THRESHOLDS = 10
HIGHEST_THRESHOLD = 1000
MAX_ADDRESSES = 10


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Names and addresses for pages and new receipts."""

    name = NameField(label=_("Name"))
    billing_name = NameField(label=_("Billing contact"), required=False)

    class Meta:
        model = Organization
        fields = ("name", "billing_name", "billing_email", "billing_address", "receipt_text")
        widgets = {"billing_address": forms.Textarea(attrs={"rows": 4})}


class ThresholdsField(forms.CharField):
    """Whole numbers separated by commas or spaces, or nothing."""

    def prepare_value(self, value: Any) -> Any:
        """Show a list as text."""
        return ", ".join(str(number) for number in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the distinct numbers, highest first."""
        if isinstance(value, list):
            return value
        words = re.split(r"[\s,;]+", super().to_python(value) or "")
        numbers = {self._number(word) for word in words if word}
        if len(numbers) > MAX_THRESHOLDS:
            message = _("Enter at most %(most)s numbers.")
            raise ValidationError(message, params={"most": MAX_THRESHOLDS})
        return sorted(numbers, reverse=True)

    def _number(self, word: str) -> int:
        number = read_number(word)
        if number is None or number > HIGHEST_THRESHOLD:
            message = _("“%(word)s” is not a number from 0 to %(highest)s.")
            raise ValidationError(message, params={"word": word[:20], "highest": HIGHEST_THRESHOLD})
        return number


class NotificationsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """When "few licenses left" is sent."""

    low_license_thresholds = ThresholdsField(
        label=_("Send an e-mail when this many licenses are left"),
        required=False,
        max_length=100,
        help_text=_("Enter one or more numbers, such as 3, 2, 1, 0. Leave empty for no e-mails."),
    )

    class Meta:
        model = Organization
        fields = ("low_license_thresholds",)


class AddressForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """An additional address for notifications."""

    class Meta:
        model = NotifiedAddress
        fields = ("email", "gets_receipts", "gets_reminders")


class BaseAddressFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # not generic at run time
    """All additional addresses; saved together, so that submitting the form twice is harmless."""

    def addresses(self) -> list[NotifiedAddress]:
        """Return the addresses to save, without duplicates."""
        remaining = [form for form in self.forms if form not in self.deleted_forms]
        found = {}
        for data in (form.cleaned_data for form in remaining):
            if data.get("email"):
                email = data["email"].lower()
                found[email] = NotifiedAddress(
                    email=email,
                    gets_receipts=data["gets_receipts"],
                    gets_reminders=data["gets_reminders"],
                )
        return list(found.values())


AddressFormSet = forms.formset_factory(
    AddressForm,
    formset=BaseAddressFormSet,
    extra=1,
    can_delete=True,
    max_num=MAX_ADDRESSES,
    validate_max=True,
)


class SecurityForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Whether a second factor is required of users who may buy."""

    class Meta:
        model = Organization
        fields = ("second_factor_required",)
        labels = {
            "second_factor_required": _(
                "Require a second factor for Assignors and Administrators on every page except "
                "Members Home"
            )
        }


class PeopleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How long a member can go without signing in before counting as inactive."""

    class Meta:
        model = Organization
        fields = ("inactive_after_days",)
        labels = {
            "inactive_after_days": _("Days without signing in before a user is considered inactive")
        }
