// Sends the one-time code of the fragment, which no server log has seen, and forgets it.
const form = document.querySelector("[data-open]");
form.elements.code.value = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
form.submit();
