"""Parse the forms of a page, to submit them with their values as a browser does."""

from html.parser import HTMLParser


class Forms(HTMLParser):
    """The forms of a page, each with its field values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._open = False
        self._select = ""
        self.feed(html)

    def with_field(self, name: str) -> dict[str, str] | None:
        """Return the first form with a field of that name, or None."""
        return next((form for form in self.found if name in form), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = True
            self.found.append({})
        elif not self._open:
            return
        elif tag == "select":
            self._select = attributes.get("name", "")
        elif tag == "option" and self._select:
            if "selected" in attributes or self._select not in self.found[-1]:
                self.found[-1][self._select] = attributes.get("value", "")
        elif tag in ("input", "textarea") and "name" in attributes:
            self._add_field(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = ""

    def _add_field(self, attributes: dict[str, str]) -> None:
        is_choice = attributes.get("type") in ("checkbox", "radio")
        if not is_choice or "checked" in attributes:
            self.found[-1][attributes["name"]] = attributes.get("value", "")
