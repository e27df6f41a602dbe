/** `simulate`: only the fake Twitch, for programs that want one to talk to. */
import { pause } from '../lib/lifecycle.ts';
import { createSimulator, type SimulatorOptions } from '../simulator/simulator.ts';
import { simulatedApplication } from '../simulator/stage.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';

/** The numbers of the world that the command line can set. */
export interface WorldFlags {
  readonly channels: number;
  readonly rate?: number | 'max';
  readonly changes: number;
  readonly seed: number;
  readonly replay?: string;
}

export interface SimulateOptions extends WorldFlags {
  readonly port: number;
}

const defaultMessagesPerSecond = 50;

export function worldOptions(flags: WorldFlags): SimulatorOptions {
  const world = { seed: flags.seed, changesPerMinute: flags.changes };
  if (flags.replay !== undefined) {
    return { ...world, changesPerMinute: 0, replay: { file: flags.replay, rate: flags.rate ?? 100 } };
  }
  return {
    ...world,
    channels: flags.channels,
    messagesPerSecond: flags.rate === 'max' ? defaultMessagesPerSecond : (flags.rate ?? defaultMessagesPerSecond),
  };
}

export async function simulate(options: SimulateOptions, context: CommandContext): Promise<ExitCode> {
  const simulator = createSimulator({ ...worldOptions(options), port: options.port });
  try {
    await simulator.start(context.interrupted, (error) => {
      throw error;
    });
    const { port, world } = simulator;
    const logins = world.channels.slice(0, 3).map(({ login }) => login);
    context.err(
      [
        `A simulated Twitch with ${world.channels.length} channels. Point a daemon at it:`,
        '',
        `  TWITCH_CLIENT_ID=${simulatedApplication.id} TWITCH_CLIENT_SECRET=${simulatedApplication.secret} \\`,
        `    streamgauge run --twitch-url http://127.0.0.1:${port} --channels ${logins.join(',')}`,
        '',
        `  chat      ws://127.0.0.1:${port}/            truth    http://127.0.0.1:${port}/sim/truth`,
        `  Helix     http://127.0.0.1:${port}/mock/     control  http://127.0.0.1:${port}/sim/control`,
        `  EventSub  ws://127.0.0.1:${port}/ws          OAuth    http://127.0.0.1:${port}/auth/`,
        '',
        `  for programs that use twurple: TWURPLE_MOCK_API_PORT=${port}`,
        '',
      ].join('\n'),
    );
    while (!context.interrupted.aborted) await pause(2 ** 31 - 1, context.interrupted);
    return exitCodes.done;
  } finally {
    await simulator.stop(AbortSignal.abort());
  }
}
