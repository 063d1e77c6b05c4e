// The session of a frame whose browser keeps no cookie. It stands under the frame's own name in the
// storage of this tab; where that is closed as well, in the state of each history entry.
const NAME = `weiyu.session.${location.pathname.split("/")[2]}`; // of /f/<key>/agent/…
let held = null;

function stored() {
  try { return sessionStorage.getItem(NAME); } catch { return null; }
}

export function read() {
  held ??= history.state?.[NAME] ?? null;
  return stored() ?? held;
}

export function write(session) {
  try { sessionStorage.setItem(NAME, session); } catch { held = session; }
}

export const headers = () => ({ "X-Weiyu-Session": read() ?? "" });
export const isStored = () => stored() !== null;

/** Note the session in the present history entry, where a reload finds it. */
export function note(address) {
  history.replaceState({ ...history.state, [NAME]: held }, "", address);
}

/** Go to an address of this frame and take the session along. */
export function go(address) {
  if (isStored()) return location.assign(address);
  history.pushState({}, "", address);
  note();
  location.reload();
}

/** Fetch an address with the session, and let the answer take the place of this page. */
export async function show(address, options = {}) {
  const answer = await fetch(address, {
    ...options, cache: "no-store", headers: { Accept: "text/html", ...headers() },
  });
  const page = await answer.text();
  if (answer.redirected) history.replaceState(history.state, "", answer.url);
  document.open();
  document.write(page);
  document.close();
}
