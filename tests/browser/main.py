"""Uses the catalogue's pages as people do: main.py [--docs] [WORD...]."""

import hashlib
import sys
import time
import traceback
import urllib.request

from selenium.webdriver.common.keys import Keys

import pictures
from chrome import DESKTOP, PHONE, Chrome
from program import LABELS, SAMPLES, Program, label_of, sample, wait

_checks = []


def check(function):
    """Takes a function in; its documentation is the check's name."""
    _checks.append(function)
    return function


def photo(key):
    return f"/images/photos/{key}"


@check
def an_upload(shop, chrome):
    """a photo that is dropped appears on its shelf without reloading, and leaves it when it is deleted"""
    chrome.open("/shelves/hat")
    chrome.run("window.stays = true")
    before = chrome.cards()
    chrome.drop({"my hat.jpg": sample("hat-1", "dropped"), "no photo.jpg": b"not a photo"})
    wait(lambda: "photos/my hat.jpg" in chrome.cards(), "the photo's card")
    assert chrome.cards() == ["photos/my hat.jpg", *before]
    wait(lambda: chrome.text(".shelves [aria-current]") == f"hat {len(before) + 1}", "the count")
    wait(lambda: "1 classified, 1 not usable" in chrome.text("#tray"), "what became of both")
    # A picture that is still asked for when its photo is gone is a complaint.
    chrome.settle()
    (shop.folder / "my hat.jpg").unlink()
    wait(lambda: chrome.cards() == before, "that the card leaves")
    assert chrome.run("return window.stays"), "the page was loaded anew"


@check
def the_first_photos(shop, chrome):
    """an empty catalogue says what to do first, and fills while one looks"""
    with Program() as empty, chrome.visit(empty):
        chrome.open("/")
        assert chrome.text("h1") == "Nothing here yet" and str(empty.folder) in chrome.text("main")
        assert not chrome.violations(), chrome.violations()
        chrome.drop({path.name: path.read_bytes() for path in SAMPLES[:3]})
        wait(lambda: chrome.text("h1") == "The catalogue", "the catalogue")
        wait(lambda: "3 photos" in chrome.text(".opening"), "all three")


@check
def one_photo(shop, chrome):
    """a photo is reviewed on its page, found on its new shelf, and put back"""
    chrome.open("/shelves/dress")
    chrome.click(".card[data-key$='dress-1.jpg'] .mount")
    wait(lambda: chrome.text("h1") == "dress-1.jpg", "the photo's page")
    assert chrome.text(".verdict .label") == "dress"
    assert len(chrome.texts(".scores tbody tr")) == len(LABELS)
    # By the keyboard alone.
    chrome.run("document.querySelector('.choices button').focus()")
    for _ in LABELS:
        if chrome.run("return document.activeElement.dataset.say") != "skirt":
            chrome.press(Keys.TAB)
    chrome.press(Keys.ENTER)
    wait(lambda: chrome.text(".verdict .label") == "skirt", "the page's new label")
    assert shop.shelf_of("dress-1.jpg") == "skirt"
    chrome.open("/shelves/skirt")
    assert "photos/dress-1.jpg" in chrome.cards()
    assert "by a person, model: dress" in chrome.text(".card[data-key$='dress-1.jpg']")
    chrome.open(photo("dress-1.jpg"))
    chrome.click("[data-clear]")
    wait(lambda: chrome.text(".verdict .label") == "dress", "the model's label")
    chrome.click("#told button")
    wait(lambda: chrome.text(".verdict .label") == "skirt", "what was said before")
    chrome.click("[data-clear]")
    wait(lambda: shop.shelf_of("dress-1.jpg") == "dress", "the row as it was")


@check
def in_between(shop, chrome):
    """a photo that comes while a page is opened is not missed"""
    block = lambda urls: chrome.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": urls})
    # The page is there, and cannot yet hear of changes.
    block(["*/api/events"])
    try:
        chrome.open("/shelves/shoes")
        shop.put({"between.jpg": sample("shoes-1", "between")})
        assert "photos/between.jpg" not in chrome.cards()
    finally:
        block([])
    wait(lambda: "photos/between.jpg" in chrome.cards(), "the photo's card")
    # A picture that is still asked for when its photo is gone is a complaint.
    chrome.settle()
    (shop.folder / "between.jpg").unlink()
    wait(lambda: "photos/between.jpg" not in chrome.cards(), "that the card leaves")


@check
def somebody_else(shop, chrome):
    """what somebody else says of a photo moves it on a page that is open"""
    chrome.open("/shelves/shoes")
    before = chrome.cards()
    address = f"{shop.url}/api{photo('skirt-1.jpg')}/review"
    for word, cards in (b'{"label": "shoes"}', ["photos/skirt-1.jpg"]), (b'{"clear": true}', []):
        request = urllib.request.Request(address, word, {"If-Match": "*"}, method="PUT")
        assert urllib.request.urlopen(request).status == 200
        wait(lambda: sorted(chrome.cards()) == sorted([*before, *cards]), "the cards")
        wait(lambda: chrome.text(".shelves [aria-current]") == f"shoes {len(before + cards)}", "the count")


