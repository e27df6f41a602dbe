/** What people say. Messages are put together once, with their emotes' places counted in code points as Twitch counts them. */
import type { Random } from './random.ts';

export interface Phrase {
  readonly text: string;
  /** The value of the `emotes` tag; `''` without any. */
  readonly emotes: string;
  /** Nothing but emotes and spaces. */
  readonly isEmoteOnly: boolean;
}

type List<T> = readonly [T, ...T[]];

/** Twitch emotes by name. The short ids are Twitch's global ones, the others are of the form that channels' emotes have. */
const emoteIds: Readonly<Record<string, string>> = {
  Kappa: '25',
  LUL: '425618',
  HeyGuys: '30259',
  BibleThump: '86',
  gaugeHype: 'emotesv2_3f1c0b5a7d9e42e6a1b8c4d2f6e70913',
  gaugeWave: 'emotesv2_a80e4c19d2b74f5fb36c7e9105d8ca42',
  gaugeRain: 'emotesv2_5c7be03914f64ad2bb0d1e8a96f3c7d5',
};
const emoteNames: List<string> = ['Kappa', 'LUL', 'HeyGuys', 'BibleThump', 'gaugeHype', 'gaugeWave', 'gaugeRain'];
// biome-ignore format: a list of words reads better dense
const words: List<string> = [
  'that was', 'close', 'wait', 'what', 'no way', 'gg', 'clip it', 'again?', 'so good', 'hello', 'chat', 'how', 'left side',
  'the door', 'behind you', 'music is', 'nice', '20 more minutes', 'first try', 'same here', 'brb', 'back now', 'volume',
  'qué bien', 'das war knapp', 'がんばれ', '草', 'うまい', 'ну наконец-то', 'ㅋㅋㅋㅋ', 'señor', 'déjà vu', 'żółw', 'Ω',
];
const emoji: List<string> = ['😂', '🔥', '💜', '👀', '🎉', '👩‍🚀', '🇩🇪', '✨', '🫠', '❤️'];
/** Codes of third-party emotes: plain words to Twitch. */
const codes: List<string> = ['catJAM', 'OMEGALUL', 'monkaS', 'peepoClap', 'EZ', 'Sadge'];
// biome-ignore format: a list of words reads better dense
const oddities: List<string> = [
  ': leading colon', ':)', ' two  spaces inside', 'ends with a space ', '!uptime', '@everyone look', 'a;b=c\\d', 'https://example.com/?a=1&b=2',
  '\u{e0000}', '1 + 1 = 2', 'Z̴a̵l̶g̷o̸', '“quoted” — dash', 'tab\there',
];

/** @returns `size` phrases in the mixture of a busy chat; the emote ranges fit each text. */
export function inventPhrases(random: Random, size: number): List<Phrase> {
  const first = measure('hello chat gaugeWave');
  return [first, ...Array.from({ length: size - 1 }, () => measure(inventText(random)))];
}

function inventText(random: Random): string {
  const roll = random.next();
  if (roll < 0.04) return random.pick(oddities);
  if (roll < 0.16) return repeat(random.between(1, 6), () => random.pick(emoteNames));
  if (roll < 0.19) return inventWall(random);
  return repeat(random.between(1, 9), () => {
    const kind = random.next();
    if (kind < 0.72) return random.pick(words);
    if (kind < 0.84) return random.pick(codes);
    return kind < 0.94 ? random.pick(emoteNames) : random.pick(emoji);
  });
}

/** A long line; Twitch cuts messages at 500 characters. */
const inventWall = (random: Random): string =>
  [...repeat(random.between(30, 60), () => random.pick([...codes, 'gaugeHype', 'EDM', '🔥']))].slice(0, 480).join('');

const repeat = (count: number, draw: () => string): string => Array.from({ length: count }, draw).join(' ');

/**
 * Finds the emotes of a text and writes the `emotes` tag: `id:first-last,…/id:…`, ends inclusive, in Unicode code points.
 * @see https://dev.twitch.tv/docs/chat/irc/#privmsg-tags
 */
export function measure(text: string): Phrase {
  const places = new Map<string, string[]>();
  let at = 0;
  let isEmoteOnly = true;
  for (const token of text.split(' ')) {
    const length = [...token].length;
    const id = Object.hasOwn(emoteIds, token) ? emoteIds[token] : undefined;
    if (id) places.set(id, [...(places.get(id) ?? []), `${at}-${at + length - 1}`]);
    else isEmoteOnly = false;
    at += length + 1;
  }
  return { text, emotes: [...places].map(([id, ranges]) => `${id}:${ranges.join(',')}`).join('/'), isEmoteOnly };
}
