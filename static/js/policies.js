// The split table while it is typed: the sum of each path below its column, in the words of the page's own numbers.
(() => {
  "use strict";
  const hundredths = (text) => Math.round(Number(text || 0) * 100); // per cent as whole basis points: no float is summed
  const sum = (output) => {
    const fields = document.querySelectorAll(`[data-summed="${output.dataset.sumOf}"]`);
    const total = [...fields].reduce((so_far, field) => so_far + hundredths(field.value), 0);
    const isWhole = total === 10000;
    output.textContent = `${isWhole ? "✓" : "✗"} ${total / 100}%`;
    output.className = isWhole ? "sum tone-good" : "sum tone-late";
  };
  const sumAll = () => document.querySelectorAll("[data-sum-of]").forEach(sum);
  document.addEventListener("input", (event) => {
    if (event.target.dataset?.summed) sumAll();
  });
  sumAll();
})();
