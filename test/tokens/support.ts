/** A clock that tests move, a store in memory, and a scene on a simulated Twitch that lives by the same clock. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach } from 'vitest';
import { pointTwurpleAt } from '../../src/config/load.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import type { Clock } from '../../src/tokens/clock.ts';
import { createOAuth, type OAuth, type OAuthOptions } from '../../src/tokens/oauth.ts';
import type { StoredToken, TokenStore } from '../../src/tokens/token-store.ts';
import { createTokenMetrics, createTokens, type Tokens, type TokensOptions } from '../../src/tokens/tokens.ts';
import { closeAfterwards, startSimulator } from '../simulator/support.ts';

afterEach(() => {
  delete process.env.TWURPLE_MOCK_API_PORT;
});

export const hourMs = 3_600_000;

export class FakeClock implements Clock {
  #elapsed = 0;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: (whole: boolean) => void }>();
  readonly sleeps: number[] = [];

  now = (): number => 1_700_000_000_000 + this.#elapsed;
  elapsed = (): number => this.#elapsed;

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    this.sleeps.push(ms);
    return new Promise((resolve) => {
      const leave = () => this.#sleepers.delete(sleeper) && resolve(false);
      const wake = (whole: boolean) => {
        signal?.removeEventListener('abort', leave);
        resolve(whole);
      };
      const sleeper = { at: this.#elapsed + ms, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  get asleep(): number {
    return this.#sleepers.size;
  }

  advance(ms: number): void {
    this.#elapsed += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#elapsed) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake(true);
    }
  }
}

export function createMemoryStore(): TokenStore & { readonly tokens: Map<string, StoredToken>; failures: number } {
  const tokens = new Map<string, StoredToken>();
  return {
    tokens,
    failures: 0,
    list: async () => [...tokens.values()],
    load: async (userId) => tokens.get(userId),
    async save(token) {
      if (this.failures-- > 0) throw new Error('ENOSPC: no space left on device');
      tokens.set(token.userId, token);
    },
    async remove(userId) {
      tokens.delete(userId);
    },
    exclusively: (_userId, work) => work(),
  };
}

export interface Scene {
  readonly simulator: Simulator;
  readonly clock: FakeClock;
  readonly oauth: OAuth;
  /** `token 200` → how often. */
  requests(): Record<string, number>;
}

export async function setScene(options: SimulatorOptions = {}, oauth: Partial<OAuthOptions> = {}): Promise<Scene> {
  const clock = new FakeClock();
  const simulator = await startSimulator({ now: clock.now, ...options });
  pointTwurpleAt(`http://127.0.0.1:${simulator.port}`);
  const { id: clientId, secret: clientSecret } = simulatedApplication;
  return {
    simulator,
    clock,
    oauth: createOAuth({ clientId, clientSecret, ...oauth }),
    requests: () =>
      Object.fromEntries(
        Object.entries(simulator.truth().helix.requests).flatMap(([what, count]) => {
          const match = /\/auth\/(.+)$/.exec(what);
          return match ? [[match[1] ?? '', count]] : [];
        }),
      ),
  };
}

/** Not started. */
export function makeTokens(scene: Scene, options: Partial<TokensOptions> = {}): Tokens {
  const tokens = createTokens({
    clientId: simulatedApplication.id,
    clientSecret: simulatedApplication.secret,
    store: createMemoryStore(),
    log: pino({ level: 'silent' }),
    metrics: createTokenMetrics(new Registry()),
    clock: scene.clock,
    ...options,
  });
  closeAfterwards(() => tokens.stop(AbortSignal.abort()));
  return tokens;
}

/** The record of a user who has consented in the scene. */
export function grantedToken({ simulator, clock }: Scene, login = 'watcher'): StoredToken {
  const grant = simulator.grant(login, ['user:read:chat']);
  return {
    userId: login,
    login,
    clientId: simulatedApplication.id,
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken,
    scopes: [...grant.scopes],
    obtainedAt: clock.now(),
    expiresAt: clock.now() + grant.expiresInSeconds * 1_000,
  };
}

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-tokens-'));
  closeAfterwards(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything that a log line could get out of an error. */
export function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = JSON.stringify(error, Object.getOwnPropertyNames(error));
  return `${own} ${error.cause === undefined ? '' : everythingIn(error.cause)}`;
}
