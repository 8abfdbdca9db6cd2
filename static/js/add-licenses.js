// Updates the price as the quantity changes. Without scripts the server does the same.

const form = document.querySelector("[data-order]");

if (form) {
  const field = form.elements.quantity;
  const hint = form.querySelector("[data-hint]");
  const group = Number(form.dataset.group);
  const unitAmount = Number(form.dataset.unitAmount);
  const held = Number(form.dataset.held);
  const most = Number(form.dataset.most);
  const pay = document.querySelector("[data-pay]");
  const label = pay.querySelector("span");
  const plainLabel = label.textContent;
  const language = document.documentElement.dataset.locale;
  const number = new Intl.NumberFormat(language);
  const money = new Intl.NumberFormat(language, {
    style: "currency",
    currency: form.dataset.currency.toUpperCase(),
  });

  const read = () => (/^\s*[0-9]{1,9}\s*$/.test(field.value) ? Number(field.value) : null);

  const show = (name, text) => {
    document.querySelector(`[data-show="${name}"]`).textContent = text;
  };

  const problem = (quantity) => {
    if (quantity !== null && quantity > most) {
      return hint.dataset.ceiling;
    }
    return quantity === null || quantity < group || quantity % group ? hint.dataset.groups : "";
  };

  const update = () => {
    const quantity = read();
    const wrong = problem(quantity);
    // The server's error says more than the hint, so it is kept.
    const isAnswered = form.querySelector("#quantity-error") !== null;
    hint.textContent = isAnswered || field.value.trim() === "" ? "" : wrong;
    if (wrong) {
      show("quantity", "–");
      show("total", "–");
      show("held", "–");
      label.textContent = plainLabel;
      return;
    }
    const total = money.format((quantity * unitAmount) / 100);
    show("quantity", number.format(quantity));
    show("total", total);
    show("held", number.format(held + quantity));
    label.textContent = pay.dataset.amountLabel.replace("%s", total);
  };

  // Any server error was about the previous quantity.
  const change = () => {
    form.querySelector("#quantity-error")?.remove();
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", "quantity-help");
    update();
  };

  const step = (up) => {
    const quantity = read() ?? 0;
    const groups = up ? Math.floor(quantity / group) + 1 : Math.ceil(quantity / group) - 1;
    field.value = String(Math.min(Math.max(1, groups) * group, most));
    change();
  };

  for (const button of form.querySelectorAll("[name=change]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      step(button.value === "more");
    });
  }

  field.addEventListener("input", change);
  update();

  // Shows "12 people, 2 free: 10 licenses, $50.00", and sets the quantity above.
  const people = document.querySelector("[data-people]");
  const result = people.querySelector("[data-people-result]");
  const plural = new Intl.PluralRules(language);
  const free = Number(people.dataset.free);
  const room = Number(people.dataset.room);

  people.elements.people.addEventListener("input", (event) => {
    // Any server error was about the previous number.
    people.querySelector("[data-people-error]")?.remove();
    event.target.removeAttribute("aria-invalid");
    event.target.setAttribute("aria-describedby", "people-help people-result");
    const typed = event.target.value.trim();
    const wanted = /^[0-9]{1,6}$/.test(typed) ? Number(typed) : 0;
    const quantity = Math.ceil(Math.max(0, wanted - room) / group) * group;
    if (wanted < 1 || quantity === 0) {
      result.textContent = wanted < 1 ? "" : result.dataset.enough;
      return;
    }
    const words = plural.select(wanted) === "one" ? result.dataset.one : result.dataset.other;
    result.textContent = words
      .replace("{people}", number.format(wanted))
      .replace("{free}", number.format(free))
      .replace("{quantity}", number.format(quantity))
      .replace("{total}", money.format((quantity * unitAmount) / 100));
    field.value = String(quantity);
    change();
  });

  // After Back from the payment page, the browser may restore the page as it was.
  window.addEventListener("pageshow", update);
}
