"""The user's own account."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from subscriptions.access import unsaved_forms
from subscriptions.access.decorators import signed_in_only
from subscriptions.access.forms import ProfileForm
from subscriptions.models import User
from subscriptions.text import languages


@signed_in_only
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Edit the user's name and language; django-allauth has e-mail and password pages (R3)."""
    user = get_object_or_404(User, pk=request.user.pk or 0)
    form = ProfileForm(unsaved_forms.bound_data(request), instance=user)
    if request.method == "POST" and form.is_valid():
        changed = form.save()
        languages.use(changed.language)
        messages.success(request, _("Your changes have been saved."))
        return languages.remember(redirect("subscriptions:profile"), changed.language)
    status = HTTPStatus.OK if request.method == "GET" else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "access/profile.html", {"form": form}, status=status)
