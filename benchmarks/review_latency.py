"""From a key to the next photograph on the screen, in the page of `rushes review` and in one that sets img.src."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.browser import Browser, open_browser
from benchmarks.harness import Outcome, Say, Target
from benchmarks.review_standin import Standin, make_items, serve
from rushes.footage.picture import encode_picture

TARGET = Target("ours", 50)
_ITEMS = 10_000
_DISTINCT = 24
_FIT, _THUMB = (1365, 2048), (213, 320)  # pixels: height, width
_ROUNDS, _KEYS = 3, 50
_PACES = (0.3, 0.1)  # seconds between keys: a person who decides fast, and one who leafs through
# Painted: the message is handled after the frame in which the picture was put into the page.
_PEER = """<!doctype html><title>peer</title><link rel="icon" href="data:,">
<style>body { margin: 0 } img { width: 100vw; height: 100vh; object-fit: contain }</style><img>
<script>
const still = document.querySelector("img"); let at = 0; window.times = [];
const address = () => `/pictures/frame-${String(at).padStart(5, "0")}/fit`;
still.src = address();
addEventListener("keydown", async (event) => {
  at += 1; still.src = address(); const mine = at; await still.decode().catch(() => {});
  if (mine !== at) return;
  requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => times.push(performance.now() - event.timeStamp); port2.postMessage(null); });
});
</script>"""


def measure(say: Say) -> Outcome:
    say(f"From a key to the next photograph painted: {_ITEMS:,} in the queue, 2048 pixels wide, in a window of "
        "1440 x 900; beside a page that sets img.src on the key.")  # fmt: skip
    pictures = {"fit": _pictures(_FIT), "thumb": _pictures(_THUMB)}
    megabytes = statistics.mean(len(one) for one in pictures["fit"]) / 1e6
    say(f"Input: {_DISTINCT} generated JPEGs of {megabytes:.2f} MB behind {_ITEMS:,} ids; every key is P, and is sent")
    standin = Standin(make_items(_ITEMS), pictures, {"peer": _PEER})
    with serve(standin) as address, open_browser() as browser:
        found = {pace: _in_turns(browser, address, pace) for pace in _PACES}
    for pace, (sharp, first, peer) in found.items():
        say(f"  a key every {pace * 1000:.0f} ms: {_spread(sharp)}; peer {_spread(peer)}; "
            f"something of the next one is shown after {statistics.median(first):.0f} ms")  # fmt: skip
    sharp, _, peer = found[_PACES[0]]
    complete = len(sharp) == _ROUNDS * _KEYS
    return Outcome("review_latency", _percentile(sharp, 95), _percentile(peer, 95), "ms", TARGET, complete)


def _in_turns(browser: Browser, address: str, pace: float) -> tuple[list[float], list[float], list[float]]:
    """Return milliseconds until ours is sharp, until ours shows anything of the next one, and the peer's."""
    sharp: list[float] = []
    first: list[float] = []
    peer: list[float] = []
    for _ in range(_ROUNDS):
        browser.open(address, width=1440, height=900)
        browser.wait_until("window.rushesReview?.ready")
        browser.press("e")
        browser.wait_until("rushesReview.quality() === 'fit'")
        time.sleep(1)
        _press(browser, pace)
        browser.wait_until("rushesReview.quality() === 'fit' && rushesReview.unsaved() === 0")
        time.sleep(0.2)
        sharp += browser.ask("rushesReview.sharp")
        first += browser.ask("rushesReview.times")
        browser.open(f"{address.partition('#')[0]}peer", width=1440, height=900)
        time.sleep(1)
        _press(browser, pace)
        time.sleep(0.5)
        peer += browser.ask("times")
    return sharp, first, peer


def _press(browser: Browser, pace: float) -> None:
    due = time.monotonic()
    for _ in range(_KEYS):
        browser.press("p")
        due += pace
        time.sleep(max(0, due - time.monotonic()))


def _pictures(shape: tuple[int, int]) -> list[bytes]:
    """Return JPEGs with shapes of all sizes, as photographs have them, so that they take as long to decode."""
    return [encode_picture(_field(shape, seed), "jpeg", 85) for seed in range(_DISTINCT)]


def _field(shape: tuple[int, int], seed: int) -> np.ndarray:
    import cv2

    random = np.random.default_rng(seed)
    height, width = shape
    total = np.zeros((height, width, 3), np.float32)
    for power in range(1, 11):
        cells = (max(2, height >> (10 - power)), max(2, width >> (10 - power)), 3)
        layer = random.standard_normal(cells).astype(np.float32)
        total += cv2.resize(layer, (width, height), interpolation=cv2.INTER_LINEAR) * (60 / power**1.5)
    return np.clip(total + 128, 0, 255).astype(np.uint8)


def _spread(times: Sequence[float]) -> str:
    middle, most = statistics.median(times), _percentile(times, 95)
    return f"median {middle:.0f} ms, 95 % within {most:.0f} ms, longest {max(times):.0f} ms"


def _percentile(times: Sequence[float], share: float) -> float:
    return float(np.percentile(times, share))
