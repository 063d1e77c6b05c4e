// Finds out what the browser keeps in this place, and shows the way of signing in that follows.
const place = document.querySelector("[data-check]");

const tell = (fact, value) => {
  const words = { true: place.dataset.yes, false: place.dataset.no };
  place.querySelector(`[data-fact=${fact}]`).textContent = words[value] ?? value;
};

function keepsStorage() {
  try {
    sessionStorage.setItem("weiyu-check", "1");
    const kept = sessionStorage.getItem("weiyu-check") === "1";
    sessionStorage.removeItem("weiyu-check");
    return kept;
  } catch {
    return false; // a browser that forbids it throws
  }
}

async function cookiesThatComeBack() {
  try {
    const answer = await fetch("?cookies", { cache: "no-store" });
    return await answer.json();
  } catch {
    return { lax: false, partitioned: false }; // an opaque origin (sandbox) reads no answer
  }
}

function wayOf({ framed, lax, partitioned }) {
  if (!framed && lax) return "tab";
  if (framed && partitioned) return "partitioned";
  if (framed && lax && location.protocol === "http:") return "frame";
  // Without storage the session goes from page to page in the history; an opaque origin has neither.
  if (!framed || window.origin === "null") return "nothing";
  return location.protocol === "http:" ? "storage" : "dropped";
}

const found = {
  framed: window.top !== window.self,
  storage: keepsStorage(),
  ...(await cookiesThatComeBack()),
};
for (const [fact, value] of Object.entries(found)) tell(fact, value);
const around = location.ancestorOrigins;
tell("ancestors", around === undefined ? place.dataset.untold : [...around].join(", ") || "–");

for (const sentence of place.querySelectorAll("[data-way]")) {
  sentence.hidden = sentence.dataset.way !== wayOf(found);
}
for (const sentence of place.querySelectorAll("[data-without-storage]")) sentence.hidden = found.storage;
