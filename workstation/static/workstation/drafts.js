// What is typed is kept in this browser, per person, ticket and kind, until it was sent.
const PREFIX = "weiyu.draft";
const composer = () => document.querySelector("form#composer");
const mode = (form) => (form.elements.internal.value ? "note" : "reply");

function key(form, kind = mode(form)) {
  return `${PREFIX}.${document.body.dataset.person}.${form.dataset.ticket}.${kind}`;
}

function read(name) {
  try { return JSON.parse(localStorage.getItem(name)) ?? {}; } catch { return {}; }
}

function write(name, draft) {
  // Storage may be full or forbidden; the text still stands in the field.
  try {
    if (draft.text) localStorage.setItem(name, JSON.stringify(draft));
    else localStorage.removeItem(name);
  } catch { /* nothing to be done */ }
}

function newId() {
  // crypto.randomUUID is for secure pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function keep(form) {
  const text = form.elements.content.value;
  const stored = read(key(form));
  // Sending the same words again must not make a second message; other words are another one.
  const id = stored.text === text && stored.id ? stored.id : newId();
  form.elements.client_id.value = id;
  write(key(form), { text, id });
}

function restore(form) {
  const field = form.elements.content;
  const kind = mode(form);
  const draft = read(key(form));
  form.dataset.mode = kind;
  if (draft.text !== undefined || !field.value) field.value = draft.text ?? "";
  form.elements.client_id.value = draft.id ?? newId();
  field.placeholder = field.dataset[kind];
  const label = form.querySelector("label[for=words]");
  label.textContent = kind === "note" ? label.dataset.forNote : label.dataset.forReply;
}

function open() {
  const form = composer();
  if (!form || form.dataset.begun) return;
  form.dataset.begun = "yes";
  // Whoever left a note half written finds it where they left it.
  if (!read(key(form, "reply")).text && read(key(form, "note")).text) form.elements.internal.value = "1";
  restore(form);
}

function sent(form, words) {
  const name = key(form, words.kind);
  if (read(name).text === words.text) write(name, {});
  // More may have been typed while it was on its way: that is the next draft.
  if (mode(form) !== words.kind || form.elements.content.value !== words.text) return;
  form.elements.content.value = "";
  restore(form);
}

function forgetAll() {
  const mine = `${PREFIX}.${document.body.dataset.person}.`;
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(mine)) localStorage.removeItem(name);
  } catch { /* a browser that keeps nothing has nothing to forget */ }
}

export function begin() {
  const onTheWay = new WeakMap();
  document.addEventListener("input", ({ target }) => {
    if (target.id === "words" && target.form) keep(target.form);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.name !== "internal" || target.form?.id !== "composer") return;
    restore(target.form);
    target.form.elements.content.focus();
  });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.id === "composer") {
      onTheWay.set(detail.xhr, { kind: mode(detail.elt), text: detail.elt.elements.content.value });
    }
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const words = onTheWay.get(detail.xhr);
    // Refusals are shown in place like answers, but nothing was sent.
    if (words && detail.successful && detail.xhr.status < 300) sent(detail.elt, words);
  });
  document.addEventListener("htmx:afterSettle", open);
  document.addEventListener("submit", ({ target }) => {
    if (target.matches("[data-leave]")) forgetAll();
  });
  open();
}
