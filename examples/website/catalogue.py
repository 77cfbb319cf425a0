"""What a website asks the catalogue, with Python's standard library.

    CATALOGUE=http://127.0.0.1:9002 python examples/website/catalogue.py [SHELF]

TOKEN may be set: it is needed where reading is closed, and for reviews.
"""

import json
import os
import sys
import time
import urllib.parse
import urllib.request

CATALOGUE = os.environ.get("CATALOGUE", "http://127.0.0.1:9002")


def ask(path, method="GET", body=None, headers=None, **query):
    query = {name: value for name, value in query.items() if value is not None}
    url = f"{CATALOGUE}{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, method=method, headers=dict(headers or {}))
    if token := os.environ.get("TOKEN"):
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def path_of(image):
    """A photo's address: its key is one part of it, slashes and all."""
    return f"/api/images/{image['bucket']}/{urllib.parse.quote(image['key'], safe='')}"


def shelf(name, **query):
    """All photos of a shelf, newest first, page by page."""
    cursor = None
    while True:
        page = ask(f"/api/shelves/{urllib.parse.quote(name, safe='')}", cursor=cursor, **query)
        yield from page["images"]
        # A page may be empty: only this says that it is the last.
        cursor = page.get("next")
        if cursor is None:
            return


def review(image, label):
    """Says what a photo shows; refused (412) if another photo has taken its place meanwhile."""
    headers = {"If-Match": f'"{image["content_sha256"]}"'}
    return ask(path_of(image) + "/review", "PUT", {"label": label}, headers)


def changes(since):
    """What has changed since a place that was given before, and the place to go on from."""
    found = {}
    while True:
        page = ask("/api/changes", since=since)
        found |= {change["image"]: change["shelf"] for change in page["changes"]}
        since = page["next"]
        if not page["more"]:
            return found, since


if __name__ == "__main__":
    # First the place, then the shelves: what changes between is told with the changes. On AWS the
    # shelves follow the table with a delay; five seconds are more than enough.
    begin = ask("/api/changes")["next"]
    if not CATALOGUE.startswith("http://127.0.0.1"):
        time.sleep(5)
    name = sys.argv[1] if len(sys.argv) > 1 else "hat"
    for image in shelf(name, min_confidence=0.5):
        print(image["image"], image["label"], f"{image['confidence']:.2f}", path_of(image) + "/photo?width=320")
    found, _ = changes(begin)
    print(f"{len(found)} photos have changed meanwhile")
