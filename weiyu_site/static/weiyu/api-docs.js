// Starts Swagger UI; a file of its own because the page allows no inline script.
// Its dark colours go by a class, ours by the system.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const place = document.getElementById("docs");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // A pasted token is gone with the page.
  persistAuthorization: false,
  validatorUrl: null,
  // A cookie of this site must not stand in for the pasted token.
  requestInterceptor: (request) => Object.assign(request, { credentials: "omit" }),
});
