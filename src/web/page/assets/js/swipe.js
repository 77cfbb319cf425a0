// Swiping a photo: it follows the finger, and says what letting go would do.

const FAR = 90;

/**
 * `words(way)` is what a way (right, left, down) would do, or nothing; `done(way)` does it. The
 * element `moved()` follows the finger.
 */
export function swipeable(area, sign, moved, words, done) {
  let start;

  const way = (x, y) => {
    if (Math.abs(x) > Math.abs(y)) return x > 0 ? "right" : "left";
    return y > 0 ? "down" : undefined;
  };
  const place = (x, y, share) => {
    const element = moved();
    element.style.transform = x || y ? `translate(${x}px, ${Math.max(y, 0)}px) rotate(${x / 40}deg)` : "";
    sign.style.opacity = share;
  };
  const end = () => {
    start = undefined;
    place(0, 0, 0);
  };

  area.addEventListener("pointerdown", (event) => {
    // A mouse has the buttons.
    if (event.pointerType === "mouse" || !event.isPrimary) return;
    start = { x: event.clientX, y: event.clientY };
    area.setPointerCapture(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    if (!start || !event.isPrimary) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    const to = way(x, y);
    const text = to && words(to);
    const share = text ? Math.min(Math.hypot(x, y) / FAR, 1) : 0;
    sign.textContent = text ?? "";
    sign.className = `swipe-word ${{ right: "yes", down: "reject" }[to] ?? ""}`;
    place(x, y, share);
  });
  area.addEventListener("pointerup", (event) => {
    if (!start || !event.isPrimary) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    const to = way(x, y);
    end();
    if (to && Math.hypot(x, y) >= FAR && words(to)) done(to);
  });
  area.addEventListener("pointercancel", end);
}
