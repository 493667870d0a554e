// The page of a state machine or execution: draws what the server sends, and follows a running execution live.
"use strict";
const $ = (id) => document.getElementById(id);
const events = new Map();      // id → event
const nameOf = new Map();      // event id → the state that it belongs to
const inputs = new Map(), outputs = new Map();  // state → text, the latest
let began = 0, chosen = null;

const pretty = (text) => {
  if (text === undefined || text === null) return "";
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return String(text); }
};
const element = (tag, text, className) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const seconds = (from, to) => `${(to - from).toFixed(3)} s`;

function showMachine(machine) {
  document.title = `${machine.name} · fogbank`;
  $("title").textContent = machine.name;
  $("diagram").innerHTML = machine.diagram;
  for (const node of $("diagram").querySelectorAll("g.state"))
    node.addEventListener("click", (click) => { click.stopPropagation(); choose(node.dataset.state); });
  $("executions").replaceChildren(...machine.executions.map((execution) => {
    const row = element("tr"), link = element("a", execution.name);
    link.href = `/_fogbank/console/states/${encodeURIComponent(execution.executionArn)}`;
    const cell = element("td", undefined, "wide");
    cell.append(link);
    const status = element("td");
    status.append(badge(element("span", undefined, "status"), execution.status));
    row.append(cell, status, element("td", new Date(execution.startDate).toLocaleString(), "dim"));
    return row;
  }));
}

function badge(span, status) {
  span.textContent = status;
  span.dataset.status = status;
  span.style.setProperty("--tone", `var(--${status})`);
  span.hidden = false;
  return span;
}

function showExecution(execution) {
  badge($("status"), execution.status);
  $("times").textContent = new Date(execution.startDate).toLocaleString() +
    (execution.stopDate ? ` · ${seconds(execution.startDate / 1000, execution.stopDate / 1000)}` : "");
  $("io").hidden = false;
  $("input").textContent = pretty(execution.input);
  $("output").textContent = execution.output !== undefined ? pretty(execution.output)
    : [execution.error, execution.cause].filter(Boolean).join(": ");
  for (const node of $("diagram").querySelectorAll("g.state")) {
    const found = execution.progress[node.dataset.state];
    node.classList.remove("running", "succeeded", "failed", "caught", "aborted");
    if (!found) { delete node.dataset.progress; continue; }
    node.classList.add(found.status);
    node.dataset.progress = found.status;
    node.querySelector("title").textContent = `${node.dataset.state}: ${found.status}, entered ${found.entered} times`;
    count(node, found.entered);
  }
  if (chosen === null && events.size) choose([...inputs.keys()].pop());
}

// How many times a state was entered, in its corner; as svg.py draws it.
function count(node, entered) {
  if (entered < 2) return;
  const space = "http://www.w3.org/2000/svg", box = node.querySelector("rect"), text = `×${entered}`;
  const wide = 10 + 6.2 * text.length, right = Number(box.getAttribute("width")) - 6;
  let mark = node.querySelector(":scope > .count"), back = node.querySelector(":scope > .badge");
  if (!mark) {
    back = document.createElementNS(space, "rect");
    mark = document.createElementNS(space, "text");
    node.append(back, mark);
  }
  for (const [name, value] of Object.entries({ class: "badge", x: right - wide, y: 6, width: wide, height: 15, rx: 7.5 }))
    back.setAttribute(name, value);
  for (const [name, value] of Object.entries({ class: "count", "text-anchor": "middle", x: right - wide / 2, y: 17 }))
    mark.setAttribute(name, value);
  mark.textContent = text;
}

function showHistory(fresh) {
  $("events").hidden = false;
  const rows = [];
  for (const event of fresh) {
    events.set(event.id, event);
    began ||= event.timestamp / 1000;
    const entered = event.stateEnteredEventDetails, exited = event.stateExitedEventDetails;
    const name = entered?.name ?? exited?.name ?? nameOf.get(event.previousEventId) ?? "";
    nameOf.set(event.id, name);
    if (entered) inputs.set(name, entered.input);
    if (exited) outputs.set(name, exited.output);
    const row = element("tr", undefined, "event" + (/Failed|TimedOut|Aborted/.test(event.type) ? " failed" : ""));
    row.append(element("td", event.id, "dim"), element("td", event.type), element("td", name, "wide"),
      element("td", began ? seconds(began, event.timestamp / 1000) : "", "dim"));
    row.addEventListener("click", () => toggle(row, event));
    rows.push(row);
  }
  $("rows").append(...rows);
  $("count").textContent = `(${events.size})`;
  if (chosen !== null) choose(chosen);
}

function toggle(row, event) {
  if (row.nextSibling?.className === "detail") { row.nextSibling.remove(); return; }
  const detail = element("tr", undefined, "detail"), cell = element("td"), pre = element("pre", undefined, "mono");
  const key = Object.keys(event).find((each) => each.endsWith("EventDetails"));
  pre.textContent = JSON.stringify(event[key] ?? {}, (_, value) => {
    try { return typeof value === "string" && /^[[{]/.test(value) ? JSON.parse(value) : value; } catch { return value; }
  }, 2);
  cell.colSpan = 4;
  cell.append(pre);
  detail.append(cell);
  row.after(detail);
  if (nameOf.get(event.id)) choose(nameOf.get(event.id));
}

function choose(name) {
  if (!name) return;
  chosen = name;
  for (const node of $("diagram").querySelectorAll("g.state")) node.classList.toggle("chosen", node.dataset.state === name);
  $("chosen").hidden = false;
  $("chosen-name").textContent = name;
  $("state-input").textContent = pretty(inputs.get(name));
  $("state-output").textContent = pretty(outputs.get(name));
}

const source = new EventSource(`${location.pathname}/live`);
source.addEventListener("machine", (message) => {
  // The server starts anew after a broken connection: so does the page.
  began = 0;
  events.clear(); nameOf.clear(); inputs.clear(); outputs.clear();
  $("rows").replaceChildren();
  showMachine(JSON.parse(message.data));
});
source.addEventListener("history", (message) => showHistory(JSON.parse(message.data)));
source.addEventListener("execution", (message) => {
  const execution = JSON.parse(message.data);
  showExecution(execution);
  if (execution.status !== "RUNNING") source.close();
});
source.addEventListener("error", () => { if (!events.size) source.close(); });
