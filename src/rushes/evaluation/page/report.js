(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("scripted");

  // A table that is wider than the page says that it goes on.
  const hint = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      const wide = box.scrollWidth > box.clientWidth + 1, before = box.previousElementSibling;
      const said = before && before.classList.contains("aside") ? before : null;
      if (wide && !said) {
        const note = document.createElement("p");
        note.className = "aside";
        note.textContent = "This table goes on to the right: scroll it sideways";
        box.before(note);
      } else if (!wide && said) said.remove();
    }
  };
  addEventListener("resize", hint, { passive: true });
  hint();

  // Mark the section in view in the navigation.
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const sections = [...document.querySelectorAll("main > section")];
  let current = null;
  const mark = () => {
    const line = innerHeight * 0.3;
    const atEnd = innerHeight + scrollY >= root.scrollHeight - 4;
    const seen = atEnd ? sections[sections.length - 1] : sections.filter((s) => s.getBoundingClientRect().top <= line).pop() || sections[0];
    if (!seen || seen === current) return;
    current = seen;
    for (const [id, link] of links) {
      if (id !== seen.id) { link.removeAttribute("aria-current"); continue; }
      link.setAttribute("aria-current", "true");
      const bar = link.parentElement;
      bar.scrollLeft = link.offsetLeft - bar.clientWidth / 2;
    }
  };
  let due = false;
  addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; mark(); });
  }, { passive: true });
  mark();

  // A piece of a stacked bar says what it is below the bars, also where nothing hovers.
  for (const chart of document.querySelectorAll(".mixes")) {
    const told = chart.querySelector(".told");
    chart.addEventListener("click", (event) => {
      const piece = event.target.closest("li i");
      if (!piece) return;
      const name = piece.closest("li").firstElementChild.textContent;
      told.textContent = `${name}: ${piece.title}`;
      chart.querySelector(".held")?.classList.remove("held");
      piece.classList.add("held");
    });
  }

  // A cell of the matrix shows its samples in the gallery.
  const gallery = document.querySelector(".gallery");
  if (!gallery) return;
  const note = gallery.querySelector(".pair");
  const cards = [...gallery.querySelectorAll(".card")];
  const forget = () => {
    note.hidden = true;
    for (const card of cards) card.classList.remove("apart");
  };
  const show = (cell) => {
    gallery.querySelector("#class-all").checked = true;
    gallery.querySelector("#kind-all").checked = true;
    let found = 0;
    for (const card of cards) {
      const fits = card.matches(`.t${cell.dataset.truth}.p${cell.dataset.answer}`);
      card.classList.toggle("apart", !fits);
      if (fits) found += 1;
    }
    const back = document.createElement("button");
    back.type = "button";
    back.textContent = "Show all";
    back.addEventListener("click", forget);
    note.replaceChildren(`Only ${cell.title} (shown here: ${found}). `, back);
    note.hidden = false;
    document.getElementById("gallery").scrollIntoView();
    back.focus({ preventScroll: true });
  };
  gallery.addEventListener("change", forget);
  for (const cell of document.querySelectorAll(".matrix td[data-truth]:not(.none)")) {
    cell.tabIndex = 0;
    cell.setAttribute("role", "button");
    cell.addEventListener("click", () => show(cell));
    cell.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      show(cell);
    });
  }
})();
