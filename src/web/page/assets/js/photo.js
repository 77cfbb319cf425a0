// The page of one photo: what a person says of it is sent, and the page shows what follows.

import "./app.js";
import { find, make, mayWrite, say } from "./page.js";
import { review, wordFor } from "./api.js";
import { fetchPage, takeOver } from "./fresh.js";

/** How long a word stays, in milliseconds. */
const STAYS = 20_000;

const photo = find("#photo");

async function said(word, words) {
  const { path, content, said: before } = photo.dataset;
  for (const button of photo.querySelectorAll(".choice")) button.disabled = true;
  try {
    await review(path, content, word);
    tell(words, word.undo ? undefined : () => said({ ...wordFor(before) }, "As it was before"));
  } catch (error) {
    const unanswered = error instanceof TypeError;
    tell(unanswered ? "Nobody answers: try again." : error.message);
  }
  try {
    takeOver(await fetchPage(location.href));
  } finally {
    for (const button of photo.querySelectorAll(".choice")) button.disabled = false;
  }
}

/** A word on what was done, and how to undo it. */
function tell(words, undo) {
  find("#told")?.remove();
  const note = make("p", { id: "told", className: "toast" }, `${words} `);
  if (undo) {
    const button = make("button", { type: "button", className: "link", textContent: "Undo" });
    button.addEventListener("click", undo);
    note.append(button);
  }
  // Outside what is taken over from the server.
  photo.after(note);
  setTimeout(() => note.matches(":focus-within") || note.remove(), STAYS);
  say(words);
}

if (mayWrite) {
  photo.addEventListener("click", ({ target }) => {
    const button = target.closest(".choice");
    if (!button) return;
    const { say: label, reject, clear } = button.dataset;
    if (label !== undefined) said({ label }, `It is on the shelf ${label}.`);
    if (reject !== undefined) said({ rejected: true }, "It is rejected.");
    if (clear !== undefined) said({ clear: true }, "It is left to the model.");
  });
}
