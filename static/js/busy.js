// Says that something is happening, and sends nothing twice; the server sees to it as well. The words
// stand on the button that was pressed; a button outside its form counts as one of it.

const HANDED_OVER = 8_000; // milliseconds after which whoever is still here may try again

const settle = (form) => {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
  for (const button of form.elements) {
    button.removeAttribute("aria-disabled");
  }
  const place = placeOf(form);
  if (place) {
    place.textContent = "";
  }
};

const placeOf = (form) => form.querySelector("[data-busy-place]") ?? document.querySelector("[data-busy-place]");

for (const form of document.querySelectorAll("[data-busy-form]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const words = event.submitter?.dataset.busy;
    const place = placeOf(form);
    if (words && place) {
      place.textContent = words;
      event.submitter.setAttribute("aria-disabled", "true");
      form.setAttribute("aria-busy", "true");
    }
    if (form.dataset.busyForm === "leaves") {
      setTimeout(() => settle(form), HANDED_OVER);
    }
  });
}

// Back from the next page: the browser may show this page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-busy-form]")) {
    settle(form);
  }
});
