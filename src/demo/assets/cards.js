// Only a nicety: without it, the page shows the codes of the moment it was loaded.
"use strict";
const lines = new Map([...document.querySelectorAll("[data-card]")].map((line) => [line.dataset.card, line]));
const show = (card) => {
  const line = lines.get(card.card);
  if (!line) return;
  const code = line.querySelector("[data-code]");
  const left = line.querySelector("[data-left]");
  if (code.textContent !== card.code) code.textContent = card.code;
  left.textContent = String(card.seconds_left);
  line.querySelector("progress").value = card.seconds_left;
};
const tick = async () => {
  try {
    const answer = await fetch("/demo/cards.json", { cache: "no-store" });
    if (answer.ok) (await answer.json()).forEach(show);
  } catch { /* The server is gone for a moment: the next second may find it. */ }
  setTimeout(tick, 1000);
};
tick();
