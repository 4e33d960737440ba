// Areas drawn by mouse, finger or keyboard, kept in this tab until they are saved. Shares of the picture, 0 to 1.
const $ = (id) => document.getElementById(id);
const SIDES = ["left", "right", "top", "bottom"];
const NAMES = { look: "look here", ignore: "never look" };
const LEAST = 0.02, STEP = 0.01, SAVED = "aim-draft";
const held = (x) => Math.min(1, Math.max(0, Math.round(x * 1000) / 1000));

export class Areas {
  constructor(token) {
    this.token = token;
    this.list = []; // {kind, x0, y0, x1, y1}
    this.version = null; // of the file that we began with
    this.theirs = null; // of the file that somebody else has made of it since, as far as we were told
    this.dirty = false;
    for (const kind of ["look", "ignore"]) $(`add-${kind}`).onclick = () => this.add(kind);
    $("save").onclick = () => this.save();
    $("replace").onclick = () => this.replace();
    $("reload").onclick = () => this.load(true);
    $("sketch").onpointerdown = (event) => this.press(event);
    for (const id of ["approaching", "receding", ...SIDES.map((s) => `side-${s}`)]) $(id).oninput = () => this.touched();
  }

  async load(anyway = false) { // the file's areas, unless something unsaved is here
    let told;
    try {
      const answer = await fetch("areas");
      told = await answer.json();
      if (!answer.ok) return this.say(told.why);
    } catch { return this.say("No connection; nothing was changed."); }
    const draft = JSON.parse(sessionStorage.getItem(SAVED) || "null");
    if (!anyway && (this.dirty || draft)) {
      if (!this.dirty) this.take(draft);
      this.dirty = true;
      this.say("Not saved yet: what you drew before.");
      return;
    }
    this.take(told);
    this.dirty = false;
    sessionStorage.removeItem(SAVED);
    this.say("");
  }

  take(told) {
    this.version = told.version;
    this.overtaken(null);
    this.list = ["look", "ignore"].flatMap((kind) => told[kind].map((area) => ({ kind, ...area })));
    $("approaching").value = told.approaching || "";
    $("receding").value = told.receding || "";
    for (const side of SIDES) $(`side-${side}`).value = told.sideways[side] || "";
    this.draw();
  }

  plain() {
    const of = (kind) => this.list.filter((a) => a.kind === kind).map(({ x0, y0, x1, y1 }) => ({ x0, y0, x1, y1 }));
    const word = (id) => $(id).value.trim() || null;
    const sideways = Object.fromEntries(SIDES.map((s) => [s, word(`side-${s}`)]).filter(([, name]) => name));
    return { version: this.version, look: of("look"), ignore: of("ignore"), approaching: word("approaching"), receding: word("receding"), sideways };
  }

  touched() {
    this.dirty = true;
    sessionStorage.setItem(SAVED, JSON.stringify(this.plain()));
    this.say("Not saved yet.");
  }

  say(text) { if ($("said").textContent !== text) $("said").textContent = text; }

  elsewhere(version) { // the file is another than the one that we began with
    if (!version || !this.version || version === this.version || this.saving) return;
    if (this.dirty) this.say("Somebody else changed the settings meanwhile. What you drew is kept and not saved; “Take what the file says” shows theirs.");
    else this.load();
  }

  async save() {
    this.saving = true;
    try {
      const answer = await fetch("areas", {
        method: "PUT", headers: { "content-type": "application/json", "x-aim-token": this.token }, body: JSON.stringify(this.plain()),
      });
      const told = await answer.json();
      if (answer.status === 409) return await this.refused();
      if (!answer.ok) return this.say(`${told.why} What you drew is kept.`);
      this.version = told.version;
      this.overtaken(null);
      this.dirty = false;
      sessionStorage.removeItem(SAVED);
      this.say("Saved. The service takes it with: systemctl reload plate-reader@CAMERA");
    } catch {
      this.say("No connection: not saved. What you drew is kept; save again.");
    } finally {
      setTimeout(() => { this.saving = false; }, 2000);
    }
  }

  async refused() { // the second of two: Save alone never overwrites, however often; a button of its own does
    const answer = await fetch("areas");
    if (answer.ok) this.overtaken((await answer.json()).version);
    this.say("Not saved: somebody else changed the settings meanwhile. What you drew is kept. “Put mine in place of theirs” overwrites what they wrote; “Take what the file says” shows it.");
  }

  overtaken(theirs) {
    this.theirs = theirs;
    $("replace").hidden = !theirs;
  }

  async replace() { // of the version that he was told of; if there is another one since, he is asked again
    this.version = this.theirs;
    await this.save();
  }

  add(kind, area = { x0: 0.3, y0: 0.3, x1: 0.7, y1: 0.7 }) {
    this.list.push({ kind, ...area });
    this.touched();
    this.draw();
    $("sketch").lastElementChild.focus();
  }

  remove(n) {
    this.list.splice(n, 1);
    this.touched();
    this.draw();
    ($("sketch").lastElementChild || $("add-look")).focus();
  }

