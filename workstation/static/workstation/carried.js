// A frame whose browser keeps no cookie: every call of its page carries the session itself.
import { go, headers, isStored, note, show } from "../tokens/session.js";

const ASK_EVERY = 10 * 60 * 1000; // far more often than an unused session ends

function carryInEveryCall() {
  document.addEventListener("htmx:configRequest", ({ detail }) => Object.assign(detail.headers, headers()));
  document.addEventListener("htmx:historyCacheMiss", ({ detail }) => {
    for (const [name, value] of Object.entries(headers())) detail.xhr.setRequestHeader(name, value);
  });
  // What htmx sends it has stopped before this; the rest would go without the session.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    const { target: form, submitter } = event;
    const body = new URLSearchParams(new FormData(form, submitter));
    show(form.action, { method: form.method, body }).catch(() => document.dispatchEvent(
      new CustomEvent("weiyu:unreachable", { detail: { retry: () => form.requestSubmit(submitter) } }),
    ));
  });
}

// Without storage the session stands in the history entries, so none may come about without it.
function carryInHistory() {
  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
    document.addEventListener(name, () => note());
  }
  window.addEventListener("popstate", ({ state }) => {
    note();
    if (!state?.htmx) location.reload();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const isPlain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (event.defaultPrevented || !isPlain || !link || link.target || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const address = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!address) return;
    event.preventDefault();
    go(address);
  });
  note();
}

export function begin() {
  const { alive } = document.body.dataset;
  if (!alive) return;
  carryInEveryCall();
  if (!isStored()) carryInHistory();
  setInterval(async () => {
    const answer = await fetch(alive, { headers: headers() }).catch(() => null);
    // The page anew says why it is over.
    if (answer?.status === 401 || answer?.status === 403) location.reload();
  }, ASK_EVERY);
}
