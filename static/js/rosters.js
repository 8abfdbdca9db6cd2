// Saves changed rows when another page of the roster is opened.

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
