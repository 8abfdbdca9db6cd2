"""The WSGI application that web servers load."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "licensing_site.settings")

application = get_wsgi_application()

from licensing_site.checks import refuse_to_start_if_misconfigured  # noqa: E402  (apps come first)

refuse_to_start_if_misconfigured()
