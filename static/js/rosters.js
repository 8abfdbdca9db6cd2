// Says that something is happening, and sends nothing twice; the server sees to it as well. Changes
// of rows are taken along when another page of them is opened.

for (const form of document.querySelectorAll("[data-busy-form]")) {
  const place = form.querySelector("[data-busy-place]");

  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const words = event.submitter?.dataset.busy;
    if (words && place) {
      place.textContent = words;
      event.submitter.setAttribute("aria-disabled", "true");
      form.setAttribute("aria-busy", "true");
    }
  });
}

// Back from the next page: the browser may show this page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-busy-form]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
    const place = form.querySelector("[data-busy-place]");
    if (place) {
      place.textContent = "";
    }
  }
});

const roster = document.querySelector("[data-roster]");

if (roster) {
  let isChanged = false;
  roster.addEventListener("input", () => {
    isChanged = true;
  });

  for (const link of roster.querySelectorAll("[data-keeps]")) {
    link.addEventListener("click", (event) => {
      const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
      if (!isChanged || opensElsewhere) {
        return;
      }
      event.preventDefault();
      roster.elements.show.value = new URL(link.href).search.slice(1);
      roster.requestSubmit(roster.querySelector("[data-save]"));
    });
  }
}
