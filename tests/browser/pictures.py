"""The pictures of the pages in docs/pictures: of the drawn sample photos, and of no others."""

import base64

from chrome import DESKTOP, PHONE, Chrome
from program import ROOT, SAMPLES, Program, wait

FOLDER = ROOT / "docs" / "pictures"
#: The most that a picture may have, in bytes.
MOST = 150_000
SCHEMES = {"light": False, "dark": True}
#: Two rows of photos are whole.
TALL = (DESKTOP[0], 1020)
#: Three phones side by side, on whatever the picture lies.
PHONES = """
<style>
  body { margin: 0; display: flex; justify-content: space-between }
  img { width: 390px; border-radius: 28px; box-shadow: inset 0 0 0 1px #8888; outline: 1px solid #8888; outline-offset: -1px }
</style>
"""


def write():
    """Takes all pictures anew. Some photos wait for review: the threshold is high."""
    FOLDER.mkdir(exist_ok=True)
    with Program("--review-below", "0.9875") as shop:
        shop.put({f"spring/{path.name}": path.read_bytes() for path in SAMPLES})
        chrome = Chrome(shop.url)
        try:
            take(shop, chrome)
        finally:
            chrome.quit()
    print(f"pictures written to {FOLDER}")


def take(shop, chrome):
    phones = {scheme: [] for scheme in SCHEMES}
    pages = (gallery, "gallery", TALL), (photo, "photo", DESKTOP), (review, "review", DESKTOP)
    for page, name, size in pages:
        for window in (size, PHONE):
            chrome.look(window, sharp=1.5)
            after = page(shop, chrome)
            for scheme, dark in SCHEMES.items():
                chrome.look(window, dark, sharp=1.5)
                chrome.settle()
                if window == PHONE:
                    phones[scheme].append(chrome.picture("png"))
                else:
                    keep(f"{name}-{scheme}", chrome.picture())
            after()
    for scheme, pictures in phones.items():
        images = (f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in pictures)
        chrome.look((3 * PHONE[0] + 2 * 30, PHONE[1]), sharp=1.5)
        chrome.driver.get("about:blank")
        chrome.run("document.documentElement.innerHTML = arguments[0]", PHONES + "".join(images))
        chrome.settle()
        keep(f"phone-{scheme}", chrome.picture(transparent=True))


def gallery(shop, chrome):
    chrome.open("/")
    return lambda: None


def photo(shop, chrome):
    chrome.open("/images/photos/spring%2Fhat-1.jpg")
    return lambda: None


def review(shop, chrome):
    """Two photos are done; afterwards they are put back."""
    chrome.open("/review")
    for key, left in (("1", "4"), ("1", "3")):
        wait(lambda: chrome.text("[data-guess='3'] .value"), "the model's guesses")
        chrome.press(key)
        wait(lambda: chrome.text("#left") == left, "the next photo")
    wait(lambda: chrome.text("[data-guess='1'] .word") == "shorts", "the guesses of the third")
    wait(lambda: not chrome.texts(".chosen") and chrome.text(".badge").startswith("3"), "a calm page")

    def after():
        chrome.press("u", "u")
        wait(lambda: len([row for row in shop.rows() if row["shelf"] == "review"]) == 5, "all five again")

    return after


def keep(name, picture):
    assert len(picture) <= MOST, f"{name}: {len(picture)} bytes"
    (FOLDER / f"{name}.webp").write_bytes(picture)
    print(f"        {name}: {len(picture) // 1000} kB")
