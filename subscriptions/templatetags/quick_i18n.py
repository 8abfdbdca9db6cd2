"""``{% load i18n %}``: Django's library, with tags that remember (``quick_texts``)."""

from django.templatetags import i18n

from subscriptions.templatetags.quick_texts import like, translate

register = like(i18n.register)
register.tag("translate", translate)
register.tag("trans", translate)
