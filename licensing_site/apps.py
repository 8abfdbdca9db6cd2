from django.apps import AppConfig


class LicensingSiteConfig(AppConfig):
    name = "licensing_site"

    def ready(self) -> None:
        from billing.states import PAID, UNSETTLED
        from licensing_site import checks  # noqa: F401  (registers the system checks)
        from subscriptions import price_list

        price_list.ask_about_uses(
            lambda discount: (
                discount.purchases.filter(status__in=PAID).count(),
                discount.purchases.filter(status__in=UNSETTLED).count(),
            )
        )
