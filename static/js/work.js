// The working pages: keys on buttons, ticking by groups, the check sheet, scanners, and where the focus goes after an answer.
(() => {
  "use strict";
  const shownIn = (root, selector) => [...root.querySelectorAll(selector)].filter((node) => node.offsetParent && !node.disabled);

  // --- keys: an element with data-key="F2" or "Ctrl+Enter" is pressed by that chord
  const chordOf = (event) => {
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const named = event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : key;
    return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + named;
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const dialog = document.querySelector("dialog[open]");
    const form = event.target.closest?.("form");
    const chord = chordOf(event);
    const wanted = `[data-key="${chord}"]`;
    // The form in which the hand is comes first: a page may have two forms with a submitting chord.
    const target = (form && shownIn(form, wanted)[0]) ?? shownIn(dialog ?? document, wanted)[0];
    if (!target) return;
    event.preventDefault();
    target.click();
    if (target.matches("input")) target.focus(); // Tab goes on from the choice that was made
  });

  // --- work renews the lease: at most every five minutes, and only while somebody works
  const RENEWAL = 5 * 60 * 1000;
  let renewedAt = Date.now();
  for (const act of ["keydown", "pointerdown"]) {
    document.addEventListener(act, () => {
      const lease = document.querySelector("[data-lease]");
      if (!lease || Date.now() - renewedAt < RENEWAL) return;
      renewedAt = Date.now();
      htmx.trigger(lease, "renew");
    });
  }

  // --- after an answer the focus goes to what is wrong, else to the first field of what came
  document.addEventListener("htmx:afterSettle", (event) => {
    const place = event.detail.elt;
    if (!place.matches?.("[data-panel]")) return; // something small inside a panel, such as the word of the draft
    const scan = place.querySelector("[data-scan]");
    if (place.querySelector("[data-beep]")) beep();
    if (scan) {
      scan.focus();
      scan.select();
      return;
    }
    const wrong = place.querySelector(".is-invalid, .field-wrong :is(input, select, textarea), .row-wrong :is(input, select, textarea)");
    const first = wrong ?? place.querySelector("[autofocus], select, textarea, input:not([type=hidden])");
    first?.focus();
    place.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" });
  });

  // --- lists of filters, ticking all of a group, printing
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    const group = event.target.dataset?.ticks;
    if (!group) return;
    const table = event.target.closest("table");
    const boxes = [...table.querySelectorAll(`[data-ticked-by="${group}"]`)];
    const required = boxes.filter((box) => "required" in box.dataset);
    for (const box of required.length ? required : boxes) box.checked = event.target.checked;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-prints]")) window.print();
  });

  // --- many rows: Shift ticks all of one kind in between, and the button says how many are chosen
  let lastTicked = null;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-ranges] input[type=checkbox]")) return;
    if (event.shiftKey && lastTicked?.isConnected) {
      const boxes = [...box.closest("[data-ranges]").querySelectorAll("input[type=checkbox]")];
      const [from, to] = [boxes.indexOf(lastTicked), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to)) if (one.name === box.name) one.checked = box.checked;
    }
    lastTicked = box;
  });
  const recountChosen = () => {
    for (const place of document.querySelectorAll("[data-count-of]")) {
      const chosen = place.dataset.countOf.split(" ").map((name) => `input[name="${name}"]:checked`);
      place.textContent = place.closest("form").querySelectorAll(chosen.join()).length;
    }
  };
  document.addEventListener("change", recountChosen);
  document.addEventListener("htmx:afterSettle", recountChosen);
  recountChosen();

  // --- rows: up and down stay in the same column
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = event.target.closest?.("[data-rows]");
    if (!rows || !event.target.matches("input[type=checkbox]")) return;
    const scope = rows.closest("table, form") ?? rows;
    let line = event.target;
    while (line.parentElement !== rows) line = line.parentElement;
    const column = [...line.querySelectorAll("input[type=checkbox]")].indexOf(event.target);
    const lines = [...scope.querySelectorAll(`[data-rows] > ${line.tagName}`)].filter((row) => row.querySelector("input[type=checkbox]"));
    const next = lines[lines.indexOf(line) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    const boxes = next.querySelectorAll("input[type=checkbox]");
    const box = boxes[Math.min(column, boxes.length - 1)];
    box.focus();
    if (event.shiftKey && "ranges" in rows.dataset && box.name === event.target.name) box.checked = event.target.checked;
    recountChosen();
  });

  // --- a list with one of its rows beside it: up and down choose the row, and the row looks chosen
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const list = event.target === document.body ? document.querySelector("[data-split]") : event.target.closest?.("[data-split]");
    if (!list) return;
    const rows = [...list.querySelectorAll("a[hx-get]")];
    const here = rows.indexOf(list.querySelector("[aria-current]"));
    event.preventDefault();
    rows[here + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const list = event.target.closest?.("[data-split]");
    if (!list) return;
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    event.target.setAttribute("aria-current", "true");
  });

  // --- check sheet: 1, 2, 3 answer the line in focus and go on; "all passed" answers what is still open
  const answers = { 1: "PASS", 2: "PROBLEM", 3: "NA" };
  document.addEventListener("keydown", (event) => {
    const sheet = event.target.closest?.("[data-sheet]");
    if (!sheet || !answers[event.key] || event.target.matches("input:not([type=radio])") || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const line = event.target.closest("li");
    const choice = line.querySelector(`input[type=radio][value=${answers[event.key]}]`);
    choice.checked = true;
    if (answers[event.key] === "PASS") line.nextElementSibling?.querySelector("input[type=radio]").focus();
    else line.querySelector(".sheet-note").focus();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-all-pass]");
    if (!button) return;
    const sheet = button.closest("form").querySelector("[data-sheet]");
    for (const line of sheet.children) {
      if (!line.querySelector("input[type=radio]:checked")) line.querySelector("input[value=PASS]").checked = true;
    }
    (document.querySelector(".warning input:placeholder-shown") ?? button.closest("form").querySelector("[type=submit]")).focus();
  });

  // --- scanners: an error is heard, a file of the manifest is ticked, a stranger is noted as extra
  const beep = () => {
    const sound = new AudioContext();
    const tone = sound.createOscillator();
    tone.frequency.value = 220;
    tone.connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.25);
    tone.addEventListener("ended", () => sound.close());
  };
  const recount = (form) => {
    form.closest(".card-box").querySelector("[data-ticked]").textContent = form.querySelectorAll("input[name=received]:checked").length;
  };
  document.addEventListener("change", (event) => {
    if (event.target.name === "received") recount(event.target.form);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.("[data-scan-ticks]")) return;
    event.preventDefault();
    const { form } = event.target;
    const said = form.querySelector("[data-scan-said]");
    const number = event.target.value.trim().toUpperCase();
    if (!number) return;
    const box = [...form.querySelectorAll("input[name=received]")].find((one) => one.value === number);
    const words = box ? (box.checked ? said.dataset.twiceWord : said.dataset.tickedWord) : said.dataset.extraWord;
    if (box) {
      box.checked = true;
      box.closest("tr").scrollIntoView({ block: "nearest" });
    } else {
      beep();
      const extra = form.elements.extra;
      if (!extra.value.split(/\s+/).includes(number)) extra.value = `${extra.value.trim()}\n${number}`.trim();
    }
    said.textContent = `${number} ${words}`;
    event.target.value = "";
    recount(form);
  });
})();
