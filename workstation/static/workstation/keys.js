// Keys. Single letters work outside of fields only, and can be switched off.
import { choose } from "./choices.js";

const SWITCH = "weiyu.single-keys";
const JUST = 1000; // ms in which whoever typed in a field may still be typing
const isOn = () => { try { return localStorage.getItem(SWITCH) !== "off"; } catch { return true; } };

export function begin({ find, showPanel }) {
  const rows = () => [...document.querySelectorAll("#rows a[data-ticket]")];

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((link) => link === document.activeElement);
    const from = here >= 0 ? here : all.findIndex((link) => link.hasAttribute("aria-current"));
    const to = from < 0 ? 0 : Math.min(all.length - 1, Math.max(0, from + by));
    all[to].focus();
    all[to].scrollIntoView({ block: "nearest" });
  }

  function write(kind) {
    const form = find("form#composer");
    if (!form) return;
    const radio = form.querySelector(`[name=internal][value="${kind}"]`);
    if (!radio.checked) radio.click();
    form.elements.content.focus();
  }

  function resolve() {
    const select = find("[data-status]");
    if (!select?.querySelector("option[value=resolved]:not(:disabled)")) return;
    select.value = "resolved";
    choose(select);
  }

  function leave() {
    const field = document.activeElement;
    if (find(".me[open]")) find(".me[open]").open = false;
    else if (field?.matches("input, textarea, select")) {
      field.blur();
      (find("#rows a[aria-current]") ?? find("#ticket-title"))?.focus();
    } else if (!showPanel(false)) find("#pane [data-back]")?.click();
  }

  const single = {
    j: () => step(1),
    k: () => step(-1),
    r: () => write(""),
    n: () => write("1"),
    e: resolve,
    i: () => find("[data-take]")?.click(),
    "/": () => find("#search")?.focus(),
    "?": () => find("#keys").showModal(),
  };

  let typed = -JUST; // when a key was last pressed in a field; a text is left for good by Escape

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select");
    const isSend = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    // Letters also choose in a list of options, so it counts as being in use a moment longer.
    if (event.key === "Escape" && !field?.matches("select")) typed = -JUST;
    else if (field) typed = event.timeStamp;
    // Enter also ends the choice of a Chinese word; that one is not ours.
    if (event.isComposing || event.defaultPrevented) return;
    if (isSend && field?.form?.id === "composer") {
      event.preventDefault();
      const resolving = event.shiftKey && field.form.querySelector("[data-resolve]");
      field.form.requestSubmit(resolving || field.form.querySelector("[data-send]"));
    } else if (event.key === "Escape" && !find("dialog[open]")) leave();
    else if (!field && !event.ctrlKey && !event.metaKey && !event.altKey && isOn() && !find("dialog[open]")) {
      if (event.timeStamp - typed < JUST) return;
      const act = single[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (act) { event.preventDefault(); act(); }
    }
  });

  const box = find("#single-keys");
  if (!box) return;
  box.checked = isOn();
  box.addEventListener("change", () => {
    try { localStorage.setItem(SWITCH, box.checked ? "on" : "off"); } catch { /* for this page only */ }
  });
}