@check
def many_photos(shop, chrome):
    """photos of a shelf are narrowed down, selected, moved and put back together"""
    chrome.open("/shelves/pants")
    everything = chrome.cards()
    chrome.find("#text").send_keys("pants-2")
    wait(lambda: chrome.cards() == ["photos/pants-2.jpg"], "the one photo")
    wait(lambda: "text=pants-2" in chrome.driver.current_url, "its address")
    chrome.find("#text").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    wait(lambda: chrome.cards() == everything, "all photos")
    chrome.click("#select-all")
    assert chrome.text("#bulk-count") == f"{len(everything)} photos selected"
    assert not chrome.violations(), chrome.violations()
    chrome.click("#bulk-label")
    chrome.press("shorts", Keys.ENTER)
    wait(lambda: chrome.text("#bulk-count") == f"{len(everything)} photos moved to shorts", "all of them")
    wait(lambda: not chrome.cards(), "that the cards leave")
    assert {shop.shelf_of(image.removeprefix("photos/")) for image in everything} == {"shorts"}
    chrome.click("#bulk-undo")
    wait(lambda: chrome.cards() == everything, "that they come back")


@check
def the_queue(shop, chrome):
    """a hundred photos are reviewed by the keyboard in less than a minute, and every row is right"""
    photos = {}
    for n in range(100):
        name = SAMPLES[n % len(SAMPLES)].stem
        photos[f"{name}-{n:03}.jpg"] = sample(name, f"number {n}")
    with Program("--review-below", "1") as queue, chrome.visit(queue):
        queue.put(photos)
        chrome.open("/review")
        wait(lambda: chrome.text("#left") == "100", "the queue")
        keys = chrome.run(
            "return Object.fromEntries([...document.querySelectorAll('[data-press]')]"
            ".map((button) => [button.dataset.say, button.dataset.press]))"
        )
        said = {}
        begun = time.monotonic()
        while len(said) < 100:
            name = wait(lambda: next_name(chrome, said), "the next photo")
            # Some are not to be shown, and some are told by the model's own guess.
            word = "rejected" if len(said) % 10 == 9 else label_of(name)
            first = chrome.text("[data-guess='1'] .word")
            chrome.press("x" if word == "rejected" else "1" if first == word else keys[word])
            said[name] = word
        wait(lambda: chrome.text("#finish-title") == "All done", "the end")
        wait(lambda: "sent" not in chrome.text("#finish-words"), "that all is sent")

        def wrong():
            rows = {row["key"]: row["shelf"] for row in queue.rows()}
            return {key: rows[key] for key in said if rows[key] != said[key]}

        # The end may be shown before it says how much is still being sent: the rows tell.
        wait(lambda: not wrong(), "that every row is right")
        took = time.monotonic() - begun
        assert took < 60, f"{took:.0f} s"
        assert set(said) == set(photos)
        # Back from the end: the last one is as it was, and waits again.
        chrome.press("u")
        wait(lambda: chrome.text("#name") == name, "the last photo")
        wait(lambda: queue.shelf_of(name) == "review", "the row as it was")
        print(f"        100 photos in {took:.1f} s")


def next_name(chrome, said):
    """The name of the photo that is shown, once it is one that was not yet judged."""
    name = chrome.text("#name")
    return None if name in said else name


@check
def undo_and_skip(shop, chrome):
    """the queue skips, takes back and says its keys; on a phone it is swiped"""
    chrome.open("/review?shelf=shirt")
    wait(lambda: chrome.text("#left") == "2", "the queue")
    first = chrome.text("#name")
    chrome.press(Keys.ARROW_RIGHT)
    second = wait(lambda: chrome.text("#name") != first and chrome.text("#name"), "the second photo")
    chrome.press("x")
    wait(lambda: shop.shelf_of(second) == "rejected", "the rejected photo")
    chrome.press_with(Keys.CONTROL, "z")
    wait(lambda: shop.shelf_of(second) == "shirt", "that it is taken back")
    chrome.press("?")
    assert "undo" in chrome.text("#keys") and not chrome.violations(), chrome.violations()
    chrome.press(Keys.ESCAPE)
    chrome.look(PHONE)
    chrome.open("/review?shelf=shirt")
    wait(lambda: chrome.text("#left") == "2", "the queue")
    chrome.swipe("#stage", right=-180)
    wait(lambda: chrome.text("#name") == second, "that the first one is skipped")
    chrome.swipe("#stage", down=180)
    wait(lambda: shop.shelf_of(second) == "rejected", "that the second one is rejected")
    chrome.click("#undo-last")
    wait(lambda: shop.shelf_of(second) == "shirt", "that it is taken back")


