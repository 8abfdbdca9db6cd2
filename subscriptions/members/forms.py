"""Forms about members: they parse input, and the use cases decide what is allowed."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from subscriptions.members.members import NewMember
from subscriptions.models import Membership, User
from subscriptions.models.members import Role
from subscriptions.policy import members
from subscriptions.text.fields import EmailField, NameField


def role_choices(actor: Membership) -> list[tuple[str, str]]:
    """Return the roles that ``actor`` may assign, with their names (R3)."""
    grantable = members.grantable_roles(actor.role)
    return [(value, str(label)) for value, label in Role.choices if value in grantable]


class AddUserForm(forms.Form):
    """Name, e-mail and role of a new user."""

    name = NameField(label=_("Name"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("We will send the invitation to this address. The user signs in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), initial=members.Role.GENERAL_MEMBER.value)

    def __init__(self, *args: Any, actor: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        if isinstance(role, forms.ChoiceField):
            role.choices = role_choices(actor)

    def new_member(self) -> NewMember:
        """Return the member to add, from the cleaned form."""
        data = self.cleaned_data
        return NewMember(name=data["name"], email=data["email"], role=data["role"])


class JoinForm(forms.Form):
    """A join code, and the person's name and e-mail; for signed-in users, these are read-only."""

    code = forms.CharField(
        label=_("Join code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    name = NameField(label=_("Name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("If you are added, we will send the invitation here."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user is not None:
            for name, value in (("name", str(user)), ("email", user.email)):
                self.fields[name].disabled = True
                self.initial[name] = value


class RoleForm(forms.Form):
    """The new role of a member."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, actor: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        if isinstance(role, forms.ChoiceField):
            role.choices = role_choices(actor)


class SetPasswordForm(forms.Form):
    """The first password of an invited person who has none."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 8 characters, and hard to guess."),
    )
    password_again = forms.CharField(
        label=_("Confirm password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "password" in data and data["password"] != data.get("password_again"):
            self.add_error("password_again", _("The passwords do not match. Type them again."))
        return data
