// Footage: the films of the project, and one film with its shots.

import { Film } from "./film.js";
import { Films } from "./films.js";

export const styles = ["footage/footage.css"];

export function mount(root, app) {
  const kept = { search: "", kind: "film", group: "", sources: null, scroll: 0, opened: null }; // of the list, while a film is open
  const show = (route) => {
    const [source] = route.rest;
    app.title(source ? "Film" : "Footage");
    app.render(source
      ? app.html`<${Film} key=${source} app=${app} source=${source} shot=${Number(route.query.get("shot")) || 1} />`
      : app.html`<${Films} key="films" app=${app} kept=${kept} />`, root);
    return true;
  };
  show(app.route);
  return { title: "Footage", follow: show, unmount: () => app.render(null, root) };
}
