from django.apps import AppConfig
from django.contrib.admin import apps as admin


class LicensingSiteConfig(AppConfig):
    name = "licensing_site"
    default = True

    def ready(self) -> None:
        from licensing_site import checks  # noqa: F401  (registers the system checks)


class LicensingAdminConfig(admin.AdminConfig):
    """Django's admin with our own site."""

    default = False
    default_site = "licensing_site.admin_site.AdminSite"
