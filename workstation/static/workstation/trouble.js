// What went wrong on the way, said in place, with a way to try again.
export function begin(find) {
  const box = find("#trouble");
  if (!box) return;
  const words = document.body.dataset;
  let again = null;

  function hide() {
    box.hidden = true;
    again = null;
  }

  function say(text, retry) {
    find("#trouble-text").textContent = text;
    find("#trouble-retry").hidden = !retry;
    again = retry;
    box.hidden = false;
  }

  function retryOf({ elt, requestConfig }) {
    return () => {
      if (!elt.isConnected) return window.location.reload();
      if (elt.id === "composer") return elt.requestSubmit();
      const { verb, path, target, parameters } = requestConfig;
      const { pathname, search } = new URL(path, window.location.href);
      return window.htmx.ajax(verb, pathname + search, {
        source: elt, target, values: parameters, swap: elt.closest("[hx-swap]")?.getAttribute("hx-swap") ?? undefined,
      });
    };
  }

  // An answer of the desk is a part; a whole page comes from below it and belongs in no pane.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status < 400 || !/^\s*<!doctype/i.test(detail.xhr.responseText)) return;
    detail.shouldSwap = false;
    detail.isError = true;
  });
  const lost = ({ detail }) => say(words.unreachable, retryOf(detail));
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("weiyu:unreachable", ({ detail }) => say(words.unreachable, detail.retry));
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:responseError", ({ detail }) => {
    const { xhr } = detail;
    // The page is coming anew and will say why.
    if (xhr.getResponseHeader("HX-Refresh")) return;
    const id = xhr.getResponseHeader("X-Request-ID");
    // What is gone, or a form whose session is over, cannot be sent again; the page anew says why.
    const retry = [403, 404].includes(xhr.status) ? () => window.location.reload() : retryOf(detail);
    const text = xhr.status >= 500 ? words.failed : xhr.status === 404 ? words.gone : words.refused;
    say(id ? `${text} ${words.requestId} ${id}` : text, retry);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.successful) hide();
  });
  find("#trouble-retry").addEventListener("click", () => { const act = again; hide(); act?.(); });
  find("#trouble-close").addEventListener("click", hide);
}
