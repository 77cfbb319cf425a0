// Adds photos: dropped anywhere on the page, or chosen. A few at a time; each has a line in the tray.

import { find, make, mayUpload } from "./page.js";
import { ask, each, Problem } from "./api.js";
import { line } from "./tray.js";

const AT_A_TIME = 3;

/** Sends a file where the catalogue says, and tells how far it is (0 to 1). */
function send(file, place, told) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(place.method, place.url);
    request.upload.addEventListener("progress", (event) => told(event.loaded / (event.total || 1)));
    request.addEventListener("error", () => fail(new TypeError("nobody answers")));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) done(named(request));
      else fail(new Problem(request.status, refusal(request)));
    });
    if (place.method === "PUT") {
      request.send(file);
      return;
    }
    const form = new FormData();
    for (const [name, value] of Object.entries(place.fields ?? {})) form.append(name, value);
    // What stands after the file is not read.
    form.append("file", file);
    request.send(form);
  });
}

/** What the photo is called in the catalogue, if the answer says so: its own name may be taken. */
function named(request) {
  try {
    return JSON.parse(request.responseText).image;
  } catch {
    return undefined;
  }
}

/** Why it was refused: in the catalogue's words, or in those of S3. */
function refusal(request) {
  try {
    const problem = JSON.parse(request.responseText);
    if (problem.detail || problem.title) return problem.detail ?? problem.title;
  } catch {
    const message = /<Message>([^<]{1,300})<\/Message>/.exec(request.responseText);
    if (message) return message[1];
  }
  return `The server answered ${request.status}.`;
}

async function upload({ file, entry }) {
  try {
    entry.busy("asking …");
    const body = JSON.stringify({ name: file.name, bytes: file.size });
    const headers = { "content-type": "application/json" };
    const place = await (await ask("/api/uploads", { method: "POST", headers, body })).json();
    entry.busy("sending …", 0);
    const told = (share) => share < 1 && entry.busy(`${Math.round(share * 100)}%`, share);
    const image = (await send(file, place, told)) ?? place.image;
    entry.expects(image);
    entry.sent(image);
  } catch (error) {
    const words = error instanceof TypeError ? "It could not be sent: is the network there?" : error.message;
    entry.failed(words, () => upload({ file, entry }));
  }
}

/** All files of what was dropped, those of folders too. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      files.push(await new Promise((done, fail) => { entry.file(done, fail); }));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, fail) => { reader.readEntries(done, fail); });
      if (!some.length) return;
      for (const child of some) await walk(child);
    }
  };
  for (const entry of entries) await walk(entry);
  // Files that no person put there.
  return files.filter((file) => !file.name.startsWith("."));
}

function start(files) {
  const items = files.map((file) => ({ file, entry: line(file.name) }));
  for (const { entry } of items) entry.busy("waiting …");
  each(items, AT_A_TIME, upload);
}

if (mayUpload) {
  const veil = make("div", { className: "drop", hidden: true }, make("p", { textContent: "Drop photos to add them" }));
  document.body.append(veil);
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    depth = 0;
    veil.hidden = true;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    start(await dropped(event.dataTransfer));
  });
  find("#files")?.addEventListener("change", ({ target }) => {
    start([...target.files]);
    target.value = "";
  });
}
