// Small manners of the admin that need a script.

// A form that was sent once is not sent again by a second click.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
});
// Coming back by the browser's own button makes the form usable again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Select2 names its boxes by what is chosen in them: nothing chosen, nothing said. It makes some of
// them late and some anew, so they are named as they come.
function nameBoxes() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (!label) continue;
    label.id ||= `${select.id}_label`;
    const shown = document.getElementById(`select2-${select.id}-container`);
    const name = shown ? `${label.id} ${shown.id}` : label.id;
    const parts = [
      ...(select.nextElementSibling?.querySelectorAll("[role=combobox], [role=textbox], [role=searchbox]") ?? []),
      ...document.querySelectorAll(`[role=searchbox][aria-controls="select2-${select.id}-results"]`),
    ];
    for (const part of parts) part.setAttribute("aria-labelledby", name);
  }
}
new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true });

// The menus of filters: a click beside one or Escape shuts it, and long ones are narrowed by typing.
const openMenu = () => document.querySelector(".filter-menu[open]");
document.addEventListener("click", ({ target }) => {
  const menu = openMenu();
  // Select2 draws its choices at the end of the page, and takes away what was clicked.
  if (menu && target.isConnected && !menu.contains(target) && !target.closest(".select2-container")) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  const menu = key === "Escape" && openMenu();
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("input", ({ target }) => {
  if (!target.matches(".filter-narrow")) return;
  const words = target.value.trim().toLocaleLowerCase();
  for (const line of target.nextElementSibling.children) {
    line.hidden = !line.textContent.toLocaleLowerCase().includes(words);
  }
});

// A table that goes on at the side can be reached and scrolled by the keyboard.
function reachWide() {
  for (const box of document.querySelectorAll(".results:not([tabindex])")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}
reachWide();
window.addEventListener("resize", reachWide);
