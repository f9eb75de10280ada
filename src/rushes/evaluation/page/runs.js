(() => {
  "use strict";
  document.documentElement.classList.add("scripted");

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
  addEventListener("toggle", hint, true);
  hint();

  // A run named in the address is opened.
  const open = () => {
    const found = location.hash && document.getElementById(location.hash.slice(1));
    if (found instanceof HTMLDetailsElement) { found.open = true; found.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();

  // A column's head sorts its table: numbers from the best end, words from A; pressed again, the other way round.
  const key = (row, index) => {
    const cell = row.cells[index];
    if (cell.dataset.v === undefined) return cell.textContent;
    return cell.dataset.v === "" ? null : Number(cell.dataset.v);
  };
  for (const table of document.querySelectorAll(".ranks")) {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    const sort = (head) => {
      const index = heads.indexOf(head);
      const rows = [...body.rows];
      const falls = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : rows.some((row) => typeof key(row, index) === "number") && index > 0;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      rows.sort((a, b) => {
        const [x, y] = [key(a, index), key(b, index)];
        if (x === null || y === null) return (x === null) - (y === null); // what is missing stays last
        const order = typeof x === "number" ? x - y : x.localeCompare(y);
        return falls ? -order : order;
      });
      body.append(...rows);
    };
    for (const head of heads) {
      head.tabIndex = 0;
      head.addEventListener("click", () => sort(head));
      head.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort(head);
      });
    }
  }

  // Words in the field leave only the rows that hold all of them.
  for (const field of document.querySelectorAll(".filter")) {
    const board = field.closest(".board");
    const rows = [...board.querySelectorAll("tbody tr")];
    const outcome = board.querySelector(".outcome");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const row of rows) {
        const said = row.textContent.toLowerCase();
        const fits = words.every((word) => said.includes(word));
        row.classList.toggle("apart", !fits);
        if (fits) left += 1;
      }
      outcome.textContent = words.length ? `${left} of ${rows.length}` : "";
    });
  }
})();
