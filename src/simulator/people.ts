/** The chatters: a fixed crowd whose tags are written out once, so that a line of theirs is a few string concatenations. */
import type { Random } from './random.ts';
import { inventName } from './vocabulary.ts';

export interface Person {
  readonly id: string;
  readonly login: string;
  readonly displayName: string;
  /** `#RRGGBB`, or `''` for those who never chose one. */
  readonly color: string;
  /** A badge that the person wears everywhere, `set/version`, or `''`. */
  readonly globalBadge: string;
  readonly isTurbo: boolean;
  /** `login!login@login.tmi.twitch.tv` */
  readonly mask: string;
}

/** What a person is in one room; derived from both, so it stays the same from line to line. */
export interface Standing {
  readonly badgeInfo: string;
  readonly badges: string;
  readonly isMod: boolean;
  readonly isVip: boolean;
  readonly isSubscriber: boolean;
  readonly months: number;
}

const colors = [
  '',
  '#FF4500',
  '#2E8B57',
  '#8A2BE2',
  '#1E90FF',
  '#DAA520',
  '#5F9EA0',
  '#FF69B4',
  '#00FF7F',
  '#B22222',
] as const;
const globalBadges = [
  '',
  '',
  '',
  '',
  'premium/1',
  'premium/1',
  'no_video/1',
  'turbo/1',
  'bits/100',
  'sub-gifter/5',
] as const;
/** The steps at which a subscriber's badge changes, in months. */
const badgeSteps = [0, 2, 3, 6, 9, 12, 18, 24, 30, 36, 48, 60] as const;

export function inventCrowd(random: Random, size: number): readonly Person[] {
  const logins = new Set<string>();
  const people: Person[] = [];
  while (people.length < size) {
    const { login, displayName } = inventName(random);
    if (logins.has(login)) continue;
    logins.add(login);
    const globalBadge = random.pick(globalBadges);
    people.push({
      id: String(20_000_000 + people.length * 37_813 + random.int(30_000)),
      login,
      displayName,
      color: random.pick(colors),
      globalBadge,
      isTurbo: globalBadge === 'turbo/1',
      mask: `${login}!${login}@${login}.tmi.twitch.tv`,
    });
  }
  return people;
}

/** @param draw any number that is fixed for this person in this room. */
export function standingOf(person: Person, draw: number): Standing {
  const months = draw % 5 < 2 ? 1 + (draw % 61) : 0;
  const isMod = draw % 97 === 0;
  const isVip = !isMod && draw % 53 === 0;
  const badges: string[] = [];
  if (isMod) badges.push('moderator/1');
  if (isVip) badges.push('vip/1');
  if (months > 0) badges.push(`subscriber/${badgeSteps.findLast((step) => step <= months) ?? 0}`);
  if (person.globalBadge) badges.push(person.globalBadge);
  return {
    badgeInfo: months > 0 ? `subscriber/${months}` : '',
    badges: badges.join(','),
    isMod,
    isVip,
    isSubscriber: months > 0,
    months,
  };
}
