/** Seeded chance: the same seed gives the same numbers on every machine, so that a world can be played again. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  int(bound: number): number;
  /** Uniform integer in [low, high]. */
  between(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Lower-case hexadecimal digits; the count must be a multiple of four. */
  hex(digits: number): string;
  /** A UUID in the form of version 4. */
  uuid(): string;
  /** An independent stream that depends on this seed and the label, not on what was drawn so far. */
  fork(label: string): Random;
}

const hex16 = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

/** sfc32 (Chris Doty-Humphrey's PractRand), seeded by FNV-1a of the text. */
export function createRandom(seed: number | string): Random {
  let a = fnv1a(`${seed}/a`);
  let b = fnv1a(`${seed}/b`);
  let c = fnv1a(`${seed}/c`);
  let counter = 1;
  const uint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  // The first draws still show the seed.
  for (let round = 0; round < 15; round++) uint32();
  const hex4 = (): string => hex16[uint32() & 0xffff] ?? '';
  const random: Random = {
    next: () => uint32() / 4_294_967_296,
    int: (bound) => Math.floor((uint32() / 4_294_967_296) * bound),
    between: (low, high) => low + random.int(high - low + 1),
    chance: (probability) => random.next() < probability,
    pick: (items) => items[random.int(items.length)] ?? items[0],
    hex: (digits) => {
      let text = '';
      for (let at = 0; at < digits; at += 4) text += hex4();
      return text;
    },
    uuid: () => {
      const version = hex16[0x4000 | (uint32() & 0x0fff)];
      const variant = hex16[0x8000 | (uint32() & 0x3fff)];
      return `${hex4()}${hex4()}-${hex4()}-${version}-${variant}-${hex4()}${hex4()}${hex4()}`;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
  return random;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
