// The map of a page: dots on a canvas; names and what is pointed at in a drawing above it, so that
// pointing draws no dot again. All texts are set as text, none is read as markup.
"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const pick = id => document.getElementById(id), root = document.documentElement;
const make = (tag, more = {}, ...inside) => {
  const it = Object.assign(document.createElement(tag), more);
  it.append(...inside);
  return it;
};
const draw = (tag, attributes, text = "") => {
  const it = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) it.setAttribute(name, value);
  it.textContent = text;
  return it;
};
const map = pick("map"), canvas = map.querySelector("canvas"), pen = canvas.getContext("2d");
const M = D.labels.length, every = [...Array(M).keys()], columns = Object.entries(D.columns);
const text = value => Number.isInteger(value) ? value.toLocaleString("en") : String(value);
const plain = name => name.replaceAll("_", " ");
const search = every.map(i => `${D.labels[i]} ${D.columns.model[i]}`.toLowerCase());
const phone = matchMedia("(max-width: 699px)"), night = matchMedia("(prefers-color-scheme: dark)");
const tone = (light, dark) => isDark() ? dark : light;
const shade = hue => hue == "#222222" ? tone(hue, "#e8eaee") : hue || tone("#7d8592", "#98a2b0");
const isDark = () => root.dataset.mode ? root.dataset.mode == "dark" : night.matches;
const state = {view: "", colour: "", model: "", mode: ""};
let width = 1, height = 1, zoom = {k: 1, x: 0, y: 0}, places = [], waiting = 0;
let named = [];  // model, box and text of each name on the map
let hovered = -1, pinned = -1, chosen = new Set(), hidden = new Set(), lasso = null;

// what stands where, in pixels of the map
function place() {
  const fit = Math.min(width / 1000, height / 800), k = fit * zoom.k;
  const left = width / 2 - 500 * k + zoom.x, top = height / 2 - 400 * k + zoom.y;
  places = D.views[state.view].map(([x, y]) => [left + x * k, top + y * k]);
}
const radius = i => D.sizes[i] * Math.max(2.6, 6.5 - Math.log10(Math.max(M, 30) / 30) * 1.7)
  * Math.min(1.7, zoom.k ** .25) * (width < 500 ? .8 : 1);
