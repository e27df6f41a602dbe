/**
 * The fake Twitch: one HTTP server on one port of the loopback addresses that speaks chat, EventSub, Helix and OAuth over one
 * invented world. All paths are those that `TWURPLE_MOCK_API_PORT` makes twurple use; chat is at `/`.
 */
import type { Service } from '../lib/lifecycle.ts';
import { obey } from './obey.ts';
import { type Order, orderSchema } from './orders.ts';
import { createRandom } from './random.ts';
import type { Replay } from './replay.ts';
import { loadReplay } from './replay-lines.ts';
import { Server } from './server.ts';
import { type Stage, type StageOptions, setStage, simulatedApplication } from './stage.ts';
import type { Account, Grant } from './tokens.ts';
import type { Truth } from './truth.ts';
import type { World } from './world.ts';

export interface SimulatorOptions extends StageOptions {
  /** 0 (default) = any free one. */
  readonly port?: number;
  /** False: nothing happens by itself until `play`; a test drives the world by orders. A replay has its own `begin`. */
  readonly isPlaying?: boolean;
}

/** All members but those of Service need a started simulator: a recording is read at the start. */
export interface Simulator extends Service {
  /** The port it listens on. */
  readonly port: number;
  readonly world: World;
  /** Only with the option `replay`. */
  readonly replay: Replay | undefined;
  /** From now on chat and changes happen by themselves. Later calls do nothing. */
  play(): void;
  /** What it really did so far. */
  truth(): Truth;
  /** No more chat (a replay ends too) and no more changes by themselves. What was sent before is still on its way. */
  freeze(): void;
  /** Forces a happening or a fault; the same as POST /sim/control. @returns what the order yields. */
  order(order: Order): unknown;
  /** A user consents to the first application. The login may be a channel's or anybody's. */
  grant(login: string, scopes: readonly string[]): Grant;
}

const tickMs = 20;

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  return new SimulatedTwitch(options);
}

class SimulatedTwitch implements Simulator {
  readonly name = 'simulator';
  readonly #options: SimulatorOptions;
  #stage: Stage | undefined;
  #server: Server | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
  }

  async start(_signal: AbortSignal, fail: (error: Error) => void): Promise<void> {
    const { replay, port = 0, isPlaying = true } = this.#options;
    const stage = setStage(this.#options, replay ? await loadReplay(replay.file) : undefined);
    this.#stage = stage;
    this.#server = new Server({ ...stage, order: (order) => this.order(order), fail });
    await this.#server.listen(port);
    stage.replay?.watch().catch(fail);
    if (isPlaying) this.play();
  }

  play(): void {
    const { plot, pump, now } = started(this.#stage);
    this.#ticker ??= setInterval(() => {
      plot.step(now());
      pump.step(now());
    }, tickMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    this.#stage?.replay?.stop();
    this.#stage?.irc.stop();
    this.#stage?.eventsub.stop();
    await this.#server?.close();
  }

  get port(): number {
    return started(this.#server).port;
  }

  get world(): World {
    return started(this.#stage).world;
  }

  get replay(): Replay | undefined {
    return started(this.#stage).replay;
  }

  truth(): Truth {
    return started(this.#stage).truth();
  }

  freeze(): void {
    this.order({ order: 'freeze' });
  }

  order(order: Order): unknown {
    const stage = started(this.#stage);
    return obey(orderSchema.parse(order), {
      ...stage,
      grant: (login, scopes) => this.grant(login, scopes),
      account: (login) => this.#account(login),
      eventSubBase: `ws://127.0.0.1:${this.port}`,
    });
  }

  grant(login: string, scopes: readonly string[]): Grant {
    const application = this.#options.applications?.[0] ?? simulatedApplication;
    return started(this.#stage).tokens.issueUser(application.id, this.#account(login), scopes);
  }

  /** The account of a channel of the world, or of somebody who only watches. */
  #account(login: string): Account {
    const channel = this.world.byLogin(login);
    if (channel) return { userId: channel.id, login: channel.login };
    return { userId: String(700_000_000 + createRandom(login).int(90_000_000)), login: login.toLowerCase() };
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the simulator has not been started');
  return part;
}
