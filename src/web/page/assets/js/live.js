// Learns what changes in the catalogue, and tells the page: an event "lookbook:change" for each
// change, and "lookbook:missed" where some may have been missed.

import { updates } from "./page.js";
import { json } from "./api.js";

const POLL = 5000;
const visible = () => document.visibilityState === "visible";

const tell = (change) => document.dispatchEvent(new CustomEvent("lookbook:change", { detail: change }));
const missed = () => document.dispatchEvent(new Event("lookbook:missed"));

/** The server tells. Only while the page is seen: a browser has few connections for all its pages. */
function listen() {
  let source;
  const open = () => {
    source = new EventSource("/api/events");
    // What changed before it heard of changes: since the page was written, or while nobody answered.
    source.addEventListener("open", missed);
    source.addEventListener("change", (event) => tell(JSON.parse(event.data)));
    // So many that the server could not keep them for a slow page.
    source.addEventListener("missed", missed);
    source.addEventListener("error", () => {
      // The browser tries again by itself, unless the answer was no stream.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => visible() && source.readyState === EventSource.CLOSED && open(), POLL);
    });
  };
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (visible()) open();
  });
  if (visible()) open();
}

/** The page asks, while it is seen. */
function poll() {
  let since;
  const ask = async () => {
    if (!visible()) return setTimeout(ask, POLL);
    try {
      const query = since ? `?since=${encodeURIComponent(since)}` : "";
      const answer = await json(`/api/changes${query}`);
      // The first answer says only where to begin.
      if (since) {
        for (const change of answer.changes) {
          tell({ ...change, outcome: change.shelf === null ? "removed" : "changed" });
        }
      }
      since = answer.next ?? since;
      return setTimeout(ask, answer.more && since ? 0 : POLL);
    } catch (error) {
      if (error.status === 404 || error.status === 501) return undefined;
      // The place is too old, or none: what changed since is not known.
      if (error.status === 410 || error.status === 400) {
        since = undefined;
        missed();
      }
      return setTimeout(ask, 2 * POLL);
    }
  };
  ask();
}

if (updates === "told") listen();
if (updates === "asked") poll();
