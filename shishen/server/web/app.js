// The chat page: ask, stream the answer, set it as a recipe, keep the conversation for this tab.
//
// Every node is made with createElement and text; nothing that an answer says is parsed as HTML.
// A turn is {question, answer, status: running|done|stopped|failed, error, shishen}.

import { make, patch } from "./dom.js";
import { blocks, settled } from "./markdown.js";

const EXAMPLES = ["可乐鸡翅怎么做", "蕃茄炒旦", "mapo doufu", "清蒸鲈鱼"];
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

// ── The answer, as it comes ─────────────────────────────────────────────────────────────────────

function reach(promise, words) {
  return promise.catch((error) => {
    throw error.name === "AbortError" ? error : new Told(words);
  });
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
  const text = turn.status === "done" ? turn.answer : settled(turn.answer);
  const nodes = blocks(text.replaceAll(" · ", "\u00a0· ").split(/\r\n?|\n/)); // a dot never begins a line
  const foot = busy ? [] : footer(turn, view, nodes);
  if (busy && !nodes.length) nodes.push(make("p", { className: "waiting" }, "正在翻菜谱"));
  view.root.dataset.status = turn.status;
  view.body.setAttribute("aria-busy", String(busy));
  patch(view.body, nodes);
  view.foot.replaceChildren(...foot);
}

function footer(turn, view, nodes) {
  const { refused = false, verified = true, recipes = [] } = turn.shishen ?? {};
  const parts = turn.error ? [trouble(turn, view)] : [];
  if (refused) return [...parts, ...refusal(recipes)];
  if (recipes.length) parts.push(sources(recipes, nodes), verified ? "" : make("p", { className: "note" }, UNVERIFIED));
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
  const names = new Set(recipes.map(({ name }) => name));
  const offers = [...names].map((name) => chip(name, `${name}怎么做`));
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
  const turn = { question };
  turns.push(turn);
  const view = addTurn(turn);
  fill(turn, view);
  view.root.scrollIntoView();
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
  page.conversation.lastElementChild?.scrollIntoView({ behavior: "instant" });
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
