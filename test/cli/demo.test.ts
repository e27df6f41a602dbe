import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamgauge-demo-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

const tags = (n: number) =>
  `id=00000000-0000-4000-8000-${String(n).padStart(12, '0')};room-id=900;tmi-sent-ts=${1_700_000_000_000 + n};user-id=${n}`;
const lines = [
  ...Array.from(
    { length: 300 },
    (_, i) => `@${tags(i)} :wren!wren@wren.tmi.twitch.tv PRIVMSG #gaugetown :line ${i} ≈ 🌊`,
  ),
  '@room-id=900;target-user-id=5;tmi-sent-ts=1700000000001 :tmi.twitch.tv CLEARCHAT #gaugetown :eel',
  `@${tags(999)};login=wren;msg-id=brandnewkind :tmi.twitch.tv USERNOTICE #gaugetown`,
  '@cut;off=in;the=tags',
  ':tmi.twitch.tv P!NG',
  '@a=b :tmi.twitch.tv NONSENSE #gaugetown :?',
];

describe('demo', { timeout: 60_000 }, () => {
  it('plays the world, ends by itself, and everything agrees', async () => {
    const { code, out, err } = await runCli(['demo', '--for', '4s', '--json', '--port', '0', '--changes', '240']);
    expect(err).toMatch(/dashboard {2}http:/);
    const report = JSON.parse(out);
    expect(report.differences).toEqual([]);
    expect(report).toMatchObject({ lost: 0, changes: { missed: 0, spurious: 0 }, feed: { clients: 3, holes: 0 } });
    expect(report.chat.stored).toBeGreaterThan(50);
    expect(report.changes.truth).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('exits with 1 when a row is lost', async () => {
    const { code, out } = await runCli(['demo', '--for', '2s', '--json', '--port', '0', '--drop-row', '25']);
    expect(JSON.parse(out)).toMatchObject({ lost: 1 });
    expect(code).toBe(1);
  });

  it('replays a recording: one row for every line of a kind that is kept, the others counted by reason', async () => {
    const file = join(directory, 'lines.txt');
    writeFileSync(file, lines.join('\r\n'));
    const { code, out } = await runCli(['demo', '--replay', file, '--rate', 'max', '--json', '--port', '0']);
    expect(JSON.parse(out)).toMatchObject({
      chat: {
        byCommand: {
          PRIVMSG: { sent: 300, stored: 300 },
          CLEARCHAT: { sent: 1, stored: 1 },
          USERNOTICE: { sent: 1, stored: 1 },
        },
        rejected: { no_command: 1, bad_command: 1, unknown_command: 1 },
      },
      differences: [],
    });
    expect(code).toBe(0);
  });
});
