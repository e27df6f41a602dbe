/**
 * Every setting: its shape, default and description, in one strict schema. Unknown keys are errors. Secrets are not here:
 * they come from the environment or from files, so that a configuration file can be shown to others.
 */
import { z } from 'zod';
import { isAlignedInterval } from '../lib/schedule.ts';
import { logLevels } from '../ops/log.ts';
import type { NotifySettings } from '../ops/systemd.ts';

/** Twitch's rule for logins: 1 to 25 letters, digits and underscores. */
const login = z
  .string()
  .transform((text) => text.trim().replace(/^#/, '').toLowerCase())
  .pipe(z.string().regex(/^[a-z0-9_]{1,25}$/, 'is no Twitch login (letters, digits and _; at most 25)'));

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'is no http:// or https:// URL' })
  // It is printed and logged: no place for a secret.
  .refine(
    (url) => !URL.canParse(url) || (new URL(url).password === '' && new URL(url).username === ''),
    'must not hold a user or password',
  );

/** twurple takes only the port of a simulated Twitch, and looks for it on this machine. */
const simulatorUrl = z
  .string()
  .regex(
    /^http:\/\/(127\.0\.0\.1|localhost):\d{1,5}\/?$/,
    'must be http://127.0.0.1:PORT, a simulated Twitch on this machine',
  );

const chat = z.strictObject({
  isEnabled: z.boolean().default(true).describe('Listen to chat.'),
  channelsPerConnection: z
    .number()
    .int()
    .min(1)
    .max(95)
    .default(90)
    .describe('Channels on one chat connection. Twitch answers reliably below about 100.'),
  joinsPer10Seconds: z
    .number()
    .int()
    .min(1)
    .max(2000)
    .default(20)
    .describe('JOINs in 10 seconds over all connections. 20 is what Twitch allows an ordinary account.'),
});

const helix = z.strictObject({
  streamsEverySeconds: z
    .number()
    .refine(isAlignedInterval, 'must divide a minute, or an hour in whole minutes (such as 10, 30, 60, 300)')
    .default(30)
    .describe('How often Helix is asked who is live.'),
  offlineAfterMisses: z
    .number()
    .int()
    .min(2)
    .default(3)
    .describe('Sweeps in a row that must miss a live channel before it counts as offline.'),
  offlineAfterSeconds: z
    .number()
    .int()
    .min(0)
    .default(120)
    .describe("And the least time from the first of them to the last: Twitch's own caches flap for about a minute."),
});

const clickhouse = z.strictObject({
  url: httpUrl
    .nullable()
    .default(null)
    .describe('A ClickHouse server, as `http://host:8123`. `null` starts the embedded engine.'),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'is no plain identifier')
    .default('streamgauge')
    .describe('Database of the tables; created if missing.'),
  username: z.string().min(1).default('default').describe('User on the ClickHouse server.'),
  queryPort: z
    .number()
    .int()
    .min(0)
    .max(65535)
    .nullable()
    .default(8788)
    .describe('Loopback port on which analysts query the embedded engine; 0 takes a free one, `null` opens none.'),
  memoryMb: z.number().int().min(256).default(1000).describe('Memory limit of the embedded engine.'),
});

const writer = z.strictObject({
  flushMs: z.number().int().min(10).max(60_000).default(1000).describe('A row waits at most this long for its INSERT.'),
  flushRows: z.number().int().min(1).max(100_000).default(5000).describe('Rows that fill an INSERT.'),
  maxBufferedMb: z
    .number()
    .int()
    .min(1)
    .default(256)
    .describe('Rows held in memory while ClickHouse is away. Beyond it new rows are dropped and counted.'),
});

const http = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(8787)
    .describe('Port of dashboard, API and feed; 0 takes a free one.'),
  isExposedWithoutToken: z
    .boolean()
    .default(false)
    .describe('Must be set to listen on anything but loopback: everybody who reaches the port can read everything.'),
  allowedHosts: z
    .array(z.string().min(1))
    .default([])
    .describe('Further names by which clients may call us (`Host` header), beside loopback and the address itself.'),
  allowedOrigins: z
    .array(z.string().min(1))
    .default([])
    .describe('Further web origins whose pages may connect, as `https://example.org`.'),
});

const feed = z.strictObject({
  engine: z
    .enum(['auto', 'uws', 'ws'])
    .default('auto')
    .describe('Websocket engine. `auto` takes uWebSockets.js where its binary loads, else ws.'),
  maxConnections: z.number().int().min(1).default(1000).describe('Websocket clients at the same time.'),
  maxConnectionsPerAddress: z
    .number()
    .int()
    .min(1)
    .default(20)
    .describe(
      'Websocket clients from one address at the same time; loopback is not limited. A proxy counts as one address.',
    ),
  maxUnreadKb: z
    .number()
    .int()
    .min(64)
    .max(3072)
    .default(256)
    .describe('A client that leaves more than this unread is told so and closed.'),
});

export const configSchema = z.strictObject({
  channels: z.array(login).prefault([]).describe('Logins of the channels to watch.'),
  dataDir: z
    .string()
    .min(1)
    .default('./data')
    .describe('Where the embedded ClickHouse and everything else that must survive a restart lives.'),
  twitchUrl: simulatorUrl
    .nullable()
    .default(null)
    .describe('A simulated Twitch instead of the real one, as printed by `streamgauge simulate`.'),
  logLevel: z.enum(logLevels).default('info').describe('Least severity that is logged.'),
  stopTimeoutSeconds: z
    .number()
    .int()
    .min(1)
    .max(3600)
    .default(10)
    .describe('Time for an orderly stop; what is not done by then is given up and said.'),
  chat: chat.prefault({}).describe('Chat.'),
  helix: helix.prefault({}).describe('Polls of the Helix API. They need credentials.'),
  clickhouse: clickhouse.prefault({}).describe('Storage.'),
  writer: writer.prefault({}).describe('Batches on their way to ClickHouse.'),
  http: http.prefault({}).describe('Dashboard, API and feed.'),
  feed: feed.prefault({}).describe('The websocket feed.'),
});

/** All settings, complete. */
export type Settings = z.output<typeof configSchema>;

/** What must never stand in a file that is shown around. */
export interface Secrets {
  readonly twitchClientId: string | undefined;
  readonly twitchClientSecret: string | undefined;
  readonly clickhousePassword: string | undefined;
}

/** What the process's surroundings say: the service manager and the terminal (no-color.org). */
export interface Surroundings {
  readonly notify: NotifySettings | undefined;
  readonly wantsNoColor: boolean;
}

export interface Config extends Settings {
  readonly secrets: Secrets;
  readonly surroundings: Surroundings;
}
