// Whether a file that its name does not tell is a picture, by its first bytes: pictures are answered at once, all else is a job.

const HEAD_BYTES = 16;
const STARTS = ["\xff\xd8\xff", "\x89PNG", "GIF8", "BM", "II*\0", "MM\0*", "II+\0", "MM\0+", "\0\0\0\x0cjP  ", "\xff\x4f\xff\x51", "FUJIFILM", "FOVb", "\0MRM", "IIRO", "IIRS", "MMOR", "IIU\0"];
const BOXED = /^....ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1|avif|avis|crx )/s;
const OTHERS = /^(RIFF....WEBP|P[1-6]\s)/s;

export async function isPicture(file) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
  return STARTS.some((start) => head.startsWith(start)) || BOXED.test(head) || OTHERS.test(head);
}
