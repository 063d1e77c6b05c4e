// Fetches the page that this address stands for, with the session that the frame keeps.
import { read, show } from "./session.js";

function reveal(name) {
  for (const part of document.querySelectorAll("[data-waiting], [data-signed-out], [data-unreachable]")) {
    part.hidden = !(name in part.dataset);
  }
}

async function open() {
  if (!read()) return reveal("signedOut");
  try { await show(location.href); } catch { reveal("unreachable"); }
}

document.querySelector("[data-retry]").addEventListener("click", () => { reveal("waiting"); open(); });
open();
