// The entry workbench: from field to field without a mouse, the draft kept as one types, the paper beside it.
(() => {
  "use strict";
  const bench = document.querySelector(".workbench");
  const keying = () => document.getElementById("keying");
  const fieldsOf = (form) => [...form.querySelectorAll("[data-kind]")];

  // --- fields: Enter goes on (not while a Chinese word is being composed), Esc clears, Alt+1 … 5 jumps to a block
  const goTo = (field) => {
    field?.focus();
    if (field?.matches("input[type=text]")) field.select();
  };
  const onward = (field) => {
    const fields = fieldsOf(field.form);
    goTo(fields[fields.indexOf(field) + 1] ?? field.form.querySelector("[type=submit]"));
  };
  document.addEventListener("keydown", (event) => {
    const form = keying();
    if (!form || event.isComposing || document.querySelector("dialog[open]")) return;
    const field = event.target.closest?.("[data-kind]");
    if (field && event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      onward(field);
    } else if (field && event.key === "Escape" && field.type !== "checkbox") {
      event.preventDefault();
      field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (event.altKey && /^Digit[1-5]$/.test(event.code)) {
      event.preventDefault();
      goTo(form.querySelector(`fieldset[data-block="${event.code.slice(5)}"] [data-kind]`));
    } else if (event.key === "F4") {
      event.preventDefault();
      const wrong = fieldsOf(form).filter((one) => one.closest(".field-wrong") || one.classList.contains("is-invalid"));
      const here = wrong.indexOf(field);
      goTo(wrong[(here + 1) % wrong.length]);
    }
  });

  // --- what is full goes on by itself; full-width signs become half-width when a field is left
  const narrow = (text) => text
    .replace(/[！-～]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/　/g, " ").trim();
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.dataset?.full || event.isComposing) return;
    if (field.dataset.kind === "date" && /^\d{8}$/.test(narrow(field.value))) {
      field.value = narrow(field.value).replace(/(\d{4})(\d{2})(\d{2})/, "$1-$2-$3"); // 20261126 is quicker to key
    }
    const isLast = field.selectionStart === field.value.length;
    if (narrow(field.value).length === Number(field.dataset.full) && isLast && !field.classList.contains("is-invalid")) onward(field);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("input[data-kind]:not([type=checkbox])")) event.target.value = narrow(event.target.value);
    event.target.closest?.(".key-field")?.classList.remove("field-wrong");
  });

  // --- the draft: every 15 seconds and when a field is left, if something has changed
  let changed = false;
  let sending = false; // a form on its way is no draft any more
  const keep = () => {
    const draft = document.getElementById("draft");
    if (!changed || sending || !draft) return;
    changed = false;
    htmx.trigger(draft, "keep");
  };
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#keying")) changed = true;
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.closest?.("#keying [data-kind]")) keep();
  });
  setInterval(keep, 15000);
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "keying") return;
    sending = true;
  }, true);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "draft" && document.getElementById("keying")) sending = false; // it came back to be mended
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.id !== "draft") return;
    document.querySelector("[data-lease-lost]").hidden = event.detail.xhr.status !== 409;
    if (event.detail.xhr.status !== 200) changed = true; // not kept: the next turn tries again
  });

  // --- demo: a filled form for people without paper
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fills]");
    if (!button) return;
    const values = JSON.parse(document.getElementById(button.dataset.fills).textContent);
    for (const [name, value] of Object.entries(values)) {
      const field = keying().elements[name];
      if (field.type === "checkbox") field.checked = Boolean(value);
      else field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    changed = true;
    keep();
    keying().querySelector("[type=submit]").focus();
  });

  // --- the paper: pages, zoom, turning; a field of the ID card brings its page to the front
  const view = bench?.querySelector(".paper-view");
  const pages = view ? [...view.querySelectorAll("figure")] : [];
  let page = 0;
  let zoom = 1;
  let turn = 0;
  const show = () => {
    pages.forEach((figure, at) => {
      figure.hidden = at !== page;
      figure.className = `zoom-${zoom} turn-${turn}`;
    });
    const place = bench.querySelector("[data-image-place]");
    if (place) place.textContent = `${page + 1} / ${pages.length}`;
  };
  const moves = {
    previous: () => { page = (page + pages.length - 1) % pages.length; },
    next: () => { page = (page + 1) % pages.length; },
    "zoom-in": () => { zoom = Math.min(zoom + 1, 4); },
    "zoom-out": () => { zoom = Math.max(zoom - 1, 1); },
    turn: () => { turn = (turn + 1) % 4; },
    back: () => { turn = (turn + 3) % 4; },
  };
  const move = (name) => { moves[name](); show(); };
  if (pages.length) {
    show();
    bench.addEventListener("click", (event) => {
      const tool = event.target.closest("[data-image]");
      if (tool) move(tool.dataset.image);
    });
    const chords = { PageUp: "previous", PageDown: "next" };
    const withCtrl = { ArrowUp: "zoom-in", ArrowDown: "zoom-out", ArrowRight: "turn", ArrowLeft: "back" };
    document.addEventListener("keydown", (event) => {
      const name = event.ctrlKey ? withCtrl[event.key] : chords[event.key];
      if (!name || event.isComposing) return;
      event.preventDefault();
      move(name);
    });
    document.addEventListener("focusin", (event) => {
      const wanted = event.target.name?.startsWith("id_") ? "ID" : event.target.matches?.("[data-kind]") ? "FORM" : "";
      const found = pages.findIndex((figure) => figure.dataset.page === wanted);
      if (found >= 0 && found !== page) {
        page = found;
        show();
      }
    });
  }

  // --- the first empty field, or the first wrong one, has the focus
  const form = keying();
  if (form) goTo(fieldsOf(form).find((field) => field.closest(".field-wrong")) ?? fieldsOf(form).find((field) => !field.value) ?? fieldsOf(form)[0]);
})();
