// What pixels and their bars are both reckoned with: whole numbers as Python rounds them, and luma.

// Python's round: a half goes to the even neighbour.
export function roundHalfEven(value) {
  const up = Math.floor(value + 0.5);
  return up - value === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

// ITU-R BT.601 luma in 15 bits, as OpenCV reckons it.
export function gray(picture) {
  const data = new Uint8Array(picture.width * picture.height);
  for (let to = 0, from = 0; to < data.length; to += 1, from += 3) {
    data[to] = (picture.data[from] * 9798 + picture.data[from + 1] * 19235 + picture.data[from + 2] * 3735 + 16384) >> 15;
  }
  return { width: picture.width, height: picture.height, channels: 1, data };
}
