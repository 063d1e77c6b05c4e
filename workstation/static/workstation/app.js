// Everything that the workstation does beyond what htmx does: drafts, keys, focus, trouble.
import { begin as beginCarried } from "./carried.js";
import { begin as beginChoices } from "./choices.js";
import { begin as beginDrafts } from "./drafts.js";
import { begin as beginFocus } from "./focus.js";
import { begin as beginKeys } from "./keys.js";
import { begin as beginTrouble } from "./trouble.js";

const find = (selector, root = document) => root.querySelector(selector);

function mark() {
  const open = find("#pane [data-open]");
  for (const link of document.querySelectorAll("#rows a[data-ticket]")) {
    if (open && link.dataset.ticket === open.dataset.open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (open) document.title = open.dataset.title;
}

function toLatest() {
  const timeline = find("#timeline");
  if (timeline) timeline.scrollTop = timeline.scrollHeight;
}

function showPanel(isOpen) {
  const panel = find("#context");
  if (!panel) return false;
  const was = panel.classList.contains("is-open");
  panel.classList.toggle("is-open", isOpen);
  const button = find(".panel-button");
  button?.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) find(".context-close", panel)?.focus();
  else if (was && panel.contains(document.activeElement)) button?.focus();
  return was;
}

function arrived(event) {
  const target = event.detail.target;
  if (target?.id === "pane") {
    mark();
    toLatest();
    // Who reads with their ears, or goes by keys, begins at the name of what has opened.
    (find("#pane h1") ?? find("#rows a"))?.focus({ preventScroll: true });
  }
  if (target?.id === "list" || target?.id === "list-body" || target?.closest?.("#rows")) mark();
}

/** Let the keyboard reach what is too wide for its bubble. */
function reachWide() {
  for (const box of document.querySelectorAll(".bubble :is(pre, table):not([tabindex])")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

document.addEventListener("htmx:afterSettle", arrived);
document.addEventListener("htmx:afterSettle", reachWide);
window.addEventListener("resize", reachWide);
document.addEventListener("htmx:historyRestore", () => { mark(); toLatest(); });
document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
  if (detail.target?.id === "timeline") toLatest();
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  // A select shows what was chosen; where that was refused, the answer brings the truth. Where
  // there was no answer, the form goes back to what it was.
  if (!detail.xhr.status && detail.elt instanceof HTMLFormElement && !detail.elt.matches("#composer, [data-new], [role=search]")) detail.elt.reset();
});
document.addEventListener("click", (event) => {
  const panelButton = event.target.closest("[data-panel]");
  if (panelButton) showPanel(!find("#context").classList.contains("is-open"));
  if (event.target.closest("[data-keys]")) find("#keys").showModal();
  const card = find(".me[open]");
  if (card && !card.contains(event.target)) card.open = false;
  // A new ticket covers what was open; nothing in the list is current then.
  if (event.target.closest("[data-back]")) mark();
});

beginChoices();
beginCarried();
beginDrafts();
beginFocus(find);
beginKeys({ find, showPanel });
beginTrouble(find);
mark();
toLatest();
reachWide();
