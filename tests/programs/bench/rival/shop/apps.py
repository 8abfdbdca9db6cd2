import os

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Connect the handler to dj-stripe's signal."""

    name = "tests.programs.bench.rival.shop"
    label = "shop"

    def ready(self) -> None:
        from tests.programs.bench.rival.shop import handlers

        handlers.connect(is_lean="RIVAL_IS_LEAN" in os.environ)
