"""The help: questions, answers, and the words of the screens."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from subscriptions.text import help as texts

LONGEST_QUERY = 100  # characters


@require_GET
def help(request: HttpRequest) -> HttpResponse:
    """Everything, or what a search finds. Public."""
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    found = texts.find(query) if query else (texts.topics(), texts.glossary())
    context = {"query": query, "topics": found[0], "words": found[1]}
    return render(request, "subscriptions/help.html", context)
