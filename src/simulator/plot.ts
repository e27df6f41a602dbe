/**
 * What happens by itself in the world: who goes live or offline, who retitles, who raids. Driven from outside by `step`.
 * Two changes of one channel are never nearer than `minChangeSpacingMs`, so that a poller with a shorter interval can see each.
 */
import type { Random } from './random.ts';
import type { SimChannel } from './settlement.ts';
import { directory, inventLanguage, inventTags, inventTitle } from './vocabulary.ts';
import type { World } from './world.ts';

export interface PlotOptions {
  readonly changesPerMinute: number;
  readonly minChangeSpacingMs: number;
  /** The share of live channels that the plot steers back to, 0..1. */
  readonly liveShare: number;
  readonly viewerDriftMs?: number;
}

export class Plot {
  readonly #world: World;
  readonly #random: Random;
  readonly #options: PlotOptions;
  readonly #lastChangeAt = new Map<string, number>();
  #nextChangeAt: number | undefined;
  #nextDriftAt = 0;

  constructor(world: World, random: Random, options: PlotOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
    // Forced changes count too: the spacing holds for all that a poller could see.
    world.listen({
      changed: (channel, changes) => this.#lastChangeAt.set(channel.id, changes[0]?.at ?? 0),
      raided: (raid) => this.#lastChangeAt.set(raid.toId, raid.at),
    });
  }

  /** Does what is due at `now` (ms since the epoch). A stall is not made up for: at most one change a call. */
  step(now: number): void {
    if (this.#world.isFrozen) return;
    if (now >= this.#nextDriftAt) {
      this.#world.driftViewers();
      this.#nextDriftAt = now + (this.#options.viewerDriftMs ?? 5_000);
    }
    if (this.#options.changesPerMinute <= 0) return;
    this.#nextChangeAt ??= now + this.#pause();
    if (now < this.#nextChangeAt) return;
    this.#nextChangeAt = now + this.#pause();
    this.#change(now);
  }

  /** Between half and one and a half of the mean. */
  #pause(): number {
    return (60_000 / this.#options.changesPerMinute) * (0.5 + this.#random.next());
  }

  #change(now: number): void {
    const ready = this.#world.channels.filter(
      ({ id, isSuspended }) =>
        !isSuspended &&
        now - (this.#lastChangeAt.get(id) ?? Number.NEGATIVE_INFINITY) >= this.#options.minChangeSpacingMs,
    );
    const live = ready.filter((channel) => channel.broadcast);
    const offline = ready.filter((channel) => !channel.broadcast);
    const wanted = this.#world.channels.length * this.#options.liveShare;
    const isShort = this.#world.live.length < wanted;
    if (this.#random.chance(0.25) || !isFilled(live)) {
      if (isShort && isFilled(offline)) this.#world.goLive(this.#random.pick(offline).id);
      else if (isFilled(live)) this.#end(this.#random.pick(live), live);
      else if (isFilled(offline) && wanted > 0) this.#world.goLive(this.#random.pick(offline).id);
      return;
    }
    this.#describe(this.#random.pick(live));
  }

  /** Most broadcasts just end; some raid another one on the way out. */
  #end(channel: SimChannel, live: readonly SimChannel[]): void {
    const others = live.filter(({ id }) => id !== channel.id);
    if (isFilled(others) && this.#random.chance(0.3)) this.#world.raid(channel.id, this.#random.pick(others).id);
    else this.#world.goOffline(channel.id);
  }

  #describe(channel: SimChannel): void {
    const random = this.#random;
    const roll = random.next();
    const title = another(channel.title, () => inventTitle(random));
    const category = another(channel.category, () => random.pick(directory));
    if (roll < 0.5) this.#world.describe(channel.id, { title });
    else if (roll < 0.75) this.#world.describe(channel.id, { category });
    else if (roll < 0.87) this.#world.describe(channel.id, { title, category });
    else if (roll < 0.97) this.#world.describe(channel.id, { tags: otherTags(channel.tags, random) });
    else this.#world.describe(channel.id, { language: another(channel.language, () => inventLanguage(random)) });
  }
}

/** Draws until something else than the present value comes. */
function another<T>(present: T, draw: () => T): T {
  for (;;) {
    const drawn = draw();
    if (drawn !== present) return drawn;
  }
}

/** A list that differs as a set: an order alone is nothing that every observer would call a change. */
function otherTags(present: readonly string[], random: Random): readonly string[] {
  const text = present.toSorted().join();
  for (;;) {
    const drawn = inventTags(random);
    if (drawn.toSorted().join() !== text) return drawn;
  }
}

const isFilled = <T>(items: readonly T[]): items is readonly [T, ...T[]] => items.length > 0;
