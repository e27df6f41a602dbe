import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Flags, loadConfig } from '../../src/config/load.ts';
import { renderReference } from '../../src/config/reference.ts';
import { ConfigError } from '../../src/lib/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'streamgauge-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(flags: Flags, env: Record<string, string> = {}): Record<string, string> {
  try {
    loadConfig(flags, env);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return Object.fromEntries(thrown.problems.map((p) => [p.path, p.message]));
    throw thrown;
  }
  return {};
}

describe('the configuration', () => {
  it('needs no file', () => {
    expect(loadConfig({}, {})).toMatchObject({ channels: [], http: { host: '127.0.0.1', port: 8787 } });
  });

  it('takes flags before the file and the file before defaults', () => {
    const config = write('a.yaml', 'channels: [one]\nhttp: { port: 9000 }\nlogLevel: warn\n');
    expect(loadConfig({ config, channels: ['#Two'], port: 0 }, {})).toMatchObject({
      channels: ['two'],
      http: { port: 0 },
      logLevel: 'warn',
    });
    expect(loadConfig({}, { STREAMGAUGE_CONFIG: config })).toMatchObject({ channels: ['one'], http: { port: 9000 } });
  });

  it('tells every fault at once, each with its path', () => {
    const config = write(
      'faulty.yaml',
      'channels: [fine, "two words"]\nchannnels: []\nhttp: { host: 0.0.0.0, port: 70000, prot: 1 }\nhelix: { streamsEverySeconds: 7 }\nclickhouse: { url: "nonsense" }\n',
    );
    const problems = problemsOf(
      { config, logLevel: 'loud' },
      { TWITCH_CLIENT_ID: 'x', CLICKHOUSE_PASSWORD_FILE: '/no/such' },
    );
    expect(Object.keys(problems).sort()).toEqual(
      [
        'CLICKHOUSE_PASSWORD_FILE',
        'TWITCH_CLIENT_SECRET',
        'channels[1]',
        'channnels',
        'clickhouse.url',
        'helix.streamsEverySeconds',
        'http.host',
        'http.port',
        'http.prot',
        'logLevel',
      ].sort(),
    );
  });

  it('says which file is missing and where YAML is broken', () => {
    expect(Object.keys(problemsOf({ config: '/no/such/file.yaml' }))).toEqual(['/no/such/file.yaml']);
    const broken = write('broken.yaml', 'channels: [one\nhttp: {');
    expect(problemsOf({ config: broken })[broken]).toMatch(/line 2/);
    const list = write('list.yaml', '- one');
    expect(problemsOf({ config: list })).toHaveProperty([list]);
  });

  it('takes secrets from variables, files and systemd credentials', () => {
    const credentials = join(directory, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'clickhouse-password'), 'from systemd\n');
    const secret = write('secret', 'from a file\n');
    const env = { TWITCH_CLIENT_ID: 'id', TWITCH_CLIENT_SECRET_FILE: secret, CREDENTIALS_DIRECTORY: credentials };
    expect(loadConfig({}, env).secrets).toEqual({
      twitchClientId: 'id',
      twitchClientSecret: 'from a file',
      clickhousePassword: 'from systemd',
    });
  });

  it('listens beyond loopback only when told so twice', () => {
    expect(problemsOf({ host: '0.0.0.0' })).toHaveProperty(['http.host']);
    expect(problemsOf({ host: '0.0.0.0', exposeWithoutToken: true })).toEqual({});
    expect(problemsOf({ host: '::1' })).toEqual({});
  });

  it('takes no password within an address, which is printed and logged', () => {
    expect(problemsOf({ clickhouseUrl: 'http://user:secret@ch:8123' })).toHaveProperty(['clickhouse.url']);
  });

  it('lives in the state directory that systemd gives', () => {
    expect(loadConfig({}, { STATE_DIRECTORY: '/var/lib/streamgauge' }).dataDir).toBe('/var/lib/streamgauge');
  });
});

describe('what is shipped', () => {
  const shipped = (name: string) => fileURLToPath(new URL(`../../config/${name}`, import.meta.url));

  it('has an example that says what the defaults are', () => {
    expect(loadConfig({ config: shipped('streamgauge.example.yaml') }, {})).toEqual(loadConfig({}, {}));
  });

  it('has the reference that the schema gives (`streamgauge check-config --reference` prints it)', () => {
    expect(readFileSync(shipped('README.md'), 'utf8')).toContain(renderReference());
  });
});
