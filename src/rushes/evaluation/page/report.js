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

  const gallery = document.querySelector(".gallery");
  if (!gallery) return;
  const classes = JSON.parse(gallery.dataset.classes || "[]");
  const note = gallery.querySelector(".pair");
  const box = gallery.querySelector(".cards");
  const cards = box ? [...box.querySelectorAll(".card")] : [];
  const element = (tag, about, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // Another order moves the cards themselves, so that the keyboard and a reader aloud go through them in it.
  const place = (card, key) => Number(card.style.getPropertyValue(`--${key}`));
  const sort = () => {
    const chosen = gallery.querySelector('input[name="order"]:checked');
    const key = chosen ? chosen.id.replace("order-", "") : "sure";
    const sorted = key === "sure" ? cards : [...cards].sort((a, b) => place(a, key) - place(b, key));
    if (sorted.some((card, i) => box.children[i] !== card)) box.append(...sorted);
  };

  // A cell of the matrix shows its samples in the gallery; where none has a card, some are named.
  const forget = () => {
    note.hidden = true;
    for (const card of cards) card.classList.remove("apart");
  };
  const show = (cell) => {
    gallery.querySelector("#class-all").checked = true;
    gallery.querySelector("#kind-all").checked = true;
    const { truth, answer } = cell.dataset;
    let found = 0;
    for (const card of cards) {
      const fits = card.matches(`.t${truth}.p${answer}`);
      card.classList.toggle("apart", !fits);
      if (fits) found += 1;
    }
    const named = gallery.querySelector(`.unshown li[data-truth="${truth}"][data-answer="${answer}"]`);
    const back = element("button", { type: "button" }, "Show all");
    back.addEventListener("click", forget);
    const said = found || !named ? `Only ${cell.title} (shown here: ${found}). ` : `${named.textContent} `;
    note.replaceChildren(said, back);
    note.hidden = false;
    document.getElementById("gallery").scrollIntoView();
    back.focus({ preventScroll: true });
  };
  gallery.addEventListener("change", (event) => {
    if (event.target.name === "order") sort();
    else if (event.target.type === "radio") forget();
  });
  sort();
  const press = (target, act) => {
    target.tabIndex = 0;
    target.setAttribute("role", "button");
    target.addEventListener("click", act);
    target.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  };
  for (const cell of document.querySelectorAll(".matrix td[data-truth]:not(.none)")) press(cell, () => show(cell));

  // A large view of a card: its picture and all scores; arrow keys go on to the next card in sight.
  if (!cards.length || typeof HTMLDialogElement === "undefined") return;
  const body = element("div", { class: "large" });
  const button = (label, act) => {
    const made = element("button", { type: "button" }, label);
    made.addEventListener("click", act);
    return made;
  };
  const dialog = element("dialog", { class: "view", "aria-label": "One sample, large" });
  let at = null;
  const bars = (card) => {
    const list = element("ul", { class: "bars" });
    const truth = Number(/\bt(\d+)/.exec(card.className)[1]);
    const told = card.dataset.p.split(" ").map((pair) => pair.split(":").map(Number));
    for (const [index, share] of told) {
      const bar = element("i", {});
      bar.style.setProperty("--w", `${share / 10}%`);
      const line = element("li", {}, element("span", {}, classes[index]), bar, element("em", {}, share ? share > 999 && share < 1000 ? ">99.9 %" : `${(share / 10).toFixed(1)} %` : "<0.1 %"));
      if (index === truth) line.className = "label";
      list.append(line);
    }
    const rest = classes.length - told.length;
    return rest ? [list, element("p", { class: "foot" }, `${rest} more of the ${classes.length} classes: below 0.1 % each, or less likely than these.`)] : [list];
  };
  const fill = (card) => {
    at = card;
    const still = card.querySelector(".still").cloneNode(true);
    for (const name of ["role", "tabindex", "aria-label"]) still.removeAttribute(name);
    const about = element("div", { class: card.matches(".wrong") ? "wrong" : "right" });
    for (const part of card.querySelector("figcaption").children) {
      about.append(...(part.matches(".bars") ? bars(card) : [part.cloneNode(true)]));
    }
    body.replaceChildren(still, about);
  };
  const step = (by) => {
    const seen = [...box.children].filter((card) => card.offsetParent !== null);
    const next = seen[seen.indexOf(at) + by];
    if (next) fill(next);
  };
  const foot = element("div", { class: "turn" }, button("Previous", () => step(-1)), button("Next", () => step(1)), button("Close", () => dialog.close()));
  dialog.append(body, foot);
  gallery.append(dialog);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  for (const card of cards) {
    const still = card.querySelector(".still");
    press(still, () => { fill(card); dialog.showModal(); });
    still.setAttribute("aria-label", `Enlarge ${card.querySelector(".where span").textContent}`);
  }
})();
