/**
 * The only reader of files, flags and environment for settings. All faults are reported at once, each with its path, before
 * anything opens. Precedence: flags, environment, file, defaults.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem } from '../lib/errors.ts';
import { asError } from '../lib/lifecycle.ts';
import { readNotifySettings } from '../ops/systemd.ts';
import { type Config, configSchema, type Secrets, type Surroundings } from './schema.ts';

/** What the command line may set. Values are as typed: the schema judges them. */
export interface Flags {
  readonly config?: string | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly dataDir?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly logLevel?: string | undefined;
  readonly twitchUrl?: string | undefined;
  readonly clickhouseUrl?: string | undefined;
  readonly exposeWithoutToken?: boolean | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** @throws ConfigError with every problem found. */
export function loadConfig(flags: Flags, env: Env = process.env): Config {
  const problems: ConfigProblem[] = [];
  const path = flags.config ?? env.STREAMGAUGE_CONFIG;
  const file = path === undefined ? {} : readFile(path, problems);
  const wanted = withFlags(file, flags, env);
  const parsed = configSchema.safeParse(wanted);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(...problemsOf(issue));
  }
  const secrets = readSecrets(env, problems);
  problems.push(...exposureProblems(wanted.http), ...credentialProblems(secrets));
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return { ...parsed.data, secrets, surroundings: readSurroundings(env) };
}

export function readSurroundings(env: Env = process.env): Surroundings {
  return {
    notify: readNotifySettings(env, process.pid),
    wantsNoColor: env.NO_COLOR !== undefined && env.NO_COLOR !== '',
  };
}

/** Sends twurple to a simulated Twitch; it reads this variable by itself, whenever it makes a request. */
export function pointTwurpleAt(url: string): void {
  process.env.TWURPLE_MOCK_API_PORT = new URL(url).port;
}

function readFile(path: string, problems: ConfigProblem[]): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    problems.push({ path, message: asError(thrown).message });
    return {};
  }
  const document = parseDocument(text, { prettyErrors: true });
  for (const error of document.errors) problems.push({ path, message: error.message.split('\n')[0] ?? error.code });
  if (document.errors.length > 0) return {};
  let content: unknown;
  try {
    content = document.toJS() ?? {};
  } catch (thrown) {
    // An alias that names no anchor shows only here.
    problems.push({ path, message: asError(thrown).message });
    return {};
  }
  if (typeof content === 'object' && !Array.isArray(content)) return content as Record<string, unknown>;
  problems.push({ path, message: 'must hold settings, as `key: value`' });
  return {};
}

function withFlags(file: Record<string, unknown>, flags: Flags, env: Env): Record<string, unknown> {
  const http = {
    host: flags.host?.replace(/^\[(.*)\]$/, '$1'),
    port: flags.port,
    isExposedWithoutToken: flags.exposeWithoutToken,
  };
  // systemd gives a service its own state directory; without one, a directory below where we stand.
  const dataDir = flags.dataDir ?? file.dataDir ?? env.STATE_DIRECTORY;
  return {
    ...file,
    ...given({ channels: flags.channels, dataDir, logLevel: flags.logLevel, twitchUrl: flags.twitchUrl }),
    ...merged('http', file, http),
    ...merged('clickhouse', file, { url: flags.clickhouseUrl }),
  };
}

/** A section of the file with what the flags say on top; nothing where neither says anything. */
function merged(section: string, file: Record<string, unknown>, flags: Record<string, unknown>): object {
  const fromFlags = given(flags);
  const fromFile = file[section] ?? {};
  // What is no section stays as it is, for the schema to refuse.
  if (Object.keys(fromFlags).length === 0 || typeof fromFile !== 'object') return {};
  return { [section]: { ...fromFile, ...fromFlags } };
}

function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function problemsOf(issue: { code?: string; path: PropertyKey[]; message: string; keys?: string[] }): ConfigProblem[] {
  const path = issue.path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => ({
      path: path === '' ? key : `${path}.${key}`,
      message: 'is no known setting',
    }));
  }
  return [{ path: path === '' ? '(file)' : path, message: issue.message }];
}

/** Looks at the settings as written, so that this fault is told together with faults of shape. */
function exposureProblems(http: unknown): ConfigProblem[] {
  const { host, isExposedWithoutToken } = (http ?? {}) as { host?: unknown; isExposedWithoutToken?: unknown };
  if (typeof host !== 'string' || isLoopback(host) || isExposedWithoutToken === true) return [];
  const message = `${host} is reachable from other machines; use 127.0.0.1, or set http.isExposedWithoutToken if that is wanted`;
  return [{ path: 'http.host', message }];
}

function credentialProblems({ twitchClientId, twitchClientSecret }: Secrets): ConfigProblem[] {
  if ((twitchClientId === undefined) === (twitchClientSecret === undefined)) return [];
  const path = twitchClientId === undefined ? 'TWITCH_CLIENT_ID' : 'TWITCH_CLIENT_SECRET';
  return [{ path, message: 'is missing; client id and client secret go together' }];
}

/** Whether an address is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readSecrets(env: Env, problems: ConfigProblem[]): Secrets {
  return {
    twitchClientId: readSecret('TWITCH_CLIENT_ID', env, problems),
    twitchClientSecret: readSecret('TWITCH_CLIENT_SECRET', env, problems),
    clickhousePassword: readSecret('CLICKHOUSE_PASSWORD', env, problems),
  };
}

/** From `NAME`, from the file that `NAME_FILE` names, or from systemd's credential of the same name in lower case with dashes. */
function readSecret(name: string, env: Env, problems: ConfigProblem[]): string | undefined {
  const direct = env[name];
  if (direct !== undefined && direct !== '') return direct;
  const path = env[`${name}_FILE`];
  if (path !== undefined && path !== '') return readSecretFile(`${name}_FILE`, path, problems);
  const directory = env.CREDENTIALS_DIRECTORY;
  if (directory === undefined) return undefined;
  try {
    return readFileSync(join(directory, name.toLowerCase().replaceAll('_', '-')), 'utf8').trim();
  } catch (thrown) {
    // A credential that the unit does not pass is simply not set; one that cannot be read is a fault.
    const error = thrown as NodeJS.ErrnoException;
    if (error.code !== 'ENOENT') problems.push({ path: name, message: error.message });
    return undefined;
  }
}

function readSecretFile(variable: string, path: string, problems: ConfigProblem[]): string | undefined {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret !== '') return secret;
    problems.push({ path: variable, message: `${path} is empty` });
  } catch (thrown) {
    problems.push({ path: variable, message: asError(thrown).message });
  }
  return undefined;
}
