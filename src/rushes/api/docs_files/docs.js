// Begins Swagger UI on this server's own description; nothing is fetched from elsewhere.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

// The token has become a cookie by now; in the address bar somebody could read it.
const here = new URL(window.location.href);
if (here.searchParams.has("token")) {
  here.searchParams.delete("token");
  window.history.replaceState(null, "", here);
}

window.SwaggerUIBundle({
  url: document.querySelector("meta[name=openapi]").content,
  dom_id: "#api",
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null, // otherwise the description is sent to somebody else's server
  queryConfigEnabled: false, // a link may not name another description
});
