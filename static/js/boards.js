// Boards: how many rows are chosen, what an answer says of them, and a refresh that leaves hand and eye where they are.
(() => {
  "use strict";
  const all = (what, root = document) => [...root.querySelectorAll(what)];
  const picks = () => all("[data-pick]");

  const count = () => {
    const picked = picks().filter((box) => box.checked).length;
    all("[data-picked]").forEach((sign) => { sign.textContent = picked; });
    all("[data-needs-pick]").forEach((button) => { button.disabled = !picked; });
    all("[data-picks-all]").forEach((box) => { box.checked = picked > 0 && picked === picks().length; });
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-picks-all]")) picks().forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-pick], [data-picks-all]")) count();
  });
  document.addEventListener("htmx:load", count);
  count();

  // Space ticks the row in which the hand is, Shift and a click all since the last one; U and R act on what is chosen, else on
  // that row.
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("[data-pick]")) return;
    const boxes = picks();
    const ends = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && ends[0] >= 0) boxes.slice(ends[0], ends[1]).forEach((other) => { other.checked = box.checked; });
    last = box;
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input:not([type=checkbox]), textarea, select")) return;
    const box = event.target.closest?.("tr")?.querySelector("[data-pick]");
    const button = all("[data-letter]").find((act) => act.dataset.letter === event.key.toUpperCase());
    if (event.key === " " && box && event.target !== box) {
      event.preventDefault();
      box.click();
    } else if (button) {
      event.preventDefault(); // the letter belongs to the board, not to the dialog that opens
      if (button.disabled) box?.click();
      button.click();
    }
  });

  // What has moved is no longer chosen; what was refused stays.
  document.addEventListener("acted", (event) => {
    const done = new Set(event.detail.done);
    picks().forEach((box) => { if (done.has(box.value)) box.checked = false; });
    all("dialog[data-acts][open]").forEach((dialog) => { dialog.close(); dialog.querySelector("form").reset(); });
    count();
  });

  // A part that is drawn anew each minute: the link under the hand and the tables that stand open are found again.
  let kept = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.target;
    if (!(part instanceof HTMLElement) || !part.matches("[data-keeps]")) return;
    const links = all("a, button, summary", part);
    kept = { id: part.id, focus: links.indexOf(document.activeElement), open: all("details", part).map((d) => d.open) };
  });
  document.addEventListener("htmx:afterSwap", () => {
    const part = kept && document.getElementById(kept.id);
    if (!part) return;
    all("details", part).forEach((table, at) => { table.open = kept.open[at] ?? false; });
    if (kept.focus >= 0) all("a, button, summary", part)[kept.focus]?.focus({ preventScroll: true });
    kept = null;
  });
})();
