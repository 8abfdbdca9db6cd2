"""The form for the user's own account."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from subscriptions.models import User
from subscriptions.text.fields import NameField


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What users may change about their own account (R3)."""

    name = NameField(label=_("Name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_(
            "For the pages you see and the e-mails you get. If you do not choose one, e-mails "
            "are in English."
        ),
    )

    class Meta:
        model = User
        fields = ("name", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self.fields["language"]
        if isinstance(language, forms.ChoiceField):
            language.choices = [("", _("Same as browser")), *settings.LANGUAGES]
