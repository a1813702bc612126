// Forms: one press is one request, a half-filled page is not lost by accident, numbers are checked while they are typed.
(() => {
  "use strict";
  const words = document.getElementById("words").dataset;

  // --- one press, one request
  const buttonsOf = (form) => form.querySelectorAll("button[type=submit], button:not([type])");
  const lock = (form, locked) => buttonsOf(form).forEach((button) => { button.disabled = locked; });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    clean(form);
    setTimeout(() => lock(form, true)); // after the browser has read which button was pressed
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target instanceof HTMLFormElement) lock(event.target, true);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!(event.target instanceof HTMLFormElement)) return;
    lock(event.target, false);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => lock(form, false)));

  // --- Ctrl+Enter presses the main button of the form in which the hand is; one with that key of its own goes first
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing || event.defaultPrevented) return;
    const form = event.target.form;
    const button = form?.querySelector('[data-key="Ctrl+Enter"]') ?? form?.querySelector("button.btn-primary[type=submit]");
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  });

  // --- leaving with something typed asks first; a form with data-free has nothing to lose
  const dirty = new Set();
  const clean = (form) => dirty.delete(form);
  document.addEventListener("htmx:beforeOnLoad", (event) => { // before the answer leads to another page
    if (event.detail.xhr.status < 400) clean(event.target);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.method === "post" && form.closest("main") && !form.hasAttribute("data-free")) dirty.add(form);
  });
  window.addEventListener("beforeunload", (event) => {
    for (const form of dirty) {
      if (form.isConnected) {
        event.preventDefault();
        return;
      }
    }
  });

  // --- numbers, as ops_center.kernel.identity reads them: full-width digits, spaces and a small x are no mistakes
  const narrow = (text) => text
    .replace(/[！-～]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/[\s　-]/g, "").toUpperCase();
  const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const checks = {
    id_number(number) {
      if (!/^\d{17}[\dX]$/.test(number)) return { wrong: words.idShape };
      const [year, month, day] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)];
      const born = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
      if (born.getUTCMonth() + 1 !== Number(month) || born.getUTCDate() !== Number(day)) return { wrong: words.idDate };
      const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
      if ("10X98765432"[sum % 11] !== number[17]) return { wrong: words.idDigit };
      return { right: `${year}-${month}-${day} · ${Number(number[16]) % 2 ? words.male : words.female}` };
    },
    mobile(number) {
      return /^1\d{10}$/.test(number) ? {} : { wrong: words.mobile };
    },
  };
  const judge = (input, finished) => {
    const check = checks[input.dataset.check];
    const number = narrow(input.value);
    if (finished) input.value = number;
    const full = number.length >= (input.dataset.check === "mobile" ? 11 : 18);
    const verdict = number && (finished || full) ? check(number) : {};
    let note = input.parentElement.querySelector("[data-live]");
    if (!note) {
      note = document.createElement("div");
      note.dataset.live = "";
      note.setAttribute("aria-live", "polite");
      input.after(note);
    }
    note.className = verdict.wrong ? "field-error" : "field-good";
    note.textContent = verdict.wrong ?? verdict.right ?? "";
    input.classList.toggle("is-invalid", Boolean(verdict.wrong));
  };
  document.addEventListener("input", (event) => {
    if (event.target.dataset?.check && !event.isComposing) judge(event.target, false);
  });
  document.addEventListener("change", (event) => {
    if (event.target.dataset?.check) judge(event.target, true);
  });
})();
