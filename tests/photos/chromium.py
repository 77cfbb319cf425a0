"""Holds the pixels that lookbook sees against Chromium's: chromium.py LOOKBOOK [--with FOLDER] [WORD...].

The files are those of check.py and odd.py (but not its TIFFs, which Chromium does not show), and those
in FOLDER. Chromium draws each on white and sends the pixels back. Run by hand: it needs `chromium`,
or what CHROMIUM names, and says so where that is missing.

Debian's build, which has an older AV1 decoder of the system's, takes the range of numbers of an AVIF's
transparency and animations for another; Chromium's own builds do not. Photos that are cut off are
rejected on purpose, though Chromium shows what is there."""

import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

import numpy as np

import check
import model
import odd

# The most that a mean and a channel may differ.
MEAN, MOST = 3, 12

PAGE = b"""<!doctype html><script>
const open = name => new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = fail;
    image.src = '/files/' + name;
});
(async () => {
    for (const name of await (await fetch('/list')).json()) {
        let body = '', size = '0x0';
        try {
            const image = await open(name);
            const [width, height] = [image.naturalWidth, image.naturalHeight];
            const canvas = new OffscreenCanvas(width, height);
            const paper = canvas.getContext('2d', {willReadFrequently: true, colorSpace: 'srgb'});
            paper.fillStyle = '#fff';
            paper.fillRect(0, 0, width, height);
            paper.drawImage(image, 0, 0);
            body = paper.getImageData(0, 0, width, height).data;
            size = width + 'x' + height;
        } catch (error) {}
        await fetch('/seen/' + name + '/' + size, {method: 'POST', body});
    }
    await fetch('/done', {method: 'POST', body: ''});
})();
</script>"""


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, files, seen, done, *more):
        self.files, self.seen, self.done = files, seen, done
        super().__init__(*more)

    def log_message(self, *_):
        pass

    def answer(self, body, kind="application/octet-stream"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/list":
            self.answer(json.dumps(list(self.files)).encode())
        elif self.path.startswith("/files/"):
            self.answer(self.files.get(self.path[7:], b""))
        else:
            self.answer(PAGE, "text/html")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"")
        if self.path == "/done":
            self.done.set()
        else:
            _, _, name, size = self.path.split("/")
            width, height = map(int, size.split("x"))
            self.seen[name] = np.frombuffer(body, "uint8").reshape(height, width, 4)[..., :3] if width else None


def chromium_sees(program, files):
    """The pixels of each file; None for what is not shown."""
    seen, done = {}, threading.Event()
    handler = functools.partial(Handler, files, seen, done)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--force-color-profile=srgb", f"--user-data-dir={profile}", "--remote-debugging-port=0"]
        command += [f"http://127.0.0.1:{server.server_port}/"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        finished = done.wait(300)
        browser.terminate()
        browser.wait()
    server.shutdown()
    if not finished:
        sys.exit(f"Chromium stopped after {len(seen)} of {len(files)} files")
    return seen


def lookbook_sees(lookbook, files, sizes):
    """The answer to each file, its outputs being pixels of the size that Chromium shows."""
    answers = {}
    for size in sorted(set(sizes.values())):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "files").mkdir()
            for name, file in files.items():
                if sizes[name] == size:
                    (folder / "files" / name).write_bytes(file)
            answers |= check.look(lookbook, folder, size)
    return answers


def difference(shown, answer):
    if "error" in answer:
        return None if shown is None else f"shown, but lookbook: {answer['error']['message']}"
    if shown is None:
        return "not shown, but lookbook reads it"
    off = np.abs(np.array(answer["outputs"]).reshape(shown.shape) - shown)
    if off.max() <= MOST and off.mean() <= MEAN:
        return None
    return f"off by at most {off.max():.0f}, on average {off.mean():.2f}"


def main():
    program = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if not program:
        print("skipped: there is no chromium")
        return
    words = sys.argv[2:]
    folder = pathlib.Path(words[1]) if words[:1] == ["--with"] else None
    words = words[2:] if folder else words
    check.words = words
    check.generate()
    odd.generate()
    named = [(name, file) for name, file, _, _ in check.cases]
    for path in sorted(folder.iterdir()) if folder else []:
        if path.suffix in (".jpg", ".png", ".gif", ".webp", ".avif", ".bmp") and check.wanted(path.name):
            named.append((path.name, path.read_bytes()))
    files = {f"{place:04}.bin": file for place, (_, file) in enumerate(named)}
    shown = chromium_sees(program, files)
    sizes = {name: (seen.shape[1::-1] if seen is not None else (61, 61)) for name, seen in shown.items()}
    answers = lookbook_sees(sys.argv[1], files, sizes)
    count = 0
    for place, (name, _) in enumerate(named):
        words = difference(shown[f"{place:04}.bin"], answers[f"{place:04}.bin"])
        if words:
            count += 1
            print(f"{name}: {words}")
    print(f"{len(named)} files, {count} of them different")


main()
