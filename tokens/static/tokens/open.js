// Sends the one-time code on: out of the page, or out of the fragment, which no server log has seen.
const form = document.querySelector("[data-open]");
if (!form.elements.code.value) form.elements.code.value = location.hash.slice(1);
// Whatever credential stood in the address leaves it and the history at once.
history.replaceState(null, "", location.pathname);
// Over plain http only a script can tell a frame from a tab.
if (window.top !== window.self && form.dataset.framed) {
  form.action = form.dataset.framed;
  form.elements.page.value = location.ancestorOrigins?.[0] ?? document.referrer;
}
form.submit();
