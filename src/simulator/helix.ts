/**
 * Helix, at `/mock/*`: users, games, streams, channels, out of the world as it is at this moment.
 * Pages of a list that changes between two requests show gaps and doubles, as on the real service.
 */
import type { Faults } from './faults.ts';
import { admit } from './helix-auth.ts';
import { shapeChannel, shapeGame, shapeStream, shapeUser } from './helix-shapes.ts';
import { type Answer, type Request, refuse } from './http.ts';
import { BadParameter, type Page, pageOf, readPage, values } from './paging.ts';
import type { RateLimit } from './rate-limit.ts';
import type { SimChannel } from './settlement.ts';
import type { Token, Tokens } from './tokens.ts';
import { type DirectoryEntry, directory } from './vocabulary.ts';
import type { World } from './world.ts';

export interface HelixOptions {
  readonly world: World;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly rateLimit: RateLimit;
}

export class Helix {
  readonly #options: HelixOptions;

  constructor(options: HelixOptions) {
    this.#options = options;
  }

  /** @param endpoint the part of the path behind `/mock/`. */
  answer(endpoint: string, request: Request): Answer {
    const admission = admit(request, this.#options.tokens, this.#options.rateLimit);
    if ('refusal' in admission) return admission.refusal;
    try {
      return { ...this.#route(endpoint, request, admission.token), headers: admission.headers };
    } catch (thrown) {
      if (thrown instanceof BadParameter) return refuse(400, thrown.message, admission.headers);
      throw thrown;
    }
  }

  #route(endpoint: string, { method, query }: Request, token: Token): Answer {
    if (method !== 'GET') return refuse(404, 'Not Found');
    switch (endpoint) {
      case 'users':
        return this.#users(query, token);
      case 'games':
        return this.#games(query);
      case 'games/top':
        return paged(this.#page(this.#topGames(), query), shapeGame);
      case 'streams':
        return this.#streams(query);
      case 'channels':
        return this.#channels(query);
      default:
        return refuse(404, 'Not Found');
    }
  }

  #users(query: URLSearchParams, token: Token): Answer {
    const ids = values(query, 'id');
    const logins = values(query, 'login');
    atMost100('id" and "login', ids.length + logins.length);
    if (ids.length + logins.length > 0) return { status: 200, body: { data: this.#find(ids, logins).map(shapeUser) } };
    if (token.kind !== 'user')
      throw new BadParameter('The parameter "id" or "login" is required with an app access token.');
    const own = this.#options.world.byId(token.userId);
    return { status: 200, body: { data: own ? [shapeUser(own)] : [] } };
  }

  #games(query: URLSearchParams): Answer {
    const ids = values(query, 'id');
    const names = values(query, 'name');
    const igdbIds = values(query, 'igdb_id');
    const count = ids.length + names.length + igdbIds.length;
    if (count === 0) throw new BadParameter('The parameter "id", "name" or "igdb_id" is required.');
    atMost100('id", "name" and "igdb_id', count);
    const found = directory.filter(
      ({ id, name, igdbId }) => ids.includes(id) || names.includes(name) || (igdbId !== '' && igdbIds.includes(igdbId)),
    );
    return { status: 200, body: { data: found.map(shapeGame) } };
  }

  /** By viewers of all their broadcasts, most first. */
  #topGames(): readonly DirectoryEntry[] {
    const viewers = new Map<string, number>();
    for (const { category, viewers: here } of this.#options.world.live) {
      viewers.set(category.id, (viewers.get(category.id) ?? 0) + here);
    }
    return directory.toSorted((a, b) => (viewers.get(b.id) ?? 0) - (viewers.get(a.id) ?? 0));
  }

  #streams(query: URLSearchParams): Answer {
    const ids = values(query, 'user_id');
    const logins = values(query, 'user_login');
    const games = values(query, 'game_id');
    const languages = values(query, 'language');
    for (const name of ['user_id', 'user_login', 'game_id', 'language']) atMost100(name, values(query, name).length);
    const type = query.get('type') ?? 'all';
    if (type !== 'all' && type !== 'live') throw new BadParameter('The parameter "type" must be "all" or "live".');
    const asked = ids.length + logins.length > 0 ? this.#find(ids, logins) : this.#options.world.live;
    const matching = asked
      .filter(({ category }) => games.length === 0 || games.includes(category.id))
      .filter(({ language }) => languages.length === 0 || languages.includes(language))
      .flatMap((channel) => (channel.broadcast ? [{ channel, broadcast: channel.broadcast }] : []))
      .filter(({ channel }) => !this.#options.faults.takeHidden(channel.id))
      .toSorted((a, b) => b.channel.viewers - a.channel.viewers || (a.channel.id < b.channel.id ? -1 : 1));
    return paged(this.#page(matching, query), ({ channel, broadcast }) => shapeStream(channel, broadcast));
  }

  #page<T>(all: readonly T[], query: URLSearchParams): Page<T> {
    return pageOf(all, readPage(query), () => this.#options.faults.take('helix.cursor_on_last_page'));
  }

  #channels(query: URLSearchParams): Answer {
    const ids = values(query, 'broadcaster_id');
    if (ids.length === 0) throw new BadParameter('Missing required parameter "broadcaster_id"');
    atMost100('broadcaster_id', ids.length);
    return { status: 200, body: { data: this.#find(ids, []).map(shapeChannel) } };
  }

  /** Unknown and suspended ones are silently missing; nobody is listed twice. */
  #find(ids: readonly string[], logins: readonly string[]): readonly SimChannel[] {
    const { world } = this.#options;
    const found = [...ids.map((id) => world.byId(id)), ...logins.map((login) => world.byLogin(login))];
    return [...new Set(found)].filter((channel) => channel !== undefined).filter((channel) => !channel.isSuspended);
  }
}

function atMost100(name: string, count: number): void {
  if (count > 100)
    throw new BadParameter(`The parameter "${name}" may be given at most 100 times, it was given ${count} times.`);
}

const paged = <T>({ rows, cursor }: Page<T>, shape: (row: T) => unknown): Answer => ({
  status: 200,
  body: { data: rows.map(shape), pagination: cursor === undefined ? {} : { cursor } },
});
