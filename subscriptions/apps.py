from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = _("Subscriptions")

    def ready(self) -> None:
        from allauth.account.signals import password_reset
        from django.contrib.auth.signals import user_logged_in

        from subscriptions.access.unsaved_forms import drop_form_of_other_user
        from subscriptions.members.members import join_all_after_password_reset, record_last_seen

        user_logged_in.connect(record_last_seen, dispatch_uid="subscriptions.last_seen")
        user_logged_in.connect(drop_form_of_other_user, dispatch_uid="subscriptions.unsaved_forms")
        password_reset.connect(
            join_all_after_password_reset, dispatch_uid="subscriptions.join_after_reset"
        )
