"""``{% load static %}``: Django's library, with tags that remember (``quick_texts``)."""

from django.templatetags import static

from subscriptions.templatetags.quick_texts import like
from subscriptions.templatetags.quick_texts import static as quick

register = like(static.register)
register.tag("static", quick)
