// Keeps "3 h 5 min left" true while the page stands open, counted from the server's time (data-now), not the desk's.
(() => {
  "use strict";
  const { countdown } = document.getElementById("words").dataset;
  const drift = Date.parse(document.body.dataset.now) - Date.now();
  const [withDays, withBoth, withHours, short, left, over, overdue] = countdown.split("|");
  const fill = (text, facts) => text.replace(/%\((\w+)\)[sd]/g, (_all, name) => facts[name]);

  const tell = () => {
    for (const badge of document.querySelectorAll("[data-due]")) {
      const minutes = Math.floor((Date.parse(badge.dataset.due) - Date.now() - drift) / 60000);
      const size = Math.abs(minutes);
      const facts = { days: Math.floor(size / 1440), hours: Math.floor((size % 1440) / 60), minutes: size % 60 };
      let length = short;
      if (facts.days) length = withDays;
      else if (facts.hours) length = facts.minutes ? withBoth : withHours;
      badge.textContent = fill(minutes < 0 ? over : left, { length: fill(length, facts) });
      const clock = badge.closest(".clock");
      if (minutes < 0 && clock && !clock.classList.contains("tone-late")) {
        clock.classList.remove("tone-good", "tone-soon");
        clock.classList.add("tone-late");
        clock.querySelector("b").textContent = overdue;
      }
    }
  };
  setInterval(tell, 20000);
})();
