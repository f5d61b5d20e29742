/** Made once with the reference encoder (zstd 1.5.4); `content` is what it was given. */
export interface ZstdFixture {
  readonly name: string;
  readonly stored: Buffer;
  readonly content: Buffer;
}

const one = '{"id":"a","values":[1,2]}\n{"id":"b","values":[3,4]}\n';
const two = '{"id":"c","values":[5,6]}\n';
const three = Array.from({ length: 40 }, (_, i) => `{"id":"r${i}","values":[${i},${(i * 7) % 11}.5]}\n`).join('');

const fixture = (name: string, stored: string, content: string): ZstdFixture => ({
  name,
  stored: Buffer.from(stored, 'base64'),
  content: Buffer.from(content),
});

/** One frame, size and checksum stated (`zstd -19 --check FILE`). */
export const SINGLE = fixture(
  'one frame with size and checksum',
  'KLUv/WTIA5UGACKMHRWguxiTq7w9j6AGbHd375RirXu0WgHAQ6zg8f10P9vPfq6f6ud/+md/pp/PprPZbDJ72aeyG28n2las7ZhsvpauZWvJWq5WqfNvtBNbxdRUx/dK5xZbe2TMXItRqfI/7cYWeIgVJKZBQMvBJEWDiJKCBGQgyAlOqBEAkuz+Z+BalMIBEE4ES/UYxIzYA0qEaAI4FwiiSgBmhMbJOMtEy+SWLbZ19KuUQ6rmTTfFaoaoPoOehpgaTWaMDIZZHGK3r1hzydDF2xSyY4QLBMCvAvK/08M=',
  three,
);
/** One frame from a pipe: no size, a window descriptor instead. */
export const STREAMED = fixture(
  'one frame without size',
  'KLUv/QRolQYAIowdFaC7GJOrvD2PoAZsd3fvlGKte7RaAcBDrODx/XQ/289+rp/q53/6Z3+mn8+ms9lsMnvZp7IbbyfaVqztmGy+lq5la8larlap82+0E1vF1FTH90rnFlt7ZMxci1Gp8j/txhZ4iBUkpkFAy8EkRYOIkoIEZCDICU6oEQCS7P5n4FqUwgEQTgRL9RjEjNgDSoRoAjgXCKJKAGaExsk4y0TL5JYttnX0q5RDquZNN8Vqhqg+g56GmBpNZowMhlkcYrevWHPJ0MXbFLJjhAsEwK8C8r/Tww==',
  three,
);
/** Skippable frame, frame with a checksum, skippable frame, frame without one. */
export const MULTI = fixture(
  'several frames, skippable ones between them',
  'WipNGAUAAABoZWxsbyi1L/0kNFUBABQCeyJpZCI6ImEiLCJ2YWx1ZXMiOlsxLDJdfQpiMyw0XX0KAgCACzubY+14zXxaKk0YBQAAAGhlbGxvKLUv/SAa0QAAeyJpZCI6ImMiLCJ2YWx1ZXMiOls1LDZdfQo=',
  one + two,
);
/** Places in MULTI where a frame ends: cut there, it is a whole file. */
export const MULTI_FRAME_ENDS: readonly number[] = [13, 13 + 55, 13 + 55 + 13];
export const UNCHECKED = fixture('one frame without checksum', 'KLUv/SAa0QAAeyJpZCI6ImMiLCJ2YWx1ZXMiOls1LDZdfQo=', two);
/** 353 bytes that hold 350,300: several blocks, matches far back. First 200,000 times `a`, last 50,000 times `xyz`. */
export const LARGE = Buffer.from(
  'KLUv/QRoTAAACGEBAPz/ORAC7AkA9BJ5Qr3yIQbwhHdi8PPLTXZNxwcgURWaD4nyxtrK40S7MRJF/W+E35rXxbPQdqwOj1OnNWyIkT8g9vctsCLSTQqW2tQ8FhfBqY54Ep4DJzcQZdCVhk8VraC4RsHA68U0itx5mt+Em60F1KEKwEQequ60tI76Cx8KvYDpmKNaul6gvYeZwTUNQ55xiXqnX94xNKSqcuBWKKxv5opzPRFhoV2OriuwQteViu2x1ZTW0RLTT2YC9N5xEOmTrnQikj19FxFl3BkG9j1XmXoK0xs6rkCB9B+0cWU+PVd6jEED+cwZin+J2BrypQAcQBc/GSP3ECz6oVChJLPFx5u4h2Go2z9BAcIoWxW/68IW3Bu+/qHX1usJfW+KJNly2kIOpr+GPu0/wDejNALySXjHFi94eXoCAC+OcZ0+PQ05CAJFAAAAAQBZWOYOCPL32SM=',
  'base64',
);
/** One frame of several blocks, size and checksum stated (`zstd -19 --check FILE`): large enough for Node's own decoder, where it has one. */
export const LARGE_SIZED = fixture(
  'one large frame with size and checksum',
  'KLUv/aT4WwUATAAACGEBAPz/ORAC1AYAsosdFoBtDsBFkAk68hTFoYkISZIS/yewkvYR9Ly/7m/72d/8u/7+r//iX/X32XV2m11mZ77Lbr2tansVbVdlY9/LOvfamssYayKu9f6tNuKqQnR9D+tctrVXxtxM1rWw/2u3IgJTkYKqIoaAQRrFcIIGagmG4EgCKVGoIYwju/8Z8JqSFAcSmMEg8EGtw/X//88G8m09mnDCYawhciSgCDAUEYAzBnhEAM3BZCVz+8gV2IuOQVfCXKQxmzUFk4zY0YFTtJMlr8M4C4NrwSY4AxWGN9CsehpaEwhFAAAAAQD1WzkAAkl029E=',
  'a'.repeat(200_000) + three + 'xyz'.repeat(50_000),
);
