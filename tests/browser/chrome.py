"""Chromium: what is pressed, what is seen, and what it asks of the network."""

import base64
import contextlib
import json
import os
import tempfile
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from program import wait

DESKTOP, PHONE = (1440, 900), (390, 844)

# Files as if they were dragged from a folder onto the page.
DROP = """
const files = new DataTransfer();
for (const [name, text] of arguments[0]) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  files.items.add(new File([bytes], name, { type: "image/jpeg" }));
}
for (const kind of ["dragenter", "dragover", "drop"]) {
  const options = { bubbles: true, cancelable: true, dataTransfer: files };
  document.body.dispatchEvent(new DragEvent(kind, options));
}
"""


# What asks nobody: it is in the browser already.
HERE = {"about", "blob", "chrome", "data"}


class Chrome:
    """A browser that reaches the program and nothing else."""

    def __init__(self, url):
        self.url = url
        self.ours = {urlsplit(url).netloc}
        self.profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = os.environ["CHROMIUM"]
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={self.profile.name}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = webdriver.ChromeService(os.environ["CHROMEDRIVER"])
        self.driver = webdriver.Chrome(options=options, service=service)
        self.fresh()

    def fresh(self):
        """Begins anew, with nothing shown and nothing logged."""
        self.look()
        self.driver.get("about:blank")
        self.asked(), self.complaints()

    @contextlib.contextmanager
    def visit(self, server):
        """Opens the pages of another server for a while."""
        before, self.url = self.url, server.url
        self.ours.add(urlsplit(server.url).netloc)
        try:
            yield
        finally:
            # A page that still listened would complain of the server's end.
            self.driver.get("about:blank")
            self.url = before

    def look(self, size=DESKTOP, dark=False, sharp=1):
        """Looks through a window of that size: as people do who like it dark, or on a phone."""
        phone = size == PHONE
        send = self.driver.execute_cdp_cmd
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": sharp, "mobile": phone}
        send("Emulation.setDeviceMetricsOverride", metrics)
        send("Emulation.setTouchEmulationEnabled", {"enabled": phone})
        features = {"prefers-color-scheme": "dark" if dark else "light"}
        if phone:
            features |= {"hover": "none", "pointer": "coarse"}
        named = [{"name": name, "value": value} for name, value in features.items()]
        send("Emulation.setEmulatedMedia", {"features": named})

    def open(self, path):
        self.driver.get(self.url + path)

    def run(self, script, *arguments):
        """What a script in the page gives."""
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector):
        """The texts of all such elements, as they are seen."""
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText.trim())"
        return self.run(script, selector)

    def text(self, selector):
        """The text of the first such element; empty if there is none."""
        return " ".join(" ".join(self.texts(selector)[:1]).split())

    def cards(self):
        """The photos of a shelf's page, by their names in the catalogue."""
        return self.run("return [...document.querySelectorAll('.card')].map((c) => c.dataset.key)")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.find(selector).click()

    def press(self, *keys):
        """Presses keys, one after another."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def press_with(self, held, key):
        """Presses a key while another one is held."""
        ActionChains(self.driver, duration=0).key_down(held).send_keys(key).key_up(held).perform()

    def drop(self, photos):
        """Drops photos onto the page."""
        self.run(DROP, [[name, base64.b64encode(body).decode()] for name, body in photos.items()])

    def swipe(self, selector, right=0, down=0):
        """Draws a finger over an element."""
        box = self.run("return document.querySelector(arguments[0]).getBoundingClientRect()", selector)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
        for step in range(10):
            kind = "touchMove" if step else "touchStart"
            point = {"x": x + right * step / 9, "y": y + down * step / 9}
            self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def picture(self, kind="webp", transparent=False):
        """What is seen."""
        if transparent:
            clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
            self.driver.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", clear)
        options = {"format": kind} | ({"quality": 82} if kind == "webp" else {})
        return base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])

    def settle(self):
        """Waits until all pictures in sight are there, and nothing moves."""
        script = """return !document.getAnimations().length && [...document.images].every((image) => {
          const { top, bottom } = image.getBoundingClientRect();
          return image.complete || bottom < 0 || top > innerHeight;
        })"""
        wait(lambda: self.run(script), "the pictures")

    def violations(self):
        """What axe-core finds wrong with the page as it is."""
        with open(os.environ["AXE"]) as file:
            self.run(file.read())
        script = "axe.run().then(({ violations }) => arguments[arguments.length - 1](violations))"
        found = self.driver.execute_async_script(script)
        return [(one["id"], one["nodes"][0]["html"][:150]) for one in found]

    def complaints(self):
        """Errors that the console has shown since this was asked last."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]

    def asked(self):
        """Addresses that were asked since this was asked last."""
        urls = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                urls.append(message["params"].get("request", message["params"])["url"])
        return urls

    def strangers(self):
        """Those of them that are not the program's."""
        asked = self.asked()
        assert any(urlsplit(url).netloc in self.ours for url in asked), "the log of requests shows nothing"
        parts = {url: urlsplit(url) for url in asked}
        return [url for url, at in parts.items() if at.scheme not in HERE and at.netloc not in self.ours]

    def quit(self):
        self.driver.quit()
        self.profile.cleanup()
