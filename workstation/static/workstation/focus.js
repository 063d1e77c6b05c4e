// Focus stays where it was when the answer of a control takes its place: htmx finds the new one by
// its id. Where there is none any more, the focus goes to what `data-then` names, never to the page.
let then = "";

export function begin(find) {
  document.addEventListener("htmx:beforeSwap", () => {
    then = document.activeElement?.closest("[data-then]")?.dataset.then ?? "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (then && document.activeElement === document.body) find(then)?.focus({ preventScroll: true });
  });
}
