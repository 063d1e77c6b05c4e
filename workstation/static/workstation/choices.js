// Controls that save on change: once, when the choice is made, and one after the other.
//
// A closed select changes with every arrow and letter; such a change is a look, not yet a choice.
// It is one with Enter, with leaving the control, or by the pointer. What is chosen or typed outlasts
// the answers of other changes, which bring all controls anew.
const SAVES = "form[hx-trigger=choice]";
const PASSING = /^(Arrow(Up|Down|Left|Right)|Home|End|Page(Up|Down)|[^\s])$/u;

const looked = new Map(); // by the id of a control: where it saves, its value, and if that is the choice
const running = new Set(); // forms whose answer brings the controls of the ticket anew
let passing = null; // the select in which a key that only looks is down
let isSwapping = false; // controls leave the page then, not their people the controls

const saving = (control) => control?.closest?.(SAVES);
const isBusy = () => [...running].some((form) => form.isConnected);

function look(control, isMade = false) {
  looked.set(control.id, { action: control.form.action, value: control.value, isMade });
}

function forget(control) {
  looked.delete(control.id);
}

function isAsItWas(control) {
  return control.selectedOptions ? control.selectedOptions[0]?.defaultSelected : control.value === control.defaultValue;
}

function save(control) {
  forget(control);
  if (!isAsItWas(control)) control.form.dispatchEvent(new Event("choice"));
}

/** Save what stands in the control now, or as soon as the change before it is answered. */
export function choose(control) {
  if (isBusy()) look(control, true);
  else save(control);
}

/** Take back what was only looked at. */
function takeBack(control) {
  forget(control);
  control.form.reset();
}

/** Put what was looked at into the controls that an answer brought, and save the next choice. */
function goOn() {
  for (const [id, { action, value, isMade }] of looked) {
    const control = document.getElementById(id);
    // Another ticket has the same controls.
    if (control?.form.action !== action) {
      looked.delete(id);
      continue;
    }
    if (control.value !== value) control.value = value;
    // No longer on offer.
    if (control.value !== value) forget(control);
    else if (isMade && !isBusy()) save(control);
  }
}

/** Follow a request to its end, also where its form has left the page: htmx tells nobody then. */
function follow({ elt, xhr }) {
  let isThere = true;
  running.add(elt);
  xhr.addEventListener("readystatechange", () => {
    if (xhr.readyState === XMLHttpRequest.DONE) isThere = elt.isConnected;
  });
  xhr.addEventListener("loadend", () => {
    running.delete(elt);
    if (!isThere) {
      const told = JSON.parse(xhr.getResponseHeader("HX-Trigger") ?? "{}");
      for (const name of Object.keys(told)) document.body.dispatchEvent(new Event(name));
    }
    // The answer is in the page by now.
    goOn();
  });
}

export function begin() {
  document.addEventListener("keydown", (event) => {
    const control = event.target;
    if (!saving(control) || event.isComposing) return;
    const isBare = !event.ctrlKey && !event.metaKey && !event.altKey;
    passing = control instanceof HTMLSelectElement && isBare && PASSING.test(event.key) ? control : null;
    if (event.key === "Enter" && looked.has(control.id)) {
      event.preventDefault(); // it would open the list, or send the form
      choose(control);
    } else if (event.key === "Escape" && looked.has(control.id)) takeBack(control);
  }, true);
  document.addEventListener("keyup", () => { passing = null; }, true);
  document.addEventListener("pointerdown", () => { passing = null; }, true);
  document.addEventListener("input", ({ target }) => {
    if (saving(target) && target instanceof HTMLInputElement) look(target);
  });
  document.addEventListener("change", ({ target }) => {
    if (isSwapping || !saving(target)) return;
    if (target === passing) look(target);
    else if (target instanceof HTMLSelectElement || looked.has(target.id)) choose(target);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (!isSwapping && saving(target) && looked.has(target.id)) choose(target);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches(SAVES)) event.preventDefault();
  }, true);

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches("form") && detail.requestConfig.verb === "post") follow(detail);
  });
  document.addEventListener("htmx:beforeSwap", () => {
    isSwapping = true;
    setTimeout(() => { isSwapping = false; }); // htmx swaps before it lets go
  });
}