  draw() {
    $("sketch").replaceChildren(...this.list.map((_, n) => this.rectangle(n)));
    $("areas").replaceChildren(...this.list.map((_, n) => this.row(n)));
    this.list.forEach((_, n) => this.place(n));
  }

  rectangle(n) {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.classList.add(this.list[n].kind);
    rect.setAttribute("tabindex", "0");
    rect.setAttribute("role", "button");
    rect.setAttribute("aria-describedby", "keys");
    rect.onkeydown = (event) => this.key(event, n);
    rect.onpointerdown = (event) => this.drag(event, n);
    return rect;
  }

  row(n) {
    const item = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = NAMES[this.list[n].kind];
    item.append(name);
    for (const [side, word] of [["x0", "left"], ["y0", "top"], ["x1", "right"], ["y1", "bottom"]]) {
      const label = document.createElement("label"), input = document.createElement("input");
      Object.assign(input, { type: "number", min: 0, max: 100, step: 0.1 });
      input.dataset.side = side;
      input.setAttribute("aria-label", `${NAMES[this.list[n].kind]} ${n + 1}: ${word}, percent`);
      input.onchange = () => this.change(n, { ...this.list[n], [side]: held(input.value / 100) });
      label.append(`${word} %`, input);
      item.append(label);
    }
    const gone = document.createElement("button");
    gone.type = "button";
    gone.textContent = "Remove";
    gone.setAttribute("aria-label", `Remove area ${n + 1}`);
    gone.onclick = () => this.remove(n);
    item.append(gone);
    return item;
  }

  place(n) {
    const { kind, x0, y0, x1, y1 } = this.list[n], rect = $("sketch").children[n];
    for (const [name, value] of [["x", x0], ["y", y0], ["width", x1 - x0], ["height", y1 - y0]]) rect.setAttribute(name, value);
    const percent = (x) => `${Math.round(x * 100)} %`;
    rect.setAttribute("aria-label", `Area ${n + 1}, ${NAMES[kind]}, left ${percent(x0)}, top ${percent(y0)}, right ${percent(x1)}, bottom ${percent(y1)}`);
    for (const input of $("areas").children[n].querySelectorAll("input")) input.value = Math.round(this.list[n][input.dataset.side] * 1000) / 10;
  }

  change(n, area) {
    if (area.x1 - area.x0 < LEAST || area.y1 - area.y0 < LEAST) return this.place(n);
    this.list[n] = area;
    this.place(n);
    this.touched();
  }

  moved(area, dx, dy) {
    const x = Math.min(1 - area.x1, Math.max(-area.x0, dx)), y = Math.min(1 - area.y1, Math.max(-area.y0, dy));
    return { ...area, x0: held(area.x0 + x), x1: held(area.x1 + x), y0: held(area.y0 + y), y1: held(area.y1 + y) };
  }

  key(event, n) {
    if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); return this.remove(n); }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const area = this.list[n], [dx, dy] = way.map((one) => one * STEP);
    this.change(n, event.shiftKey ? { ...area, x1: held(area.x1 + dx), y1: held(area.y1 + dy) } : this.moved(area, dx, dy));
  }

  at(event) {
    const box = $("sketch").getBoundingClientRect();
    return [held((event.clientX - box.left) / box.width), held((event.clientY - box.top) / box.height)];
  }

  follow(event, onMove, onEnd = () => {}) { // until the finger or the button is lifted
    const sketch = $("sketch");
    sketch.setPointerCapture(event.pointerId);
    sketch.onpointermove = (now) => onMove(...this.at(now));
    sketch.onpointerup = sketch.onpointercancel = () => {
      sketch.onpointermove = sketch.onpointerup = sketch.onpointercancel = null;
      onEnd();
    };
  }

  press(event) { // on empty ground: a new area grows from here
    if (event.button > 0) return;
    event.preventDefault();
    const [x, y] = this.at(event);
    let n = null;
    this.follow(event, (x1, y1) => {
      const area = { x0: Math.min(x, x1), y0: Math.min(y, y1), x1: Math.max(x, x1), y1: Math.max(y, y1) };
      if (n === null && area.x1 - area.x0 >= LEAST && area.y1 - area.y0 >= LEAST) {
        n = this.list.length;
        this.add("look", area);
      } else if (n !== null) this.change(n, { ...this.list[n], ...area });
    });
  }

  drag(event, n) { // near its lower right corner an area changes its size, elsewhere its place
    if (event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    $("sketch").children[n].focus();
    const [x, y] = this.at(event), was = this.list[n];
    const sizes = was.x1 - x < 0.25 * (was.x1 - was.x0) && was.y1 - y < 0.25 * (was.y1 - was.y0);
    this.follow(event, (x1, y1) =>
      this.change(n, sizes ? { ...was, x1: held(was.x1 + x1 - x), y1: held(was.y1 + y1 - y) } : this.moved(was, x1 - x, y1 - y)));
  }
}
