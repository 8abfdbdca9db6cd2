// Opens the messenger's panel, and loads new messages while the thread is visible.
// Without scripts the button is a link to the messenger's page.

const PAUSE = 8_000;
// After this time without input, loading pauses; the next input loads new messages at once.
const IDLE_AFTER = 5 * 60_000;

const button = document.getElementById("messenger-button");
const panel = document.getElementById("messenger-panel");
const place = document.getElementById("messenger");
let lastTouched = performance.now();

const isShown = () => place !== null && (panel === null || panel.open);

const askForNews = () => {
  const news = document.getElementById("messenger-news");
  if (news !== null && isShown() && !document.hidden) {
    window.htmx.trigger(news, "refresh");
  }
};

const touched = () => {
  const wasIdle = performance.now() - lastTouched > IDLE_AFTER;
  lastTouched = performance.now();
  if (wasIdle) {
    askForNews();
  }
};

const putFocus = () => {
  const field = place.querySelector("[aria-invalid='true']") ?? place.querySelector("input:not([type='hidden']), textarea");
  field?.focus();
};

const openPanel = () => {
  panel.showModal();
  button.querySelector("[data-unread]")?.remove();
  if (place.childElementCount === 0) {
    window.htmx.trigger(place, "open");
  } else {
    askForNews();
    putFocus();
  }
};

if (button !== null && panel !== null) {
  button.setAttribute("role", "button");
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", (event) => {
    if (!event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      openPanel();
    }
  });
  button.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      openPanel();
    }
  });
}

if (place !== null) {
  for (const name of ["pointerdown", "pointermove", "keydown", "scroll"]) {
    document.addEventListener(name, touched, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", askForNews);
  setInterval(() => {
    if (performance.now() - lastTouched <= IDLE_AFTER) {
      askForNews();
    }
  }, PAUSE);

  place.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === place) {
      putFocus();
    }
    if (place.querySelector(".message") !== null) {
      place.querySelector("[data-empty]")?.remove();
    }
  });

  const onFailure = ({ requestConfig: { elt }, xhr }) => {
    if (elt === place) {
      // The panel has nothing to show, so go to the page, which explains the error.
      window.location.assign(button.href);
    } else if (elt.id === "messenger-news") {
      // Signed out, or no longer a member, so stop loading. Retry only if there was no response.
      if (xhr.status !== 0) {
        elt.remove();
      }
    } else {
      place.querySelector("[data-trouble]")?.removeAttribute("hidden");
    }
  };
  place.addEventListener("htmx:responseError", (event) => onFailure(event.detail));
  place.addEventListener("htmx:sendError", (event) => onFailure(event.detail));
  place.addEventListener("htmx:beforeSwap", (event) => {
    const { pathInfo, xhr } = event.detail;
    const asked = new URL(pathInfo.requestPath, window.location.href);
    // Redirected to another page, such as sign-in, which must not be shown in the panel.
    if (new URL(xhr.responseURL).pathname !== asked.pathname) {
      event.detail.shouldSwap = false;
      onFailure(event.detail);
    }
  });
}
