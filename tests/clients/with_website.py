"""A website's calls: the examples for curl, Python and TypeScript, as they are."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

from checks import check, command, read, run, write

CATALOGUE = os.environ["CATALOGUE"]
EXAMPLES = os.environ["EXAMPLES"]
#: What makes JavaScript of the TypeScript, and finds what is wrong with its types.
TYPESCRIPT = "typescript@5.9.3"

spec = importlib.util.spec_from_file_location("catalogue", f"{EXAMPLES}/catalogue.py")
website = importlib.util.module_from_spec(spec)
spec.loader.exec_module(website)


def ask(path, method="GET", body=None):
    request = urllib.request.Request(CATALOGUE + path, method=method, data=body)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def upload(name):
    """Puts a sample photo on the page, as a browser does it."""
    ticket = ask("/api/uploads", "POST", json.dumps({"name": name}).encode())
    return ask(ticket["url"], ticket["method"], read(f"photos/{name}"))["image"]


def wait_for(shelf, image):
    for _ in range(300):
        found = {row["image"]: row for row in website.shelf(shelf)}
        if image in found:
            return found[image]
        time.sleep(0.1)
    raise AssertionError(f"{image} is not on the shelf {shelf}")


@check
def python():
    """catalogue.py: a shelf, a review, and what has changed"""
    begin = website.ask("/api/changes")["next"]
    hat, dress = upload("hat-1.jpg"), upload("dress-1.jpg")
    row = wait_for("hat", hat)
    wait_for("dress", dress)
    assert website.review(row, "skirt")["shelf"] == "skirt"
    changed, _ = website.changes(begin)
    assert changed == {hat: "skirt", dress: "dress"}, changed
    assert website.review(row, "hat")["shelf"] == "hat"
    told = command(sys.executable, f"{EXAMPLES}/catalogue.py", "hat")
    assert hat in told and "photos have changed" in told, told


@check
def curl():
    """catalogue.sh: shelves, the newest, a place to go on from"""
    told = command("sh", f"{EXAMPLES}/catalogue.sh", "hat")
    shelves, shelf, changes = (json.loads(line) for line in told.splitlines() if line.startswith("{"))
    assert any(found["name"] == "hat" and found["count"] >= 1 for found in shelves["shelves"])
    assert shelf["images"][0]["label"] == "hat" and "next" in changes


MAIN = """
import { Catalogue } from "./catalogue.js";
const shop = new Catalogue(process.argv[2]);
const { next } = await shop.changes();
const images = [];
for await (const image of shop.shelf("hat")) images.push(image);
const row = await shop.review(images[0], "skirt");
await shop.review(images[0], "hat");
const { changes } = await shop.changes(next);
const picture = await fetch(shop.picture(images[0], 64));
console.log(JSON.stringify({ images: images.length, shelf: row.shelf, changes, picture: picture.status }));
"""


@check
def typescript():
    """catalogue.ts: its types, and the same calls"""
    if not shutil.which("npm"):
        print("SKIPPED: catalogue.ts: there is no npm")
        return
    installed = subprocess.run(
        ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent", TYPESCRIPT],
        capture_output=True, text=True, timeout=300,
    )
    if installed.returncode:
        print(f"SKIPPED: catalogue.ts: {TYPESCRIPT} cannot be installed, is the npm registry reachable?")
        return
    command("node_modules/.bin/tsc", "--strict", "--target", "es2022", "--module", "es2022", "--lib",
            "es2022,dom,dom.iterable", "--outDir", "ts", f"{EXAMPLES}/catalogue.ts")
    write("ts/package.json", b'{"type": "module"}')
    write("ts/main.js", MAIN.encode())
    told = json.loads(command("node", "ts/main.js", CATALOGUE))
    assert told["images"] >= 1 and told["shelf"] == "skirt" and told["picture"] == 200, told
    assert told["changes"], told


run("website")
