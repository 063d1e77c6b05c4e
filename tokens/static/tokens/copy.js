// Copies the text that a button names; where the clipboard is closed, selects it for the keyboard.
function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    // Plain http has no clipboard interface; the old command still works there.
    select(element);
    return document.execCommand("copy");
  }
}

const said = document.querySelector("[data-copied]")?.dataset.copied ?? "";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || button.disabled) return;
  const label = button.textContent;
  if (!(await copy(document.getElementById(button.dataset.copy)))) return;
  document.dispatchEvent(new Event("weiyu:copied"));
  button.textContent = said;
  button.classList.add("tool-done");
  setTimeout(() => {
    button.textContent = label;
    button.classList.remove("tool-done");
  }, 2000);
});
