// In the samples the token shows its beginning alone; what is copied from them is whole.
const secret = document.getElementById("snippet-token").textContent;
for (const sample of document.querySelectorAll(".snippets pre")) {
  const parts = sample.textContent.split(secret).flatMap((part, place) => {
    const shown = Object.assign(document.createElement("span"), { className: "secret", textContent: secret });
    return place ? [shown, part] : [part];
  });
  sample.replaceChildren(...parts);
}

// The token is shown this once, so whoever leaves without a copy of it is asked first.
const ask = (event) => event.preventDefault();
const done = () => removeEventListener("beforeunload", ask);

addEventListener("beforeunload", ask);
document.addEventListener("weiyu:copied", done);
document.addEventListener("copy", done); // by the keyboard
document.querySelector("[data-done]").addEventListener("click", done);
