// Exchanges the one-time code for a session that this frame's scripts carry, or offers a tab.
import { offer } from "./offer.js";
import { isStored, note, write } from "./session.js";

history.replaceState(null, "", location.pathname);
const place = document.querySelector("[data-code]");

function stuck() {
  place.querySelector("[data-waiting]")?.remove();
  place.querySelector("[data-stuck]").hidden = false;
  offer(place);
}

async function begin() {
  const body = new URLSearchParams({
    code: place.dataset.code, page: location.ancestorOrigins?.[0] ?? document.referrer,
  });
  const answer = await fetch(place.dataset.keep, {
    method: "POST", body, headers: { Accept: "application/json" },
  });
  if (!answer.ok) return stuck();
  const { session, next } = await answer.json();
  write(session);
  if (isStored()) return location.replace(next);
  note(next);
  location.reload();
}

if (place.dataset.keep) begin().catch(stuck); else stuck();
