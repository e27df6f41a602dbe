/** `tail`: the feed in a terminal, one line an event, or the frames as they are with `--json`. */
import { styleText } from 'node:util';
import { readSurroundings } from '../config/load.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import { type FeedEvent, readFeed } from './feed-reader.ts';

export interface TailOptions {
  readonly url: string;
  readonly channels?: string;
  readonly types?: string;
  readonly json?: boolean;
}

export async function tail(options: TailOptions, context: CommandContext): Promise<ExitCode> {
  const url = new URL('/v1/feed', options.url);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (options.channels !== undefined) url.searchParams.set('channels', options.channels);
  if (options.types !== undefined) url.searchParams.set('types', options.types);
  const isColored = context.isTerminal && !readSurroundings().wantsNoColor;
  const record = await readFeed({
    url: url.href,
    signal: context.interrupted,
    onEvent: (event) =>
      context.out.write(`${options.json === true ? JSON.stringify(event) : describeEvent(event, isColored)}\n`),
    onConnection: (state, detail) =>
      context.err(state === 'open' ? `connected to ${detail}\n` : `connection lost: ${detail}\n`),
  });
  if (record.refusal !== undefined) {
    context.err(`the feed refused: ${record.refusal}\n`);
    return exitCodes.fault;
  }
  if (record.holes > 0) context.err(`${record.holes} holes: events were missed\n`);
  return exitCodes.done;
}

/** One line: time, channel, what happened. Control characters are cut out: chat is not to steer the terminal. */
export function describeEvent(event: FeedEvent, isColored: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    isColored ? styleText(style, text, { validateStream: false }) : text;
  const time = event.at.slice(11, 19);
  return `${paint('dim', time)} ${paint('cyan', `#${event.ch.login}`)} ${paint(styleOf(event.type), visible(summarize(event)))}`;
}

function summarize({ type, data }: FeedEvent): string {
  const user = data.user as { readonly name?: string } | undefined;
  const text = typeof data.text === 'string' ? data.text : '';
  switch (type) {
    case 'chat.message':
      return `${user?.name ?? ''}: ${text}`;
    case 'stream.online':
    case 'stream.offline':
      return `${type === 'stream.online' ? 'is live' : 'went offline'}: ${String(data.title ?? '')}`;
    default:
      return `${type} ${JSON.stringify(data)}`;
  }
}

function styleOf(type: string): 'reset' | 'green' | 'red' | 'yellow' | 'gray' {
  if (type === 'chat.message') return 'reset';
  if (type === 'stream.online') return 'green';
  if (type === 'stream.offline') return 'red';
  return type.startsWith('stream.') ? 'yellow' : 'gray';
}

function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, '');
}
