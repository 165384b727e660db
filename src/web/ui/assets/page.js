// Only niceties: every page works without this file.
"use strict";

// A page brought back by the back button after sign-out must not be shown: ask the server again.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

const summary = document.getElementById("error-summary");
if (summary) summary.focus();

// Error links lead into the field itself, not only near it.
document.querySelectorAll(".error-summary a").forEach((link) => {
  link.addEventListener("click", (event) => {
    const field = document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
});

// Code field: digits only, and the box where the next one falls.
document.querySelectorAll("[data-code]").forEach((box) => {
  const input = box.querySelector("input");
  if (!input) return;
  const show = () => { box.dataset.at = String(Math.min(input.selectionStart ?? input.value.length, 6)); };
  input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "").slice(0, 6);
    if (digits !== input.value) input.value = digits;
    show();
  });
  ["keyup", "click", "focus"].forEach((kind) => input.addEventListener(kind, show));
  show();
});

// Password: show and hide.
document.querySelectorAll("[data-password]").forEach((box) => {
  const input = box.querySelector("input");
  if (!input) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button second";
  button.textContent = box.dataset.show;
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => {
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    button.textContent = hidden ? box.dataset.hide : box.dataset.show;
  });
  input.form?.addEventListener("submit", () => { input.type = "password"; });
  box.append(button);
});

// One click, one request (the server would refuse the second anyway).
document.querySelectorAll("form[method=post]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
});

// Live waiting: reload when the state is another one.
document.querySelectorAll("[data-wait]").forEach((box) => {
  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.wait, { headers: { accept: "text/plain" }, cache: "no-store" });
      const state = (await answer.text()).trim();
      if (!answer.ok || state !== box.dataset.state) { location.reload(); return; }
    } catch { /* the network comes back or it does not: keep asking */ }
    setTimeout(ask, document.hidden ? 10000 : 2000);
  };
  setTimeout(ask, 2000);
});

// Countdown: the last number of the sentence runs down.
document.querySelectorAll("[data-countdown]").forEach((line) => {
  const end = performance.now() + Number(line.dataset.countdown) * 1000;
  const text = line.textContent;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    line.textContent = text.replace(/\d+(?!.*\d)/s, String(left));
    if (left > 0) setTimeout(tick, 250); else line.hidden = line.dataset.then === "hide";
  };
  tick();
});

// Menus close when one looks elsewhere.
const menu = document.querySelector("details.who");
if (menu) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});

// An answer that travels by form goes on by itself; without script its button does the same.
document.querySelector("form[data-auto-submit]")?.submit();
