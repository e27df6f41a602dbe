import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { duration, runProgram } from '../../src/cli/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'streamgauge-cli-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function run(...args: string[]) {
  const out = new PassThrough();
  let err = '';
  const code = await runProgram(args, {
    out,
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    columns: 80,
    interrupted: new AbortController().signal,
    hurried: new AbortController().signal,
  });
  out.end();
  return { code, out: await textOf(out), err };
}

describe('the command line', () => {
  it.each([[], ['run'], ['demo'], ['simulate'], ['tail'], ['check-config'], ['migrate'], ['sql']])(
    'helps with %s',
    async (...args) => {
      const { code, out } = await run(...args.filter((arg) => arg !== undefined), '--help');
      expect(code).toBe(0);
      expect(out).toMatch(/^Usage: streamgauge/);
    },
  );

  it.each([
    [['dmeo'], 'Did you mean demo?'],
    [['demo', '--for', 'ages'], 'no duration'],
    [['demo', '--channels', 'many'], 'no whole number'],
    [['run', '--nonsense'], '--nonsense'],
    [['demo', '--rate', 'max'], '--replay'],
  ])('exits with 2 on %j and says why', async (args, reason) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(reason);
  });

  it('exits with 78 on settings that cannot work, and names each', async () => {
    const config = join(directory, 'bad.yaml');
    writeFileSync(config, 'chanels: [a]\nhttp: { port: -1 }\n');
    for (const command of ['check-config', 'run']) {
      const { code, err } = await run(command, '--config', config);
      expect(code).toBe(78);
      expect(err).toMatch(/http\.port: .*\n.*chanels: /);
    }
  });

  it('does not run without a channel', async () => {
    const { code, err } = await run('run');
    expect(code).toBe(78);
    expect(err).toContain('--channels');
  });

  it('prints what a good configuration comes to, without its secrets', async () => {
    const { code, out } = await run('check-config', '--channels', 'One,#two');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      channels: ['one', 'two'],
      secrets: { twitchClientSecret: expect.any(String) },
    });
  });

  it('says when a daemon cannot be reached by tail', async () => {
    const leaving = new AbortController();
    let err = '';
    const code = await runProgram(['tail', '--url', 'http://127.0.0.1:1'], {
      out: new PassThrough(),
      err: (text) => {
        err += text;
        leaving.abort('SIGINT');
      },
      isTerminal: false,
      columns: 80,
      interrupted: leaving.signal,
      hurried: leaving.signal,
    });
    expect(code).toBe(0);
    expect(err).toContain('connection lost');
  });
});

describe('duration', () => {
  it.each([
    ['30s', 30_000],
    ['30', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['250ms', 250],
  ])('%s is %i ms', (text, ms) => {
    expect(duration(text)).toBe(ms);
  });
});
