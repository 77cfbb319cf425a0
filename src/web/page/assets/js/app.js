// What all pages with a script have, and all that the first page needs: it shows what arrives.

import "./page.js";
import "./tray.js";
import "./upload.js";
import "./live.js";
import { fetchPage, sooner, takeOver } from "./fresh.js";

const refresh = sooner(async () => takeOver(await fetchPage(location.href)));

// A page with a list of its own brings itself up to date.
if (!document.body.classList.contains("shelf")) {
  document.addEventListener("lookbook:change", refresh);
  document.addEventListener("lookbook:missed", refresh);
}
