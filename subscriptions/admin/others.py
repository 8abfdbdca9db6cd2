"""What libraries put into the Django admin and must not stand there.

An account's addresses are its owner's to change (R3), and a queued mail holds the links of
invitations and password resets as they were sent. Second factors and sessions are nobody else's.
"""

from django.apps import apps
from django.contrib import admin

# These applications come before this one in INSTALLED_APPS, so that their pages are here by now.
for label in ("account", "mfa", "usersessions", "post_office"):
    for model in apps.get_app_config(label).get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
