/** The words of the invented world: categories, titles, tags, names. Everything here is made up; it only has to look alive. */
import type { Category } from '../domain/stream.ts';
import type { Random } from './random.ts';

/** One line of the directory; `igdbId` is `''` for what is not a game. */
export interface DirectoryEntry extends Category {
  readonly igdbId: string;
}

type List<T> = readonly [T, ...T[]];

export const directory: List<DirectoryEntry> = [
  { id: '910001', name: 'Talking & Tea', igdbId: '' },
  { id: '910002', name: 'Copper Valley', igdbId: '70012' },
  { id: '910003', name: 'Starlane Couriers', igdbId: '70033' },
  { id: '910004', name: 'Pâtisserie Wars', igdbId: '70041' },
  { id: '910005', name: '夜の図書館', igdbId: '70058' },
  { id: '910006', name: 'Deep Cavern: Ascent', igdbId: '70062' },
  { id: '910007', name: 'Trams of Łódź', igdbId: '70077' },
  { id: '910008', name: 'Mossball', igdbId: '70083' },
  { id: '910009', name: 'Knights & Invoices', igdbId: '70090' },
  { id: '910010', name: 'Late Night Modular', igdbId: '' },
  { id: '910011', name: 'Kettle Quest IV', igdbId: '70114' },
  { id: '910012', name: 'Woodworking', igdbId: '' },
  { id: '910013', name: 'Rally Nord 2', igdbId: '70136' },
  { id: '910014', name: '파도 서퍼', igdbId: '70141' },
  { id: '910015', name: 'Gardener’s Gambit', igdbId: '70159' },
  { id: '910016', name: 'Retro Repairs', igdbId: '' },
];

const openings: List<string> = [
  'first time in',
  'road to gold,',
  'no hits,',
  'chill evening:',
  'DAY 14 of',
  '[EN/DE]',
  'part 3:',
  '🔴 LIVE:',
  'hoy probamos',
  '今日は',
  'слепое прохождение:',
  'wieder da!',
  'SUBATHON HOUR 31 |',
  'learning',
];
const subjects: List<string> = [
  'the swamp temple',
  'speedrun practice',
  'viewer maps',
  'ranked until I win',
  'のんびり雑談',
  'every side quest',
  'la final más larga',
  'cozy building ☕',
  'boss number nine',
  'challenge wheel 🎡',
  'the blind run',
  'mystery box restoration',
  'co-op with friends',
  'questions & answers',
];
const endings: List<string> = [
  '',
  '',
  '',
  ' !socials',
  ' | !map',
  ' (drops off)',
  ' 💜',
  ' — last day',
  ' ~ chill ~',
  ' !discord',
];
const tagWords: List<string> = [
  'English',
  'Deutsch',
  '日本語',
  'Español',
  'Cozy',
  'Speedrun',
  'FirstPlaythrough',
  'Chill',
  'NoSpoilers',
  'Competitive',
  'Retro',
  'Vtuber',
  'Français',
  'Accessible',
  'Music',
  'BackseatAllowed',
];
const languages: List<string> = ['en', 'en', 'en', 'de', 'es', 'ja', 'fr', 'pt', 'ko', 'pl', 'it', 'other'];
const syllables: List<string> = [
  'ka',
  'mo',
  'ri',
  'zel',
  'tan',
  'bo',
  'qui',
  'fen',
  'lu',
  'drak',
  'nim',
  'sor',
  'vy',
  'pip',
  'ost',
  'ha',
];
const nameTails: List<string> = ['', '', '', '_', 'tv', '77', 'x', '_live', '2k', 'er', '99', 'plays'];
const unicodeNames: List<string> = [
  '나무늘보',
  'さくら茶',
  '小熊猫',
  'ねこまる',
  '하늘별',
  '夜更かし',
  '파란고래',
  '雪見だいふく',
];

export const inventTitle = (random: Random): string =>
  `${random.pick(openings)} ${random.pick(subjects)}${random.pick(endings)}`;

export const inventLanguage = (random: Random): string => random.pick(languages);

/** Between two and five different tags. */
export function inventTags(random: Random): readonly string[] {
  const tags = new Set<string>();
  const count = random.between(2, 5);
  while (tags.size < count) tags.add(random.pick(tagWords));
  return [...tags];
}

/** A login (4–25 of a–z, 0–9 and `_`) and a display name: the login in other case, or, for some, a name of another script. */
export function inventName(random: Random): { readonly login: string; readonly displayName: string } {
  let stem = '';
  for (let count = random.between(2, 4); count > 0; count--) stem += random.pick(syllables);
  const login = `${stem}${random.pick(nameTails)}${random.int(1_000)}`.slice(0, 25);
  if (random.chance(0.06)) return { login, displayName: `${random.pick(unicodeNames)}${random.int(100)}` };
  return { login, displayName: random.chance(0.5) ? login : `${login.slice(0, 1).toUpperCase()}${login.slice(1)}` };
}
