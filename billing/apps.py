from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from billing.documents.panels import purchases_panel
        from subscriptions.text.links import register_pages
        from subscriptions.text.panels import register_panel

        register_pages(
            add_licenses="billing:add_licenses",
            end_renewal="billing:end_renewal",
            pricing="billing:pricing",
            purchases="billing:purchases",
            renewal="billing:renewal",
        )
        register_panel("purchases", purchases_panel)
