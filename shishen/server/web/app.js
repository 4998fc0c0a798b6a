// The chat page: ask, stream the answer, set it as a recipe, keep the conversation for this tab.
//
// Every node is made with createElement and text; nothing that an answer says is parsed as HTML.
// A turn is {question, answer, status: running|done|stopped|failed, error, shishen}.

const EXAMPLES = ["可乐鸡翅怎么做", "蕃茄炒旦", "mapo doufu", "清蒸鲈鱼要蒸多久"];
const STORE = "shishen.turns";
const UNREACHABLE = "连不上食神。看看网络，或确认服务开着，再试一次。";
const BROKEN = "话说到一半，连接断了。";
const UNREADABLE = "收到的回答读不懂，再试一次。";
const STOPPED = "已停下。";
const BUSY = "问的人有点多，歇一会儿再试。";
const FAULT = "厨房里出了点状况，稍后再试。";
const UNVERIFIED = "这段话里的数字没有逐一核对，请以菜谱为准。";

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((node) => [node.id, node]));
let turns = [];
let running = null; // the AbortController of the answer under way

/** A failure whose message is meant for the cook. */
class Told extends Error {}

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Replace only what changed, so that a selection made while an answer streams survives. */
function patch(parent, nodes) {
  let same = 0;
  while (same < nodes.length && parent.childNodes[same]?.isEqualNode(nodes[same])) same += 1;
  while (parent.childNodes.length > same) parent.lastChild.remove();
  parent.append(...nodes.slice(same));
}

// ── Markdown, the part of it that recipes use ───────────────────────────────────────────────────

const DEPTH = 6; // what is nested deeper is shown as it is written
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const QUOTE = /^ {0,3}> ?/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(.*)$/;
const DIVIDER = /^\s*\|[\s:|-]*-[\s:|-]*$/;
const INLINE = /\\([\\`*_[\]()#+.!|>-])|\*\*(?=\S)(.+?)\*\*|`([^`]+)`|!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)/g;

function blocks(lines, depth = 0) {
  const nodes = [];
  for (let at = 0, node; at < lines.length; ) {
    [node, at] = lines[at].trim() ? block(lines, at, depth) : [null, at + 1];
    if (node) nodes.push(node);
  }
  return nodes;
}

/** The block that starts at a line, and the line after it. */
function block(lines, at, depth) {
  const heading = HEADING.exec(lines[at]);
  if (heading) return [make(`h${Math.min(heading[1].length + 1, 6)}`, {}, ...inline(heading[2].trim())), at + 1];
  if (RULE.test(lines[at])) return [make("hr"), at + 1];
  if (isTable(lines, at)) return table(lines, at);
  if (depth < DEPTH && QUOTE.test(lines[at])) return quote(lines, at, depth);
  if (depth < DEPTH && ITEM.test(lines[at])) return list(lines, at, depth);
  return paragraph(lines, at);
}

function isTable(lines, at) {
  return lines[at].includes("|") && DIVIDER.test(lines[at + 1] ?? "");
}

function paragraph(lines, at) {
  const starts = (line) => [HEADING, QUOTE, RULE, ITEM].some((pattern) => pattern.test(line));
  const children = inline(lines[at].trim());
  const className = lines[at].startsWith("来源：") ? "said-source" : "";
  let next = at + 1;
  while (lines[next]?.trim() && !starts(lines[next]) && !isTable(lines, next)) {
    children.push(make("br"), ...inline(lines[next++].trim()));
  }
  return [make("p", { className }, ...children), next];
}

function quote(lines, at, depth) {
  let next = at;
  while (QUOTE.test(lines[next] ?? "")) next += 1;
  const own = lines.slice(at, next).map((line) => line.replace(QUOTE, ""));
  return [make("blockquote", {}, ...blocks(own, depth + 1)), next];
}

function table(lines, at) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|");
  const row = (line, make1) => make("tr", {}, ...cells(line).map((text) => make1(inline(text.trim()))));
  const head = row(lines[at], (children) => make("th", { scope: "col" }, ...children));
  const body = make("tbody");
  let next = at + 2;
  while (lines[next]?.includes("|")) body.append(row(lines[next++], (children) => make("td", {}, ...children)));
  const wide = head.children.length > 2;
  const node = make("table", { className: wide ? "wide" : "plain" }, make("thead", {}, head), body);
  // A wide table scrolls inside its frame; the frame takes focus so that the arrow keys reach it.
  return [make("div", { className: "frame", ...(wide && { tabIndex: 0 }) }, node), next];
}

function list(lines, at, depth) {
  const ordered = /^\s*\d/.test(lines[at]);
  const node = make(ordered ? "ol" : "ul", ordered ? { start: parseInt(lines[at], 10) } : {});
  let next = at;
  for (let item; (item = ITEM.exec(lines[next] ?? "")) && /\d/.test(item[2]) === ordered; ) {
    const own = [item[3]];
    const indent = item[1].length + 2;
    next += 1;
    while (lines[skipBlank(lines, next)]?.search(/\S/) >= indent) own.push(lines[next++].slice(indent));
    const [first, ...rest] = blocks(own, depth + 1);
    node.append(make("li", {}, ...(first?.tagName === "P" ? first.childNodes : [first ?? ""]), ...rest));
    next = skipBlank(lines, next);
  }
  return [node, next];
}

function skipBlank(lines, at) {
  let next = at;
  while (lines[next]?.trim() === "") next += 1;
  return next;
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(end, match.index), span(match));
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)].filter((node) => node !== "");
}