const isRinged = i => D.rings?.of[i] === 0;
const reach = i => radius(i) * (isRinged(i) ? 1.75 : 1.3);  // with its ring
const groups = () => [D.colours[state.colour], D.shapes, D.rings].filter(group => group?.legend);
const isShown = i => !groups().some(group => hidden.has(`${group.name} ${group.of[i]}`));
const isInside = ([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height;
const fill = i => {
  const colour = D.colours[state.colour];
  const hue = colour.legend ? colour.legend[colour.of[i]][1] : colour.of[i];
  return shade(hue);
};
// marker -> corners, turn in eighths of a circle, and how deep a star is
const MARKERS = {s: [4, 1], D: [4, 0], "^": [3, -2], v: [3, 2], P: [4, 0, .4], X: [4, 1, .4]};
function outline(pen, marker, x, y, r) {
  const [n, turn, depth] = MARKERS[marker] ?? [0];
  pen.beginPath();
  for (let k = 0; k < 2 * n; k++) if (depth || k % 2 == 0) {
    const angle = turn * Math.PI / 4 + k * Math.PI / n, far = 1.3 * r * (k % 2 ? depth : 1);
    pen.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  if (!n) pen.arc(x, y, r, 0, 7);
  pen.closePath();
}
function fillOutline(pen, outside, hue, rim, width) {
  outline(pen, ...outside);
  Object.assign(pen, {fillStyle: hue, strokeStyle: rim, lineWidth: width});
  pen.fill();
  pen.stroke();
}
function dot(pen, x, y, r, hue, marker, isRinged) {
  const ring = [marker, x, y, r * 1.55];
  if (isRinged) fillOutline(pen, ring, tone("#ffffff", "#1f242c"), shade("#222222"), 1.2);
  fillOutline(pen, [marker, x, y, r], hue, tone("#ffffff", "#d5dae2"), .8);
}

// all dots, once in a frame of the screen
function redraw() { waiting ||= requestAnimationFrame(() => { waiting = 0; paint(); }); }
function paint() {
  place();
  const sharp = window.devicePixelRatio || 1;
  const size = {width: Math.round(width * sharp), height: Math.round(height * sharp)};
  if (canvas.width != size.width || canvas.height != size.height) Object.assign(canvas, size);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  const shown = every.filter(isShown);
  if (pick("lineage").checked) {
    Object.assign(pen, {strokeStyle: shade(""), lineWidth: .9});
    pen.beginPath();
    const seen = new Set(shown);
    for (const [parent, child] of D.kin) if (seen.has(parent) && seen.has(child)) {
      pen.moveTo(...places[parent]);
      pen.lineTo(...places[child]);
    }
    pen.stroke();
  }
  const visible = shown.filter(i => isInside(places[i]));
  for (const i of visible)
    dot(pen, ...places[i], radius(i), fill(i), D.shapes.markers[i], isRinged(i));
  name(visible);
  mark();
  pick("copy").textContent = `Copy ${text(chosen.size || visible.length)} as csv`;
}

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
// names where there is room: landmarks may cover dots, the others nothing
function name(visible) {
  pen.font = "11.5px system-ui, sans-serif";
  const taken = [[width - 56, height - 136, width, height]], seen = new Set(visible);
  named = [];
  const isClear = (box, own, limit) => {
    const [left, top, right, bottom] = box;
    if (left < 2 || top < 2 || right > width - 2 || bottom > height - 2) return false;
    if (taken.some(other => overlap(box, other))) return false;
    let n = 0;
    for (const i of visible) {
      const [x, y] = places[i], r = radius(i) * .8;
      if (x > left - r && x < right + r && y > top - r && y < bottom + r && i != own)
        if (++n > limit) return false;
    }
    return true;
  };
  const asked = D.order.map((i, rank) => [i, rank < D.landmarks]).filter(([i]) => seen.has(i));
  for (const [i, isLandmark] of asked.slice(0, 600)) {
    const [x, y] = places[i], w = pen.measureText(D.labels[i]).width, r = reach(i) + 3;
    const spots = [[x + r, y - 7], [x - r - w, y - 7], [x - w / 2, y - r - 14], [x - w / 2, y + r]];
    const boxes = spots.map(([u, v]) => [u - 2, v, u + w + 2, v + 14]);
    const limits = isLandmark ? [0, 2, M > 300 ? M : 2] : [0];
    const box = limits.map(limit => boxes.find(b => isClear(b, i, limit))).find(Boolean);
    if (!box) continue;
    taken.push(box);
    named.push([i, box, draw("text", {x: box[0] + 2, y: box[1] + 11}, D.labels[i])]);
    if (named.length >= 90) break;
  }
  pick("names").replaceChildren(...named.map(([, , it]) => it));
}

// what is pointed at, pinned or chosen: the drawing above the dots
const current = () => hovered >= 0 ? hovered : pinned;
function mark() {
  const parts = [], ring = (i, more, name) => parts.push(draw("circle",
    {cx: places[i][0], cy: places[i][1], r: reach(i) + more, class: name}));
  for (const i of chosen) if (isShown(i) && isInside(places[i])) ring(i, 2, "on");
  const i = current();
  let own = [0, 0, 0, 0];  // the box of the name of the model that is pointed at
  if (i >= 0 && isShown(i)) {
    const [x, y] = places[i];
    for (const j of D.near[i].filter(isShown)) {
      const [x2, y2] = places[j];
      parts.unshift(draw("line", {x1: x, y1: y, x2, y2}));
      ring(j, 2, "near");
    }
    ring(i, 3, "on");
    pen.font = "600 13px system-ui, sans-serif";
    const w = pen.measureText(D.labels[i]).width, r = reach(i) + 8;
    const left = x + r + w > width ? Math.max(4, x - r - w) : x + r;
    const base = Math.max(14, y - r / 2);
    own = [left - 3, base - 13, left + w + 3, base + 5];
    parts.push(draw("text", {x: left, y: base}, D.labels[i]));
  }
  // no name twice, and none beneath another
  for (const [j, box, it] of named)
    it.setAttribute("visibility", j == i || overlap(box, own) ? "hidden" : "visible");
  if (lasso) parts.push(draw("path", {d: "M" + lasso.map(p => p.join(" ")).join("L")}));
  pick("marks").replaceChildren(...parts);
}
const row = (label, act) => make("button", {className: "row", onclick: act},
  make("span", {}, label));
function tell() {
  const i = current(), about = pick("about");
  if (i < 0 && !chosen.size) {
    about.replaceChildren(make("p", {className: "hint"}, phone.matches ? "Tap" : "Point at",
      " a model to see what it is and which models are nearest. Arrow keys go from model to model, "
      + "+ and − zoom."));
  } else if (i < 0) {
    const list = [...chosen].slice(0, 200).map(j => make("li", {}, row(D.labels[j], () => go(j))));
    const more = chosen.size > 200 ? `; the first 200 are listed` : "";
    about.replaceChildren(make("b", {}, `${chosen.size} chosen${more}`),
      row("clear the choice", keys.Escape), make("ol", {}, ...list));
  } else {
    const terms = columns.filter(([name, of]) => of[i] !== null && of[i] !== ""
      && !(name == "model" && of[i] == D.labels[i])).flatMap(([name, of]) => [
      make("dt", {}, plain(name)), make("dd", {}, text(of[i]))]);
    const near = D.near[i].map(j => make("li", {}, row(D.labels[j], () => go(j))));
    about.replaceChildren(make("b", {}, D.labels[i]),
      ...near.length ? [make("h2", {}, "nearest models"), make("ol", {}, ...near)] : [],
      make("dl", {}, ...terms));
  }
}
function hover(i) {
  if (i == hovered) return;
  hovered = i;
  map.classList.toggle("over", i >= 0);
  mark();
  tell();
}
// the model that keys stand on, as a screen reader hears it
function pin(i) {
  pinned = i;
  hovered = -1;
  state.model = i >= 0 ? D.columns.model[i] : "";
  if (i >= 0) {
    const near = D.near[i].map(j => D.labels[j]).join(", ");
    const classes = groups().map(group => group.legend[group.of[i]]?.[0]).filter(Boolean);
    pick("spoken").replaceChildren(make("div", {role: "option", id: `model-${i}`,
      textContent: [D.labels[i], ...classes].join(", ") + (near && `; nearest: ${near}`)}));
    const option = pick("spoken").firstChild;
    for (const [key, value] of [["selected", true], ["posinset", i + 1], ["setsize", M]])
      option.setAttribute(`aria-${key}`, value);
    map.setAttribute("aria-activedescendant", option.id);
  } else map.removeAttribute("aria-activedescendant");
  mark();
  tell();
  write();
}
function centre(i) {
  place();
  shift(width / 2 - places[i][0], height / 2 - places[i][1]);
  place();
}
function go(i) {
  const [x, y] = places[i], edge = 40;
  if (x < edge || y < edge || x > width - edge || y > height - edge) centre(i);
  if (!isShown(i)) show();
  paint();
  pin(i);
}

// zoom and pan
function scale(by, x = width / 2, y = height / 2) {
  const k = Math.min(80, Math.max(.7, zoom.k * by)), ratio = k / zoom.k;
  zoom.x = (x - width / 2) * (1 - ratio) + zoom.x * ratio;
  zoom.y = (y - height / 2) * (1 - ratio) + zoom.y * ratio;
  zoom.k = k;
  redraw();
}
function whole() { zoom = {k: 1, x: 0, y: 0}; redraw(); }
function shift(x, y) { zoom.x += x; zoom.y += y; redraw(); }
const spot = event => {
  const box = map.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
// a dot is hit within 12 pixels of its middle by a mouse, and within 22 by a finger
function hit([x, y], isTouch) {
  let best = -1, least = (isTouch ? 22 : 12) ** 2;
  for (const i of every) {
    const [u, v] = places[i], gap = (u - x) ** 2 + (v - y) ** 2;
    if (gap < least && isShown(i)) [best, least] = [i, gap];
  }
  return best;
}
const down = new Map();
let moved = false, isLasso = false;
map.addEventListener("pointerdown", event => {
  if (event.button) return;
  map.setPointerCapture(event.pointerId);
  hover(-1);
  down.set(event.pointerId, spot(event));
  moved = down.size > 1;
  lasso = down.size == 1 && (isLasso || event.shiftKey) ? [spot(event)] : null;
});
map.addEventListener("pointermove", event => {
  const to = spot(event), from = down.get(event.pointerId);
  if (!from) return event.pointerType != "touch" && hover(hit(to));
  if (!moved && Math.hypot(to[0] - from[0], to[1] - from[1]) < 4) return;
  moved = true;
  const before = [...down.values()];
  down.set(event.pointerId, to);
  if (lasso) { lasso.push(to); return mark(); }
  const mean = points => [0, 1].map(k => points.reduce((sum, p) => sum + p[k], 0) / points.length);
  const [a, b] = [mean(before), mean([...down.values()])];
  shift(b[0] - a[0], b[1] - a[1]);
  if (down.size == 2) {
    const gap = ([p, q]) => Math.hypot(p[0] - q[0], p[1] - q[1]);
    scale(gap([...down.values()]) / Math.max(gap(before), 1), ...b);
  }
});
function release(event) {
  if (!down.delete(event.pointerId)) return;
  if (lasso && moved) {
    const isIn = ([x, y]) => lasso.reduce((inside, [a, b], n) => {
      const [c, d] = lasso[(n || lasso.length) - 1];
      return (b > y) != (d > y) && x < (c - a) * (y - b) / (d - b) + a ? !inside : inside;
    }, false);
    chosen = new Set(every.filter(i => isShown(i) && isIn(places[i])));
    say(`${chosen.size} models chosen`);
    lasso = null;
    pin(-1);
    redraw();
  } else if (!moved && event.type == "pointerup") {
    pin(hit(spot(event), event.pointerType == "touch"));
  }
  lasso = null;
}
map.addEventListener("pointerup", release);
map.addEventListener("pointercancel", release);
map.addEventListener("pointerleave", () => down.size || hover(-1));
map.addEventListener("dblclick", event => scale(2, ...spot(event)));
// within another page the wheel scrolls that page, until the map is clicked
map.addEventListener("wheel", event => {
  if (self !== top && !event.ctrlKey && document.activeElement != map) return;
  event.preventDefault();
  scale(Math.exp(-event.deltaY * (event.ctrlKey ? .01 : .0015)), ...spot(event));
}, {passive: false});
const ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
function step([u, v]) {
  const [x, y] = pinned < 0 ? [width / 2, height / 2] : places[pinned];
  let best = -1, least = Infinity;
  for (const i of every) if (i != pinned && isShown(i)) {
    const a = places[i][0] - x, b = places[i][1] - y, along = a * u + b * v;
    const cost = pinned < 0 ? a * a + b * b : along > 0 ? Math.hypot(a, b) ** 2 / along : Infinity;
    if (cost < least) [best, least] = [i, cost];
  }
  if (best >= 0) go(best);
}
const keys = {
  "+": () => scale(1.4), "=": () => scale(1.4), "-": () => scale(1 / 1.4), "0": whole,
  Escape: () => { chosen.clear(); pin(-1); redraw(); },
  PageDown: () => turn(1), PageUp: () => turn(-1),
  Home: () => go(every.find(isShown) ?? 0), End: () => go(every.findLast(isShown) ?? M - 1),
  " ": () => { if (pinned < 0) return;
    if (!chosen.delete(pinned)) chosen.add(pinned);
    say(`${chosen.size} models chosen`); redraw(); },
};
const turn = by => {
  const shown = every.filter(isShown), n = shown.length;
  if (n) go(shown[(shown.indexOf(pinned) + by + n) % n]);
};
map.addEventListener("keydown", event => {
  const way = ways[event.key], act = keys[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || !(way || act)) return;
  event.preventDefault();
  if (way && event.shiftKey) shift(-way[0] * 60, -way[1] * 60);
  else way ? step(way) : act();
});

// the legend: classes to switch off and on, or the bar of a scale
function swatch(hue, marker, isRinged) {
  const it = make("canvas", {width: 32, height: 32}), pen = it.getContext("2d");
  pen.scale(2, 2);
  dot(pen, 8, 8, isRinged ? 4 : 5.5, hue, marker, isRinged);
  return it;
}
function explain() {
  const parts = [], colour = D.colours[state.colour];
  for (const group of groups()) {
    const counts = group.legend.map(() => 0);
    for (const n of group.of) counts[n]++;
    parts.push(make("h2", {}, plain(group.name)));
    group.legend.forEach(([label, hue, marker], n) => {
      const key = `${group.name} ${n}`;
      const button = row(label, () => {
        if (!hidden.delete(key)) hidden.add(key);
        if (!every.some(isShown)) say("No model is shown");
        button.setAttribute("aria-pressed", !hidden.has(key));
        pick("all").hidden = !hidden.size;
        redraw();
      });
      button.setAttribute("aria-pressed", !hidden.has(key));
      button.prepend(swatch(shade(hue), marker, group == D.rings));
      button.append(make("small", {}, text(counts[n])));
      parts.push(button);
    });
  }
  if (!colour.legend) {
    const bar = make("div", {id: "bar", role: "img"});
    bar.style.background = `linear-gradient(to right, ${colour.stops.join(", ")})`;
    bar.ariaLabel = `${colour.name} from ${colour.ticks[0]} to ${colour.ticks[2]} ${colour.unit}`;
    const ends = make("div", {className: "ends"}, ...colour.ticks.map(t => make("span", {}, t)));
    const missing = colour.n_missing ? `; ${colour.n_missing} not known, grey` : "";
    const title = plain(colour.name) + (colour.unit && `, ${colour.unit}`) + missing;
    parts.unshift(make("h2", {}, title), bar, ends);
  }
  parts.push(make("button", {id: "all", textContent: "show all", hidden: !hidden.size,
    onclick: show}));
  pick("legend").replaceChildren(...parts);
}

function show() { hidden.clear(); explain(); redraw(); }

// search by name
let hits = [], pointed = -1;
function suggest() {
  const asked = pick("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = asked.length ? every.filter(i => asked.every(word => search[i].includes(word))) : [];
  hits = all.slice(0, 8);
  pointed = -1;
  const rows = hits.map((i, n) => {
    const label = D.labels[i], model = D.columns.model[i];
    const option = make("li", {id: `hit-${n}`, role: "option", textContent: label,
      onpointerdown: event => { event.preventDefault(); take(n); }});
    if (model != label) option.append(make("small", {}, model));
    return option;
  });
  const rest = all.length ? `${all.length - hits.length} more` : "no model of that name";
  if (all.length != hits.length || !all.length)
    rows.push(make("li", {role: "presentation", textContent: rest}));
  if (asked.length) say(`${all.length} models found`);
  pick("hits").replaceChildren(...rows);
  open(asked.length > 0);
}
function open(isOpen) {
  pick("hits").hidden = !isOpen;
  pick("search").setAttribute("aria-expanded", isOpen);
  pick("search").removeAttribute("aria-activedescendant");
}
function take(n) {
  pick("search").value = D.labels[hits[n]];
  open(false);
  scale(Math.max(1, 3 / zoom.k));
  centre(hits[n]);
  go(hits[n]);
}
pick("search").addEventListener("input", suggest);
pick("search").addEventListener("blur", () => open(false));
pick("search").addEventListener("keydown", event => {
  const way = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (way && hits.length) {
    pointed = (pointed + way + hits.length + (pointed < 0 && way < 0)) % hits.length;
    open(true);
    hits.forEach((_, n) => pick(`hit-${n}`).setAttribute("aria-selected", n == pointed));
    pick("search").setAttribute("aria-activedescendant", `hit-${pointed}`);
  } else if (event.key == "Enter" && hits.length) take(Math.max(pointed, 0));
  else if (event.key == "Escape") open(false);
  else return;
  event.preventDefault();
});

// the rest of the head: what is coloured, copied, and written into the address
function say(words) { pick("said").textContent = words; }
function copy() {
  const rows = chosen.size ? [...chosen] : every.filter(i => isShown(i) && isInside(places[i]));
  const quoted = value => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const table = [["label", ...columns.map(([name]) => name)],
    ...rows.map(i => [D.labels[i], ...columns.map(([, of]) => of[i])])];
  const area = make("textarea", {value: table.map(row => row.map(quoted) + "\n").join("")});
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  pick("copy").focus();
  pick("copy").textContent = isCopied ? "Copied" : "Not allowed here";
  say(isCopied ? `${rows.length} models copied as csv` : "Copying is not allowed here");
}
function write() {
  const filled = Object.entries(state).filter(([, value]) => value);
  try { history.replaceState(null, "", `#${new URLSearchParams(filled)}`); } catch { /* a frame */ }
}
function read() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const known = (name, of) => Object.hasOwn(of, asked.get(name)) ? asked.get(name)
    : Object.keys(of)[0];
  state.view = pick("view").value = known("view", D.views);
  state.colour = pick("colour").value = known("colour", D.colours);
  state.mode = ["dark", "light"].includes(asked.get("mode")) ? asked.get("mode") : "";
  root.dataset.mode = state.mode;
  explain();
  place();
  const i = D.columns.model.indexOf(asked.get("model"));
  i >= 0 ? go(i) : pin(-1);
  redraw();
}
for (const [id, of] of [["view", D.views], ["colour", D.colours]]) {
  for (const name in of) pick(id).add(new Option(plain(name), name));
  pick(id).onchange = () => {
    state[id] = pick(id).value;
    if (id == "colour") hidden.clear();
    explain();
    redraw();
    write();
  };
}
pick("views").hidden = pick("view").length < 2;
pick("kin").hidden = !D.kin.length;
pick("lineage").onchange = redraw;
const buttons = {in: () => scale(1.6), out: () => scale(1 / 1.6), whole, copy,
  lasso: () => {
    isLasso = map.classList.toggle("lasso");
    pick("lasso").setAttribute("aria-pressed", isLasso);
  },
  mode: () => {
    root.dataset.mode = state.mode = isDark() ? "light" : "dark";
    explain();
    redraw();
    write();
  }};
for (const id in buttons) pick(id).onclick = buttons[id];
night.addEventListener("change", () => { explain(); redraw(); });
addEventListener("hashchange", read);
new ResizeObserver(([entry]) => {
  ({width, height} = entry.contentRect);
  paint();
}).observe(map);
({width, height} = map.getBoundingClientRect());
read();
