
"use strict";
// Jumps between unsure fields, shows only what is unsure, lights up the lines of a dish; works from file://.
const marks = [...document.querySelectorAll(".mark")];
const where = document.getElementById("where");
const only = document.getElementById("only");
let current = -1;

function tell() {
  where.textContent = marks.length ? `${current + 1 || "–"}/${marks.length}` : "0 处";
  for (const id of ["previous", "next"]) document.getElementById(id).disabled = !marks.length;
}

function jump(by) {
  if (!marks.length) return;
  current = current < 0 ? (by > 0 ? 0 : marks.length - 1) : (current + by + marks.length) % marks.length;
  const mark = marks[current];
  mark.scrollIntoView({ block: "center" });
  mark.focus({ preventScroll: true });
  // Sheets out of sight have no certain height until they are drawn.
  requestAnimationFrame(() => requestAnimationFrame(() => mark.scrollIntoView({ block: "center" })));
  light(mark.closest("[data-dish]")?.dataset.dish);
  tell();
}

function light(dish) {
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (dish) for (const part of document.querySelectorAll(`[data-dish="${dish}"]`)) part.classList.add("lit");
}

function arrive() {
  const target = document.getElementById(location.hash.slice(1));
  const found = marks.indexOf(target);
  if (found >= 0) current = found;
  // What a link points to is shown, whatever is hidden now.
  if (target && only.checked && !target.getClientRects().length) {
    only.checked = false;
    document.body.classList.remove("only");
    target.scrollIntoView();
  }
  tell();
}

document.getElementById("next").addEventListener("click", () => jump(1));
document.getElementById("previous").addEventListener("click", () => jump(-1));
only.addEventListener("change", () => document.body.classList.toggle("only", only.checked));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "n") jump(1);
  if (event.key === "p") jump(-1);
});
document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch") light(event.target.closest("[data-dish]")?.dataset.dish);
});
document.addEventListener("click", (event) => {
  if (event.target.matches(".picture img")) event.target.closest(".sheet").classList.toggle("large");
});
document.addEventListener("focusin", (event) => light(event.target.closest("[data-dish]")?.dataset.dish));
window.addEventListener("hashchange", arrive);
// A browser may keep the box ticked over a reload.
document.body.classList.toggle("only", only.checked);
arrive();
