// The frame: rail, menus, dialogs, toasts, copying, and the keys that work everywhere.
(() => {
  "use strict";
  const body = document.body;
  const reach = (event, name) => event.target.closest(`[data-${name}]`);

  // --- rail: folded for good on a desk (a cookie, so that the first paint is right), drawn out for a moment on a phone
  document.addEventListener("click", (event) => {
    if (reach(event, "folds-rail")) {
      const narrow = body.classList.toggle("rail-narrow");
      document.cookie = `rail=${narrow ? "narrow" : ""}; path=/; max-age=${narrow ? 31536000 : 0}; samesite=lax`;
    }
    if (reach(event, "opens-rail")) {
      body.classList.add("rail-open");
      document.querySelector("#rail nav a")?.focus();
    }
    if (reach(event, "closes-rail")) body.classList.remove("rail-open");
  });

  // --- rail: on the next page it stands where it stood, and the room of the page is always in sight
  const rooms = document.querySelector("#rail nav");
  if (rooms) {
    rooms.scrollTop = sessionStorage.getItem("rail") ?? 0;
    rooms.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    window.addEventListener("pagehide", () => sessionStorage.setItem("rail", rooms.scrollTop));
  }

  // --- menus (details): one at a time, closed by a click elsewhere
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // --- dialogs
  document.addEventListener("click", (event) => {
    const opener = reach(event, "opens");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (dialog && !dialog.open) {
        dialog.showModal(); // which would leave the hand on the cross in its corner
        dialog.querySelector(".dialog-body :is(textarea, select, input:not([type=hidden]))")?.focus();
      }
      if (dialog && opener.dataset.heading) dialog.querySelector("h2").textContent = opener.dataset.heading;
      event.preventDefault();
    }
    if (reach(event, "closes")) event.target.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close(); // the shade around it
  });

  // --- toasts: good news leaves by itself, a refusal stays until it is read
  const toasts = document.getElementById("toasts");
  const keepTime = (toast) => {
    if (toast.matches(".toast-success, .toast-info")) setTimeout(() => toast.remove(), 6000);
  };
  toasts.querySelectorAll("[data-toast]").forEach(keepTime);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (!(node instanceof HTMLElement) || !node.matches("[data-toast]")) continue;
        keepTime(node);
        // A modal dialog lies above everything, so the refusal of what was asked in it goes into it.
        const dialog = document.querySelector("dialog[open] .dialog-body");
        if (dialog) {
          dialog.querySelector("[data-toast]")?.remove();
          dialog.prepend(node);
        }
      }
    }
  }).observe(toasts, { childList: true });
  document.addEventListener("click", (event) => {
    if (reach(event, "dismisses")) event.target.closest("[data-toast]").remove();
  });
  const noAnswer = () => toasts.append(document.getElementById("offline").content.cloneNode(true));
  document.addEventListener("htmx:sendError", noAnswer);
  document.addEventListener("htmx:timeout", noAnswer);
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) noAnswer();
  });

  // --- copying
  document.addEventListener("click", async (event) => {
    const button = reach(event, "copies");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copies);
    const words = button.querySelector("span");
    if (words && button.dataset.done) {
      const before = words.textContent;
      words.textContent = button.dataset.done;
      setTimeout(() => { words.textContent = before; }, 1500);
    }
  });

  // --- what was shown in clear is masked again
  const maskLater = (root) => {
    for (const secret of root.querySelectorAll("[data-masks-after]")) {
      if (secret.dataset.running) continue;
      secret.dataset.running = "yes";
      setTimeout(() => {
        secret.querySelector("button")?.remove();
        secret.querySelector(".secret-value").textContent = secret.dataset.masked;
        secret.classList.remove("secret-open");
      }, Number(secret.dataset.masksAfter) * 1000);
    }
  };
  maskLater(document);
  document.addEventListener("htmx:load", (event) => maskLater(event.target.parentElement ?? document));

  // --- J and K go down and up the rows of the page's list; the hand lies on the link of the row, so Enter opens it
  const walk = (step) => {
    const list = document.querySelector("dialog[open]") ? null : document.getElementById("rows");
    const rows = [...(list?.children ?? [])].filter((row) => row.querySelector("a[href]"));
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    rows[here < 0 && step < 0 ? rows.length - 1 : here + step]?.querySelector("a[href]").focus();
  };

  // --- keys
  const help = `${body.dataset.help}${body.dataset.topic.trim()}/`;
  document.querySelectorAll("[data-helps]").forEach((link) => { link.href = help; });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.key === "F1") {
      event.preventDefault();
      if (event.shiftKey) document.getElementById("keys").showModal();
      else window.open(help, "help");
    } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.getElementById("search");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    } else if (/^[jk]$/i.test(event.key) && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      walk(event.key.toLowerCase() === "j" ? 1 : -1);
    } else if (event.key === "Escape") {
      body.classList.remove("rail-open");
      document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
      if (event.target.id === "search") event.target.blur();
    }
  });
})();
