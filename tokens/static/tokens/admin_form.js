// The live parts of the token form: what the lines mean, and what the person's role has.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("[data-token-form]");
  if (!place) return;

  const ask = async (address, parameters) => {
    const answer = await fetch(`${address}?${new URLSearchParams(parameters)}`, {
      headers: { Accept: "application/json" },
    });
    return answer.ok ? answer.json() : null;
  };

  const show = (list, entries) => {
    list.replaceChildren(
      ...entries.map(({ entry, ok, text }) => {
        const line = document.createElement("li");
        line.className = ok ? "means" : "means means-bad";
        const name = document.createElement("code");
        name.textContent = entry;
        line.append(name, ok ? " → " : " ", text);
        return line;
      }),
    );
  };

  for (const kind of ["domains", "networks"]) {
    const area = document.getElementById(`id_${kind}`);
    if (!area) continue;
    const list = document.createElement("ul");
    list.className = "meanings";
    list.setAttribute("aria-live", "polite");
    area.after(list);
    let waiting;
    let turn = 0;
    const explain = async () => {
      const mine = (turn += 1);
      if (!area.value.trim()) return show(list, []);
      const found = await ask(place.dataset.explain, { [kind]: area.value.slice(0, 6000) });
      // A slower, older answer must not overwrite a newer one.
      if (found && mine === turn) show(list, found[kind]);
    };
    area.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(explain, 250);
    });
    explain();
  }

  const boxes = [...document.querySelectorAll("[data-scopes] input")];
  const note = document.querySelector("[data-scopes-note]");
  const strike = (has) => {
    for (const box of boxes) {
      const lacks = !has.includes(box.value);
      box.closest("label").classList.toggle("scope-lacking", lacks);
      // What an older token has beyond the role can still be taken away.
      box.disabled = lacks && !box.checked;
    }
    if (note) note.hidden = boxes.every((box) => has.includes(box.value));
  };
  const person = document.getElementById("id_user");
  const follow = async (tick) => {
    const user = person?.value ?? place.dataset.user;
    if (person && !user) return;
    const found = await ask(place.dataset.person, { user });
    if (!found) return;
    if (tick) for (const box of boxes) box.checked = found.ticked.includes(box.value);
    strike(found.has);
  };
  // The choice of people is drawn by select2, which speaks through jQuery only.
  if (person) window.django?.jQuery(person).on("change", () => follow(true));
  follow(false);

  const until = document.getElementById("id_until");
  const days = [...document.querySelectorAll("input[name=days]")];
  if (until && days.length) {
    const row = until.closest(".form-row");
    const fold = () => {
      row.hidden = days.find((day) => day.checked)?.value !== "own" && !until.value;
    };
    days.forEach((day) => day.addEventListener("change", fold));
    fold();
  }
});
