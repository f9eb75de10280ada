// Runs: the leaderboard, one run with its report, two runs beside each other.

import { Board } from "./board.js";
import { Compared } from "./compared.js";
import { Run } from "./run.js";

export const styles = ["runs/runs.css"];

export function mount(root, app) {
  const kept = { by: "validation", falls: true, marked: [], at: null, list: null }; // of the leaderboard, while a run is open
  const show = (route) => {
    const name = route.rest.join("/"), compared = route.query.get("compare")?.split(",") ?? [];
    app.title(name || (compared.length === 2 ? "Two runs" : "Runs"));
    app.render(compared.length === 2 ? app.html`<${Compared} key=${compared.join()} app=${app} names=${compared} />`
      : name ? app.html`<${Run} key=${name} app=${app} name=${name} kept=${kept} />`
      : app.html`<${Board} key="board" app=${app} kept=${kept} />`, root);
    return true;
  };
  show(app.route);
  return { title: "Runs", follow: show, unmount: () => app.render(null, root) };
}
