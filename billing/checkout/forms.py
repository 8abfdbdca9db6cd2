"""Forms for purchases. They parse input; the rules are in ``policy``."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from billing.checkout.add_ons import Order
from subscriptions.models import Organization, Package, Term
from subscriptions.policy import add_ons
from subscriptions.policy.refusal import Reason, Refusal
from subscriptions.text.fields import EmailField, NameField
from subscriptions.text.refusals import refusal_text


class QuantityField(forms.CharField):
    """A number of licenses, parsed and checked by the rule (R10)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, strip=True, **kwargs)
        self.error_messages["required"] = _("Enter the number of licenses, such as 10.")

    def clean(self, value: Any) -> Any:
        """Return the number. Raises ValidationError with the text of the refusal."""
        quantity = add_ons.read_quantity(super().clean(value))
        if isinstance(quantity, Refusal):
            raise ValidationError(refusal_text(quantity))
        return quantity


class AddLicensesForm(forms.Form):
    """The number of licenses, and where to go afterwards."""

    quantity = QuantityField(label=_("Number of licenses"))
    submission = forms.UUIDField(widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)
    again = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, organization: Organization, term: Term | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.term = term

    def clean_quantity(self) -> int:
        """Check for groups of 5 below the payment limit, at the term's locked price (R10)."""
        quantity = int(self.cleaned_data["quantity"])
        if self.term is not None:
            decision = add_ons.check_quantity(
                quantity, unit_amount=self.term.unit_amount, currency=self.term.currency
            )
            if isinstance(decision, Refusal):
                raise ValidationError(refusal_text(decision))
        return quantity

    def clean_next(self) -> str:
        """Return a path inside the organization, or an empty string."""
        return safe_return_path(self.organization, self.cleaned_data["next"])

    def order(self) -> Order:
        """Return the order of a valid form."""
        data = self.cleaned_data
        return Order(
            quantity=data["quantity"],
            submission=data["submission"],
            return_to=data["next"],
            is_repeat=data["again"],
        )


class RenewalForm(forms.Form):
    """A renewal's package and code, and the plan shown for them."""

    package = forms.ModelChoiceField(Package.objects.none(), empty_label=None)
    code = forms.CharField(label=_("Discount code"), required=False, max_length=40, strip=True)
    submission = forms.UUIDField(widget=forms.HiddenInput)
    fingerprint = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def __init__(self, *args: Any, packages: Sequence[Package], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        package = self.fields["package"]
        if isinstance(package, forms.ModelChoiceField):
            package.queryset = Package.objects.filter(pk__in=[offered.pk for offered in packages])
            package.error_messages["invalid_choice"] = _(
                "This package is no longer offered. Choose another one."
            )


class SubscribeForm(forms.Form):
    """The original purchase of a new organization (R23)."""

    package = forms.ModelChoiceField(
        Package.objects.none(), label=_("Package"), empty_label=None, widget=forms.RadioSelect
    )
    quantity = QuantityField(label=_("Number of licenses"))
    organization_name = NameField(label=_("Organization"))
    buyer_name = NameField(label=_("Your name"))
    buyer_email = EmailField(
        label=_("Your e-mail"),
        max_length=254,
        help_text=_("You will be the first Administrator. We will send the invitation here."),
    )
    billing_name = NameField(label=_("Billing contact"), required=False)
    billing_email = EmailField(label=_("Billing e-mail"), required=False, max_length=254)
    billing_address = forms.CharField(
        label=_("Billing address"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    code = forms.CharField(label=_("Discount code"), required=False, max_length=40, strip=True)
    submission = forms.UUIDField(widget=forms.HiddenInput)
    fingerprint = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        package = self.fields["package"]
        if isinstance(package, forms.ModelChoiceField):
            package.queryset = Package.objects.filter(is_offered=True)

    def clean(self) -> dict[str, Any]:
        """Require the package's minimum number of licenses."""
        data = super().clean() or {}
        package, quantity = data.get("package"), data.get("quantity")
        if package and quantity is not None and quantity < package.minimum_licenses:
            facts = {"minimum": package.minimum_licenses}
            self.add_error("quantity", refusal_text(Refusal(Reason.BELOW_MINIMUM, facts)))
        return data


def safe_return_path(organization: Organization, path: str) -> str:
    """Return ``path`` if it leads into the organization's own pages, else an empty string."""
    inside = path.startswith(f"/o/{organization.slug}/") and len(path) <= 300
    plain = not any(part in path for part in ("..", "\\", "//")) and path.isprintable()
    if inside and plain and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path
    return ""


def new_submission() -> str:
    """Return a new submission number for a form (R14)."""
    return str(uuid.uuid4())
