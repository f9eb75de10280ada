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

// A form's fields begin empty, and what is empty is not sent. Otherwise each would hold "string" or 0, or be sent without
// a value: the server takes them at their word, and would refuse the request as it stands.
const emptyFields = () => ({
  components: { ParameterIncludeEmpty: () => null },
  afterLoad() {
    const sampled = this.fn.getSampleSchema;
    this.fn.getSampleSchema = (schema, type, config, ...more) => {
      const plain = schema && schema.toJS ? schema.toJS() : schema;
      const isField = config && config.includeWriteOnly && ["string", "integer", "number", "boolean"].includes(plain?.type);
      return isField ? "" : sampled(schema, type, config, ...more);
    };
  },
});

window.SwaggerUIBundle({
  url: document.querySelector("meta[name=openapi]").content,
  dom_id: "#api",
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [emptyFields],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null, // otherwise the description is sent to somebody else's server
  queryConfigEnabled: false, // a link may not name another description
});
