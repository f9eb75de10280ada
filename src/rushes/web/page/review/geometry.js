// Where a picture lies in its window, in device pixels: pure functions.

// A zoom is {k, x, y}: device pixels per pixel of the original, and the place in the picture (0..1) at the window's centre.
const ENLARGED = 2; // a small picture is shown up to twice its size where the window has room

export function fitScale(picture, window) {
  return Math.min(window.width / picture.width, window.height / picture.height, ENLARGED);
}

export function place(picture, window, zoom) {
  const k = zoom ? zoom.k : fitScale(picture, window);
  const width = picture.width * k;
  const height = picture.height * k;
  return {
    width, height,
    x: along(width, window.width, zoom ? zoom.x : 0.5),
    y: along(height, window.height, zoom ? zoom.y : 0.5),
  };
}

function along(length, room, centre) {
  if (length <= room) return (room - length) / 2;
  return Math.min(0, Math.max(room - length, room / 2 - centre * length));
}

// The zoom by which the place of the picture under `point` stays there when the scale becomes k.
export function zoomAt(picture, window, zoom, k, point) {
  const now = place(picture, window, zoom);
  const u = Math.min(1, Math.max(0, (point.x - now.x) / now.width));
  const v = Math.min(1, Math.max(0, (point.y - now.y) / now.height));
  return settle(picture, window, {
    k,
    x: u - (point.x - window.width / 2) / (picture.width * k),
    y: v - (point.y - window.height / 2) / (picture.height * k),
  });
}

export function pan(picture, window, zoom, dx, dy) {
  return settle(picture, window, {
    k: zoom.k, x: zoom.x - dx / (picture.width * zoom.k), y: zoom.y - dy / (picture.height * zoom.k),
  });
}

// The same zoom with its centre where it can be, so that the first drag back from an edge moves at once.
function settle(picture, window, zoom) {
  const there = place(picture, window, zoom);
  return {
    k: zoom.k,
    x: there.width > window.width ? (window.width / 2 - there.x) / there.width : 0.5,
    y: there.height > window.height ? (window.height / 2 - there.y) / there.height : 0.5,
  };
}

// 1:1; where fitting the window is about that already, twice as large.
export function closeUp(picture, window) {
  const fit = fitScale(picture, window);
  return fit > 0.9 ? fit * 2 : 1;
}

// Columns that let `count` tiles of a typical shape be as large as they can.
export function columnsFor(count, width, height, shape = 1.5) {
  let best = 1;
  let largest = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns, (height / rows) * shape);
    if (size > largest) [best, largest] = [columns, size];
  }
  return best;
}
