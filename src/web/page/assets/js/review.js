// The review queue. What a person says is sent in the background; the next photo is there at once.

import "./app.js";
import { counted, find, findAll, number, percent, photoPath, say } from "./page.js";
import { json, wordFor } from "./api.js";
import { fetchPage, takeOver } from "./fresh.js";
import { Deck, guesses } from "./deck.js";
import { Sender } from "./send.js";
import { swipeable } from "./swipe.js";

const desk = find("#desk");
const stage = find("#stage");
const easel = find("#easel");
const finish = find("#finish");
const keys = find("#keys");
const { shelf } = desk.dataset;
const guessButtons = findAll("[data-guess]");
const labelButtons = findAll("[data-say]");
const byKey = new Map(labelButtons.map((button) => [button.dataset.press, button]));

const deck = new Deck(shelf);
const sender = new Sender(showSending, refused);
/** What was done, the last at the end: for undoing. */
const history = [];
let skipped = [];
let done = 0;
let first = Number(desk.dataset.left);
let last = "";

const rejected = { rejected: true };
const shown = () => deck.current;

/** What a person says of the photo that is shown; the next one follows at once. */
function tell(word, words, button) {
  const photo = shown();
  if (!photo) return;
  flash(button);
  photo.words = undefined;
  history.push({ photo, entry: sender.add(photo, word), words });
  deck.ahead.shift();
  done += 1;
  last = `${photo.name}: ${words}`;
  next(`${words}. `);
}

function skip() {
  const photo = shown();
  if (!photo) return;
  history.push({ photo });
  skipped.push(photo);
  deck.ahead.shift();
  last = `${photo.name}: skipped`;
  next("Skipped. ");
}

function undo() {
  const step = history.pop();
  if (!step) return;
  const { photo, entry } = step;
  if (entry) {
    done -= 1;
    // What is sent already is said anew, as it was.
    if (!sender.takeBack(entry)) sender.add(photo, before(photo));
  } else {
    skipped = skipped.filter((other) => other !== photo);
  }
  deck.putBack(photo);
  last = `${photo.name}: as it was before`;
  next("Undone. ");
}

/** What a person had said of a photo before it came here. */
function before(photo) {
  return wordFor(photo.reviewed_sha256 === photo.content_sha256 ? photo.reviewed_label : "");
}

function guess(place) {
  const photo = shown();
  const found = photo && guesses(photo)[place];
  if (found) tell({ label: found[0] }, found[0], guessButtons[place]);
}

/** The catalogue did not take a word: the photo comes back, with why. */
async function refused(entry, problem) {
  const { photo } = entry;
  const step = history.findIndex((other) => other.entry === entry);
  if (step >= 0) {
    history.splice(step, 1);
    done -= 1;
  }
  if (problem.status === 404) {
    await show();
    return note(`${photo.name} was removed meanwhile.`);
  }
  let words = problem.message;
  if (problem.status === 412) {
    words = "This photo was replaced meanwhile: look again.";
    try {
      const row = await json(`/api${photo.path}`);
      Object.assign(photo, row, { picture: undefined, row: undefined, scores: row.scores });
    } catch {
      return show();
    }
  }
  photo.words = `${photo.name}: ${words}`;
  deck.putBack(photo, Math.min(1, deck.ahead.length));
  if (deck.ahead.length === 1) next("");
  else show();
  return say(photo.words);
}

/** Shows the next photo, and says what was done with the last one. */
function next(words) {
  deck.prepare();
  show();
  const photo = shown();
  if (photo) say(`${words}${photo.name}${best(photo)}`);
  else ended(words);
}

const best = (photo) => (guesses(photo)[0] ? `, perhaps ${guesses(photo)[0][0]}` : "");

async function ended(words) {
  try {
    await deck.fill();
    if (!shown()) await deck.again();
  } catch {
    note("Nobody answers: the next photos could not be fetched.", true);
    setTimeout(() => shown() || ended(words), 3000);
    return;
  }
  if (shown()) next(words);
  else end(words);
}

function end(words) {
  desk.hidden = true;
  finish.hidden = false;
  find("#finish-title").textContent = done || skipped.length ? "All done" : "Nothing to review";
  find("#again").hidden = !skipped.length;
  find("#undo-last").hidden = !history.length;
  showCounts();
  say(`${words}${find("#finish-title").textContent}`);
  finish.focus();
}

function begin() {
  desk.hidden = false;
  finish.hidden = true;
}

function show() {
  const photo = shown();
  showCounts();
  if (!photo) return;
  begin();
  if (photo.picture && easel.firstChild !== photo.picture) easel.replaceChildren(photo.picture);
  const name = find("#name");
  name.textContent = photo.name;
  name.href = photo.path;
  note(photo.words, true);
  showGuesses(photo);
  photo.row?.then(() => photo === shown() && showGuesses(photo));
}

