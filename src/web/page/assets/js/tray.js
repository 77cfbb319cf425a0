// The tray: a line for each photo that is being added or was just classified.

import { fileName, find, make, number, percent, photoPath, say, updates } from "./page.js";
import { json } from "./api.js";

const KEPT = 60;
const QUIET = 12_000;

const tray = find("#tray");
const title = make("h2");
const list = make("ul", { className: "tray-list" });
const close = make("button", { className: "link", type: "button", textContent: "Close" });
tray.append(make("div", { className: "tray-head" }, title, close), list);

/** Lines that wait for the model, by the photo's name in the catalogue. */
const waiting = new Map();
/** The last news that no line waited for, each with the line that it got: a photo's name may be known late. */
const unasked = new Map();
let failed = 0;
let classified = 0;
let timer;

close.addEventListener("click", () => {
  tray.hidden = true;
  // What is done goes; what goes on stays, and shows again with the next news.
  for (const item of [...list.children]) if (!item.classList.contains("busy")) item.remove();
  failed = 0;
  classified = 0;
});

/** A new line, for a file of that name. */
export function line(name) {
  const text = make("span", { className: "name", textContent: name, title: name });
  const state = make("span", { className: "state" });
  const item = make("li", {}, text, state);
  list.prepend(item);
  while (list.children.length > KEPT) {
    const done = [...list.children].findLast((other) => !other.classList.contains("busy"));
    if (!done) break;
    done.remove();
  }
  const self = {
    /** What is going on: words, and how far it is (0 to 1). */
    busy(words, share) {
      item.className = "busy";
      state.textContent = words;
      find("progress", item)?.remove();
      if (share !== undefined) item.append(make("progress", { max: 1, value: share, ariaLabel: `${name}, sent` }));
      shown();
    },
    /** What the catalogue says of that photo is written here; it may have been said already. */
    expects(image) {
      const { change, other } = unasked.get(image) ?? {};
      unasked.delete(image);
      waiting.set(image, self);
      if (!change) return;
      other?.remove();
      news(change);
    },
    /** The photo is sent: unless the news came first, it is being classified. */
    sent(image) {
      if (updates === "none") self.done("sent");
      else if (waiting.get(image) === self) self.busy("classifying …");
    },
    done(words, path) {
      item.className = "good";
      classified += 1;
      end(words, path);
    },
    gone(words) {
      item.className = "";
      end(words);
    },
    remove() {
      if (item.className === "good") classified -= 1;
      if (item.className === "bad") failed -= 1;
      item.remove();
    },
    failed(words, retry) {
      item.className = "bad";
      failed += 1;
      end(words);
      if (retry) {
        const again = make("button", { className: "link", type: "button", textContent: "Try again" });
        again.addEventListener("click", () => { again.remove(); failed -= 1; retry(); });
        item.append(again);
      }
    },
  };
  const end = (words, path) => {
    find("progress", item)?.remove();
    state.textContent = words;
    if (path) text.replaceChildren(make("a", { href: path, textContent: name }));
    say(`${name}: ${words}`);
    shown();
  };
  return self;
}

function shown() {
  const busy = list.getElementsByClassName("busy").length;
  const parts = [];
  if (busy) parts.push(`${number(busy)} under way`);
  if (classified) parts.push(`${number(classified)} classified`);
  if (failed) parts.push(`${number(failed)} not usable`);
  title.textContent = parts.join(", ") || "News";
  tray.hidden = false;
  clearTimeout(timer);
  if (!busy && !failed) timer = setTimeout(hide, QUIET);
}

function hide() {
  // Not while somebody reads it.
  if (tray.matches(":hover, :focus-within")) timer = setTimeout(hide, QUIET);
  else close.click();
}

const words = (label, confidence) => (confidence === undefined || confidence === null ? label : `${label}, ${percent(confidence)}`);

/** A reason without the code before it, which is for programs. */
const plain = (reason) => reason?.replace(/^[a-z_]+: /, "");

/** Writes into a line what became of its photo. */
function settle(entry, change) {
  switch (change.outcome) {
    case "classified":
    case "unchanged":
      return entry.done(change.shelf === "review" ? `to review: ${words(change.label, change.confidence)}`
        : words(change.label ?? change.shelf ?? "done", change.confidence), photoPath(change));
    case "rejected":
      return entry.failed(plain(change.reason) ?? "not a usable photo");
    case "removed":
      return entry.gone("removed");
    case "retry":
      return entry.failed(`${plain(change.reason) ?? "it could not be done now"}; it is tried again`);
    default:
      return entry.gone(plain(change.reason) ?? change.outcome);
  }
}

/** The same where only the table says what became of it. */
async function look(entry, photo) {
  try {
    const row = await json(`/api${photoPath(photo)}`);
    settle(entry, { ...row, outcome: row.reason_code ? "rejected" : "classified" });
    return true;
  } catch {
    return false;
  }
}

async function news(change) {
  const { image, outcome } = change;
  const entry = waiting.get(image);
  // Only that it changed is known: what it became is in the table.
  if (outcome === "changed") {
    if (!entry) unexpected(change);
    else if (await look(entry, change)) waiting.delete(image);
    return;
  }
  if (outcome !== "retry") waiting.delete(image);
  if (entry) settle(entry, change);
  // What follows from another photo's work, or from none, is no news by itself.
  else if (["classified", "rejected", "removed", "retry"].includes(outcome)) {
    const other = line(fileName(change.key));
    settle(other, change);
    unexpected(change, other);
  } else unexpected(change);
}

function unexpected(change, other) {
  unasked.delete(change.image);
  unasked.set(change.image, { change, other });
  if (unasked.size > KEPT) unasked.delete(unasked.keys().next().value);
}

document.addEventListener("lookbook:change", ({ detail: change }) => news(change));

document.addEventListener("lookbook:missed", () => {
  for (const [image, entry] of waiting) {
    const at = image.indexOf("/");
    const photo = { bucket: image.slice(0, at), key: image.slice(at + 1) };
    look(entry, photo).then((found) => found && waiting.delete(image));
  }
});
