"use strict";
const bar = document.getElementById("bar");
const [group, kind, worse, wrong, count, none] = ["group", "kind", "worse", "wrong", "count", "none"].map((id) =>
  document.getElementById(id),
);
const articles = [...document.querySelectorAll("article")];

function filter() {
  let shown = 0;
  for (const article of articles) {
    const fits =
      (!group.value || article.dataset.group === group.value) &&
      (!kind.value || article.dataset.kind === kind.value) &&
      (!worse.checked || article.dataset.worse === "1") &&
      (!wrong.checked || article.dataset.wrong === "1");
    article.hidden = !fits;
    shown += fits;
  }
  count.textContent = `${shown} 问`;
  none.hidden = shown > 0;
}

bar.hidden = false;
bar.addEventListener("input", filter);
filter();