function showGuesses(photo) {
  const found = guesses(photo);
  guessButtons.forEach((button, place) => {
    const [label, score] = found[place] ?? [];
    button.disabled = label === undefined;
    find(".word", button).textContent = label ?? "–";
    find(".value", button).textContent = score === undefined ? "" : percent(score);
    find("rect", button).setAttribute("width", (score ?? 0) * 100);
  });
}

function showCounts() {
  const ahead = deck.ahead.length;
  const left = deck.whole ? ahead : Math.max(ahead, first - done - skipped.length);
  const open = !deck.whole && "more" in desk.dataset;
  find("#done").textContent = number(done);
  find("#left").textContent = number(left) + (open ? "+" : "");
  find("#progress").value = done / (done + left || 1);
  find("#undo").disabled = !history.length;
  showSending();
}

function showSending() {
  const waits = sender.unsent;
  const words = waits && sender.stuck ? `${counted(waits, "review", "reviews")} not sent yet: trying again` : last;
  find("#sending").textContent = words;
  if (finish.hidden) return;
  const told = done ? `You looked at ${counted(done, "photo", "photos")}.` : "No photo waits here.";
  const passed = skipped.length ? ` ${counted(skipped.length, "was", "were")} skipped.` : "";
  find("#finish-words").textContent = told + passed + (waits ? ` ${counted(waits, "review is", "reviews are")} still being sent.` : "");
  if (!waits && done) fetchPage(window.location.href).then(takeOver, () => {});
}

function note(words, isWrong) {
  const place = find("#note");
  place.hidden = !words;
  place.textContent = words ?? "";
  place.classList.toggle("wrong", Boolean(isWrong));
}

/** Lets a button light up, however it was pressed. */
function flash(button) {
  if (!button) return;
  button.classList.add("chosen");
  setTimeout(() => button.classList.remove("chosen"), 180);
}

// Buttons. One that was clicked gives the keys back to the page.

const doings = {
  undo: () => undo(),
  "undo-last": () => undo(),
  skip: () => skip(),
  reject: () => tell(rejected, "rejected"),
  help: () => keys.showModal(),
  again: () => {
    for (const photo of skipped) deck.putBack(photo, deck.ahead.length);
    history.splice(0, history.length, ...history.filter((step) => step.entry));
    skipped = [];
    next("");
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || keys.contains(button)) return;
  const { guess: place, say: label } = button.dataset;
  if (place) guess(place - 1);
  else if (label !== undefined) tell({ label }, label, button);
  else doings[button.id]?.();
  if (event.detail > 0 && finish.hidden && !keys.open) stage.focus({ preventScroll: true });
});

// Keys.

const KEYS = "lookbook.keys";
const keysOn = find("#keys-on");
keysOn.checked = localStorage.getItem(KEYS) !== "off";
keysOn.addEventListener("change", () => localStorage.setItem(KEYS, keysOn.checked ? "on" : "off"));

document.addEventListener("keydown", (event) => {
  if (keys.open || event.altKey || event.target.closest("input, select, textarea")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z" && !event.shiftKey) act(event, undo);
    return;
  }
  // A key that is held down says one thing once.
  if (event.repeat || !keysOn.checked) return;
  if (key === "?") act(event, () => keys.showModal());
  else if (key === "u") act(event, undo);
  else if (!finish.hidden) return;
  else if (key >= "1" && key <= "3") act(event, () => guess(key - 1));
  else if (key === "x") act(event, () => tell(rejected, "rejected", find("#reject")));
  else if (key === "arrowright") act(event, skip);
  else if (key === " " && !event.target.closest("button, a")) act(event, skip);
  else if (byKey.has(key)) {
    const button = byKey.get(key);
    act(event, () => tell({ label: button.dataset.say }, button.dataset.say, button));
  }
});

function act(event, work) {
  event.preventDefault();
  work();
}

swipeable(stage, find("#swipe-word"), () => easel, (way) => {
  const photo = shown();
  if (!photo) return undefined;
  return { right: guesses(photo)[0]?.[0], left: "skip", down: "reject" }[way];
}, (way) => {
  if (way === "right") guess(0);
  else if (way === "left") skip();
  else tell(rejected, "rejected");
});

// What arrives and leaves meanwhile.

document.addEventListener("lookbook:change", async ({ detail: change }) => {
  if (change.outcome === "removed") {
    const wasShown = deck.drop(change.image);
    if (wasShown) {
      next("");
      note("The photo that was here was removed.");
    } else showCounts();
  } else if (change.shelf === shelf && ["classified", "changed"].includes(change.outcome)) {
    try {
      deck.add(await json(`/api${photoPath(change)}`));
      if (finish.hidden) show();
    } catch {
      // It is gone again.
    }
  }
});

ended("");
