from django.apps import AppConfig


class LicensingSiteConfig(AppConfig):
    name = "licensing_site"

    def ready(self) -> None:
        from licensing_site import checks  # noqa: F401  (registers the system checks)
