// Keeps the button that opens a tab good while this page is open: its code opens once, in a minute.
const RENEW_EVERY = 45 * 1000;

export function offer(place) {
  const button = place.querySelector("[data-tab]");
  let spare = place.dataset.code;
  let renewed = Promise.resolve();

  async function renew() {
    const answer = await fetch(place.dataset.renew, {
      method: "POST", body: new URLSearchParams({ code: spare }), headers: { Accept: "application/json" },
    });
    // The page anew says that it is over.
    if (answer.status === 401 || answer.status === 403) return location.reload();
    if (!answer.ok) return;
    const { code, spare: next } = await answer.json();
    spare = next;
    button.hash = code;
    button.hidden = false;
  }

  // One after the other, as each uses up the spare code. A server that is away is asked again.
  const again = () => { renewed = renewed.then(renew).catch(() => null); };

  again();
  setInterval(again, RENEW_EVERY);
  // Timers of pages in the background are late.
  document.addEventListener("visibilitychange", again);
  for (const click of ["click", "auxclick"]) button.addEventListener(click, again);
}
