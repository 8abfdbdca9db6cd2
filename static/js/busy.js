// Shows that a form is being sent, and keeps it from being sent twice, as the server does too. The
// text is an attribute of the button pressed; a button outside its form counts as part of it.

const HANDED_OVER = 8_000; // milliseconds until the form can be sent again if the page is still open

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

// After Back from the next page, the browser may restore this page as it was.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-busy-form]")) {
    settle(form);
  }
});