function span([, escaped, bold, code, label, address]) {
  if (escaped) return escaped;
  if (bold) return make("strong", {}, ...inline(bold));
  if (code) return make("code", {}, code);
  // Only this server's own pages are linked; an address elsewhere is shown, never followed.
  if (/^\/(?![/\\])/.test(address)) return make("a", { href: address }, label || address);
  return label && label !== address ? `${label}（${address}）` : address;
}

/** Hold back the start of a table and its last row until they are whole, so that no bare pipes flash by. */
function settled(text) {
  return text.replace(/(^|\n)\|[^\n]*\n?[|:\- ]*$/, "$1");
}

// ── The answer, as it comes ─────────────────────────────────────────────────────────────────────

async function reach(promise, words) {
  try {
    return await promise;
  } catch (error) {
    throw error.name === "AbortError" ? error : new Told(words);
  }
}

/** The data of each server-sent event. */
async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  for (let held = "", ended = false; !ended; ) {
    const { value, done } = await reach(reader.read(), BROKEN);
    held += done ? "\n\n" : decoder.decode(value, { stream: true });
    const parts = held.split(/\r?\n\r?\n/);
    held = parts.pop();
    ended = done;
    for (const part of parts) {
      const data = part.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
      if (data.length) yield data.join("\n");
    }
  }
}

/** What an OpenAI error object says, in one line. */
function told(error, otherwise) {
  const said = String(error?.message ?? "").replace(/\s+/g, " ").trim();
  return new Told(said ? `没答成：${said.length > 160 ? `${said.slice(0, 160)}…` : said}` : otherwise);
}

async function* chunks(messages, signal) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
  const body = JSON.stringify({ model: "shishen", stream: true, messages });
  const response = await reach(fetch("v1/chat/completions", { method: "POST", headers, body, signal }), UNREACHABLE);
  if (!response.ok) {
    const fault = await response.json().catch(() => null);
    throw told(fault?.error, response.status === 429 ? BUSY : FAULT);
  }
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw told(chunk.error, FAULT);
    yield chunk;
  }
  throw new Told(BROKEN); // the stream ended without its mark
}

/** The history as OpenAI has it; a question that got no answer is left out. */
function messagesFor(turn) {
  const past = turns.slice(0, turns.indexOf(turn)).filter(({ answer, status }) => answer && status !== "failed");
  return [...past, turn].flatMap(({ question, answer }) => [
    { role: "user", content: question },
    ...(answer ? [{ role: "assistant", content: answer }] : []),
  ]);
}

async function fill(turn, view) {
  const { signal } = (running = new AbortController());
  Object.assign(turn, { answer: "", status: "running", error: null, shishen: null });
  show(turn, view);
  try {
    for await (const chunk of chunks(messagesFor(turn), signal)) {
      turn.answer += chunk.choices?.[0]?.delta?.content ?? "";
      turn.shishen = chunk.shishen ?? turn.shishen;
      drawSoon(turn, view);
    }
    if (!turn.answer) throw new Told(UNREADABLE);
    turn.status = "done";
  } catch (error) {
    turn.status = signal.aborted ? "stopped" : "failed";
    turn.error = signal.aborted ? STOPPED : error instanceof Told ? error.message : UNREADABLE;
  }
  if (!turns.includes(turn)) return; // 重新开始 swept it away
  running = null;
  show(turn, view);
  page.status.textContent = turn.error ?? `食神：${view.body.innerText}`;
}

/** Bring the page and the store in step with a turn that began or ended. */
function show(turn, view) {
  setBusy(turn.status === "running");
  draw(turn, view);
  save();
}

/** Draw once a frame, however fast the chunks come. */
function drawSoon(turn, view) {
  view.frame ||= requestAnimationFrame(() => {
    view.frame = 0;
    if (turn.status === "running") draw(turn, view);
  });
}

// ── A turn on the page ──────────────────────────────────────────────────────────────────────────

function addTurn(turn) {
  const asked = make("h2", { className: "question" }, make("span", { className: "unseen" }, "您问："), turn.question);
  const view = { body: make("div", { className: "answer" }), foot: make("footer"), frame: 0 };
  view.root = make("article", { className: "turn" }, asked, view.body, view.foot);
  page.conversation.append(view.root);
  return view;
}

function draw(turn, view) {
  const busy = turn.status === "running";
  const nodes = blocks((busy ? settled(turn.answer) : turn.answer).split(/\r\n?|\n/));
  const foot = busy ? [] : footer(turn, view, nodes);
  if (busy && !nodes.length) nodes.push(make("p", { className: "waiting" }, "正在翻菜谱"));
  view.root.dataset.status = turn.status;
  view.body.setAttribute("aria-busy", String(busy));
  patch(view.body, nodes);
  view.foot.replaceChildren(...foot);
}

