from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from billing.documents.panels import purchases_panel
        from subscriptions.text.links import PAGES, PANELS

        for key in (
            "add_licenses",
            "cancel_renewal",
            "pricing",
            "purchases",
            "renewal",
            "subscribe",
        ):
            PAGES.register(key, f"billing:{key}")
        PANELS.register("purchases", purchases_panel)
