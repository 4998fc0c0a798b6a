// Markdown, the part of it that recipes use, as nodes.

import { make } from "./dom.js";

const DEPTH = 6; // what is nested deeper is shown as it is written
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const QUOTE = /^ {0,3}> ?/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(.*)$/;
const DIVIDER = /^\s*\|[\s:|-]*-[\s:|-]*$/;
const INLINE = /\\([\\`*_[\]()#+.!|>-])|\*\*(?=\S)(.+?)\*\*|`([^`]+)`|!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)/g;

export function blocks(lines, depth = 0) {
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

const isTable = (lines, at) => lines[at].includes("|") && DIVIDER.test(lines[at + 1] ?? "");

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
  const cell = (tag, properties) => (text) => make(tag, properties, ...inline(text.trim()));
  const head = make("tr", {}, ...cells(lines[at]).map(cell("th", { scope: "col" })));
  const body = make("tbody");
  let next = at + 2;
  while (lines[next]?.includes("|")) body.append(make("tr", {}, ...cells(lines[next++]).map(cell("td"))));
  const wide = head.children.length > 2;
  const node = make("table", { className: wide ? "wide" : "plain" }, make("thead", {}, head), body);
  // A wide table scrolls inside its frame; the frame takes focus so that the arrow keys reach it.
  const focus = wide ? { tabIndex: 0, role: "region", ariaLabel: "表格，可左右滑动" } : {};
  return [make("div", { className: "frame", ...focus }, node), next];
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
export function settled(text) {
  return text.replace(/(^|\n)\|[^\n]*\n?[|:\- ]*$/, "$1");
}
