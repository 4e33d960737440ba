// The door, the live picture and the measures. Drawing lies in areas.js.
import { Areas } from "./areas.js";

const $ = (id) => document.getElementById(id);
const WORDS = { good: ["✓", "good"], fair: ["!", "fair"], bad: ["✗", "bad"], unknown: ["–", "not yet"] };
let areas = null;
let running = 0; // a new entry ends the loops of the one before

async function enter(said) {
  const answer = await fetch("enter", { method: "POST", body: said });
  const told = await answer.json();
  if (answer.ok) return begin(told.token);
  door(told.why);
}

function door(why) {
  running += 1;
  $("door").hidden = false;
  $("state").textContent = why || "Please enter the code.";
}

async function begin(token) {
  running += 1;
  $("door").hidden = true;
  $("main").hidden = false;
  if (areas === null) areas = new Areas(token);
  else areas.token = token;
  const mine = running;
  listen(mine);
  pictures(mine);
  await areas.load();
}

async function again() { // is our session still known?
  try {
    const answer = await fetch("session");
    if (answer.ok) return begin((await answer.json()).token);
    if (answer.status === 401) return door("aim was started anew, or you were away for long. What you drew is kept.");
  } catch { /* no network: below */ }
  setTimeout(again, 2000);
}

function listen(mine) {
  const source = new EventSource("events");
  source.onmessage = (event) => (mine === running ? report(JSON.parse(event.data)) : source.close());
  source.onerror = () => {
    source.close();
    if (mine !== running) return;
    running += 1;
    $("state").textContent = "Connection lost. What you drew is kept; trying again…";
    setTimeout(again, 1500);
  };
}

async function pictures(mine) {
  let after = "";
  while (mine === running) {
    try {
      const answer = await fetch(`picture?after=${after}`);
      if (answer.status === 200) {
        after = answer.headers.get("x-picture");
        await show(await answer.blob());
      } else if (answer.status !== 204) await pause(1000);
    } catch { await pause(1000); }
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function show(blob) { // onto a canvas: an image would be blank while the next one loads
  const bitmap = await createImageBitmap(blob), canvas = $("picture");
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}

function report(told) {
  $("camera").textContent = told.camera;
  const size = told.size ? `${told.size[0]}×${told.size[1]}` : "no picture yet";
  $("state").textContent = `${told.state}, ${size}, ends in ${Math.ceil(told.minutes_left)} min`;
  $("notice").hidden = !told.notice;
  if ($("notice").textContent !== told.notice) $("notice").textContent = told.notice;
  areas.elsewhere(told.version);
  const list = $("measures");
  if (list.children.length !== told.measures.length) list.replaceChildren(...told.measures.map(row));
  told.measures.forEach((one, n) => fill(list.children[n], one));
}

function row() {
  const item = document.createElement("li");
  item.innerHTML = '<div class="top"><span class="title"></span><span><span class="value"></span> <span class="word"></span></span></div><div class="limit"></div><div class="screw"></div>';
  return item;
}

function fill(item, one) {
  const [mark, word] = WORDS[one.verdict];
  item.className = one.verdict;
  const texts = { title: one.title, value: one.value, word: `${mark} ${word}`, limit: `limit: ${one.limit}`, screw: one.screw };
  for (const [name, text] of Object.entries(texts)) {
    const part = item.querySelector(`.${name}`);
    if (part.textContent !== text) part.textContent = text;
  }
}

$("door").addEventListener("submit", (event) => { event.preventDefault(); enter($("code").value); });
const key = location.hash.slice(1);
if (key) {
  history.replaceState(null, "", location.pathname); // not left in the address bar
  enter(key);
} else again();