@check
def for_everybody(shop, chrome):
    """axe-core finds nothing wrong with any page, light or dark, on a desk or a phone"""
    pages = ["/", "/shelves/hat", "/shelves/hat?text=none", "/shelves/rejected", "/review",
             "/review?shelf=hat", photo("hat-1.jpg"), photo("broken.jpg"), "/sign-in"]
    for path in pages:
        for size in (DESKTOP, PHONE):
            for dark in (False, True):
                chrome.look(size, dark)
                chrome.open(path)
                if path.startswith("/review"):
                    wait(lambda: chrome.text("main h1"), "the queue")
                found = chrome.violations()
                assert not found, f"{path}, {size}, dark: {dark}: {found}"
                wide = chrome.run("return document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{path} is {wide} pixels too wide for {size}"


@check
def without_scripts(shop, chrome):
    """without scripts a shelf can be read, narrowed down and leafed through"""
    switch = lambda off: chrome.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": off})
    switch(True)
    try:
        chrome.open("/shelves/pants")
        chrome.find("#text").send_keys("pants-1", Keys.ENTER)
        wait(lambda: "text=pants-1" in chrome.driver.current_url, "the narrowed page")
        names = [card.text for card in chrome.driver.find_elements("css selector", ".card .file")]
        assert names == ["pants-1.jpg"], names
    finally:
        switch(False)


@check
def signing_in(shop, chrome):
    """on a table that is served, a visitor looks, signs in, reviews, adds no photo, and signs out"""
    token = "a token for the shop's people"
    hashed = hashlib.sha256(token.encode()).hexdigest()
    controls = lambda: [*chrome.texts("[data-say], [data-reject], [type=checkbox], [type=file]")]
    with shop.serve("--reading", "open", "--token-sha256", hashed) as served, chrome.visit(served):
        for path in ("/", "/shelves/shirt", "/review", photo("shirt-1.jpg")):
            chrome.open(path)
            assert not controls(), f"{path}: {controls()}"
        assert chrome.text("h1") == "shirt-1.jpg" and not chrome.violations(), chrome.violations()
        chrome.click(".doings a[href^='/sign-in']")
        wait(lambda: chrome.text("h1") == "Sign in", "the form")
        chrome.find("#token").send_keys("another token, not the shop's", Keys.ENTER)
        wait(lambda: chrome.text("#token-error"), "that it is refused")
        assert not chrome.violations(), chrome.violations()
        chrome.find("#token").send_keys(token, Keys.ENTER)
        wait(lambda: chrome.text("h1") == "shirt-1.jpg", "the page where it began")
        chrome.click("[data-say='t-shirt']")
        wait(lambda: chrome.text(".verdict .label") == "t-shirt", "the page's new label")
        assert shop.shelf_of("shirt-1.jpg") == "t-shirt"
        chrome.click("[data-clear]")
        wait(lambda: shop.shelf_of("shirt-1.jpg") == "shirt", "the row as it was")
        chrome.click("form[action='/sign-out'] button")
        wait(lambda: chrome.texts(".doings a[href^='/sign-in']"), "that one may sign in again")
        chrome.open(photo("shirt-1.jpg"))
        assert not controls(), controls()
        # A token that is refused is told by the answer's status, which the console shows.
        refused = [line for line in chrome.complaints() if "/sign-in" not in line]
        assert not refused, refused


@check
def what_these_checks_see(shop, chrome):
    """these checks notice a page that asks elsewhere, and one that complains"""
    chrome.open("/")
    assert not chrome.strangers() and not chrome.complaints()
    elsewhere = ["http://elsewhere.example/x.png", "https://elsewhere.example/x.js", "ws://elsewhere.example/x"]
    picture, script, socket = elsewhere
    page = f'<img src="{picture}"><script src="{script}"></script><script>new WebSocket("{socket}")</script>'
    chrome.driver.get(f"data:text/html,{page}")
    seen = []

    def noticed():
        seen.extend(chrome.asked())
        return set(elsewhere) <= set(seen)

    wait(noticed, "all three requests")
    chrome.open("/")
    chrome.run("document.body.append(Object.assign(new Image(), { src: arguments[0] }))", picture)
    wait(chrome.complaints, "what the page's own policy says of it")
    chrome.fresh()
    chrome.open("/")


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    shop = Program()
    shop.put({path.name: path.read_bytes() for path in SAMPLES} | {"broken.jpg": b"\xff\xd8 no"})
    chrome = Chrome(shop.url)
    failed = 0
    for function in _checks:
        name = f"browser: {function.__doc__}"
        if words and not any(word in name for word in words):
            continue
        begun = time.monotonic()
        try:
            chrome.fresh()
            function(shop, chrome)
            strangers, complaints = chrome.strangers(), chrome.complaints()
            assert not strangers, f"asked elsewhere: {strangers}"
            assert not complaints, f"the console says: {complaints}"
        except Exception:
            failed += 1
            print(f"FAILED  {name}", flush=True)
            traceback.print_exc()
        else:
            print(f"ok      {name} ({time.monotonic() - begun:.1f} s)", flush=True)
    chrome.quit()
    shop.stop()
    if "--docs" in sys.argv and not failed:
        pictures.write()
    sys.exit(1 if failed else 0)


main()
