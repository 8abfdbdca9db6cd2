from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = _("Subscriptions")

    def ready(self) -> None:
        from allauth.account.signals import password_reset

        from subscriptions.members.members import join_all_after_password_reset

        password_reset.connect(
            join_all_after_password_reset, dispatch_uid="subscriptions.join_after_reset"
        )