function footer(turn, view, nodes) {
  const { refused = false, verified = true, recipes = [] } = turn.shishen ?? {};
  const parts = [];
  if (turn.error) parts.push(trouble(turn, view));
  if (refused) return [...parts, ...refusal(recipes)];
  if (recipes.length) parts.push(sources(recipes, nodes));
  if (recipes.length && !verified) parts.push(make("p", { className: "note" }, UNVERIFIED));
  if (nodes.some((node) => node.tagName === "OL")) parts.push(button("quiet print", "打印这份", () => print(view)));
  return parts;
}

function button(className, label, act) {
  const node = make("button", { type: "button", className }, label);
  node.addEventListener("click", act);
  return node;
}

function chip(label, question) {
  return make("li", {}, button("chip", label, () => ask(question)));
}

function trouble(turn, view) {
  const retry = button("quiet retry", "重试", () => running || fill(turn, view));
  return make("p", { className: "trouble" }, turn.error, retry);
}

function refusal(recipes) {
  if (!recipes.length) return [make("p", { className: "note" }, "这一问，食神没有给出做法。")];
  const names = [...new Set(recipes.map((recipe) => recipe.name))];
  const offers = names.map((name) => chip(name, `${name}怎么做`));
  return [make("p", { className: "note" }, "菜谱库里有"), make("ul", { className: "chips" }, ...offers)];
}

/** Where the answer comes from. One recipe that names its own source in the text lends its words to the line. */
function sources(recipes, nodes) {
  const said = nodes.filter((node) => node.className === "said-source");
  const lent = recipes.length === 1 && said.length === 1 ? said[0] : null;
  if (lent) nodes.splice(nodes.indexOf(lent), 1);
  const entries = recipes.map(({ name, source }) => {
    const path = typeof source === "string" ? source : source?.path ?? "";
    const place = lent ? lent.textContent.replace("来源：", "") : path.split(/[\\/]/).slice(-3).join("/");
    return make("li", {}, make("b", {}, name), make("span", { title: path }, place));
  });
  return make("div", { className: "sources" }, "来源", make("ul", {}, ...entries));
}

/** Print one recipe, not the conversation; the style sheet leaves out the turns that are not chosen. */
function print(view) {
  view.root.classList.add("chosen");
  window.addEventListener("afterprint", () => view.root.classList.remove("chosen"), { once: true });
  window.print();
}

// ── The conversation ────────────────────────────────────────────────────────────────────────────

function ask(text) {
  const question = text.trim();
  if (!question || running) return;
  const turn = { question, answer: "", status: "running", error: null, shishen: null };
  turns.push(turn);
  const view = addTurn(turn);
  fill(turn, view);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  view.root.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
}

function restart() {
  running?.abort();
  running = null;
  turns = [];
  setBusy(false);
  page.conversation.replaceChildren();
  page.status.textContent = "";
  save();
  page.question.focus();
}

function setBusy(busy) {
  if (busy || document.activeElement === page.stop) focusQuestion();
  page.send.hidden = busy;
  page.stop.hidden = !busy;
  if (busy) page.status.textContent = "正在翻菜谱";
}

/** Back to the question; on a touch screen the keyboard stays down, it would cover the answer. */
function focusQuestion() {
  if (matchMedia("(pointer: coarse)").matches) page.question.blur();
  else page.question.focus({ preventScroll: true });
}

function save() {
  try {
    sessionStorage.setItem(STORE, JSON.stringify(turns));
  } catch {} // a full or forbidden store costs the history of this tab, never the conversation
}

function restore() {
  try {
    turns = JSON.parse(sessionStorage.getItem(STORE)) ?? [];
  } catch {} // nothing kept, or not by us: an empty conversation
  for (const turn of turns) {
    // A running turn was left in mid-answer.
    if (turn.status === "running") Object.assign(turn, { status: "stopped", error: STOPPED });
    draw(turn, addTurn(turn));
  }
  page.conversation.lastElementChild?.scrollIntoView();
}

function grow() {
  page.question.style.height = "auto";
  page.question.style.height = `${page.question.scrollHeight}px`;
}

function submit(event) {
  event.preventDefault();
  if (running) return;
  ask(page.question.value);
  page.question.value = "";
  grow();
}

function onKey(event) {
  // Enter that ends an input method's composition is no send; Safari tells it only by key code 229.
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && !event.shiftKey) submit(event);
  if (event.key === "Escape") running?.abort();
}

function start() {
  page.examples.append(...EXAMPLES.map((example) => chip(example, example)));
  page.composer.addEventListener("submit", submit);
  page.question.addEventListener("keydown", onKey);
  page.question.addEventListener("input", grow);
  page.stop.addEventListener("click", () => running?.abort());
  page.restart.addEventListener("click", restart);
  window.addEventListener("pagehide", save);
  restore();
}

start();
