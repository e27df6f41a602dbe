/**
 * All connections with the same filter are one group: they share a topic, a `prev` and every byte. Groups are found by type and
 * channel, so an event touches only those it may concern, however many others there are.
 */
import type { Channel } from '../domain/channel.ts';
import type { EventType } from './event-types.ts';
import { type Filter, isIdKnown } from './filter.ts';

export interface Group<Member> {
  readonly filter: Filter;
  readonly topic: string;
  readonly members: Set<Member>;
  /** `seq` of the last event of this stream; of the head when the group began, which is as much as anybody in it has seen. */
  prev: number;
  /** Got an event since the buffers of its members were last looked at. */
  isBusy: boolean;
}

export class GroupIndex<Member> {
  readonly #byKey = new Map<string, Group<Member>>();
  readonly #bySelector = new Map<string, Set<Group<Member>>>();
  #topics = 0;

  get size(): number {
    return this.#byKey.size;
  }

  values(): IterableIterator<Group<Member>> {
    return this.#byKey.values();
  }

  join(member: Member, filter: Filter, head: number): Group<Member> {
    const group = this.#byKey.get(filter.key) ?? this.#create(filter, head);
    group.members.add(member);
    return group;
  }

  leave(member: Member, group: Group<Member>): void {
    group.members.delete(member);
    if (group.members.size > 0) return;
    this.#byKey.delete(group.filter.key);
    for (const selector of selectorsOf(group.filter)) {
      const groups = this.#bySelector.get(selector);
      groups?.delete(group);
      if (groups?.size === 0) this.#bySelector.delete(selector);
    }
  }

  /** The groups whose types and channels select the event; one may come twice when two of its channels lead to it. */
  *matching(type: EventType, channel: Channel): Iterable<Group<Member>> {
    yield* this.#bySelector.get(`${type} *`) ?? [];
    if (isIdKnown(channel)) {
      yield* this.#bySelector.get(`${type} ${channel.id}`) ?? [];
      yield* this.#bySelector.get(`${type} ?${channel.login}`) ?? [];
    } else {
      yield* this.#bySelector.get(`${type} #${channel.login}`) ?? [];
    }
  }

  #create(filter: Filter, head: number): Group<Member> {
    this.#topics += 1;
    const group = { filter, topic: `g${this.#topics}`, members: new Set<Member>(), prev: head, isBusy: false };
    this.#byKey.set(filter.key, group);
    for (const selector of selectorsOf(filter)) {
      const groups = this.#bySelector.get(selector);
      if (groups) groups.add(group);
      else this.#bySelector.set(selector, new Set([group]));
    }
    return group;
  }
}

/**
 * Under which names a group is found: `*` any channel, the bare id, `#login` for events whose channel id is not known yet,
 * `?login` for filters made before the id was known.
 */
function selectorsOf(filter: Filter): readonly string[] {
  const channels = filter.channels?.flatMap(selectorsOfChannel) ?? ['*'];
  return [...filter.types].flatMap((type) => channels.map((selector) => `${type} ${selector}`));
}

function selectorsOfChannel(channel: Channel): readonly string[] {
  return isIdKnown(channel) ? [channel.id, `#${channel.login}`] : [`?${channel.login}`, `#${channel.login}`];
}
