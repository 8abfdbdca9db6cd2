"""The help where its questions arise."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscriptions.text import help as texts
from subscriptions.text.tags import icon

register = template.Library()


@register.simple_tag
def help_link(key: str) -> SafeString:
    """``{% help_link "pricing" %}``: a link to the answer, named by its question."""
    return format_html(
        '<a class="help-link" href="{}#{}">{}<span>{}</span></a>',
        reverse("subscriptions:help"),
        key,
        icon("question"),
        texts.topic(key).question,
    )


@register.inclusion_tag("subscriptions/_questions.html")
def help_questions(*keys: str) -> dict[str, Any]:
    """``{% help_questions "pricing" "paying" %}``: questions that open to their answers."""
    return {"topics": [texts.topic(key) for key in keys]}


@register.inclusion_tag("subscriptions/_glossary.html")
def glossary(words: Sequence[texts.Word] | None = None) -> dict[str, Any]:
    """``{% glossary %}``: the words of the screens, with what people also call them."""
    return {"words": texts.glossary() if words is None else words}
