import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/lib/errors.ts';
import { authorizeByDevice } from '../../src/tokens/device-flow.ts';
import type { DeviceAnswer, OAuth } from '../../src/tokens/oauth.ts';
import { waitUntil } from '../simulator/support.ts';
import { FakeClock, setScene } from './support.ts';

type Look = DeviceAnswer['outcome'] | Error;

/** A Twitch that answers each look with the next of these words, and the last of them for ever. */
function scripted(looks: readonly Look[]) {
  const clock = new FakeClock();
  const stop = new AbortController();
  let asked = 0;
  const oauth: Pick<OAuth, 'beginDevice' | 'askDevice'> = {
    beginDevice: async () => ({
      deviceCode: 'd',
      userCode: 'ABCD',
      verificationUri: 'https://www.twitch.tv/activate',
      expiresInSeconds: 1_800,
      intervalSeconds: 5,
    }),
    async askDevice() {
      const look = looks[Math.min(asked++, looks.length - 1)] ?? 'pending';
      if (look instanceof Error) throw look;
      const grant = { accessToken: 'a', refreshToken: 'r', scopes: [], expiresInSeconds: 1 };
      return look === 'granted' ? { outcome: look, grant } : { outcome: look };
    },
  };
  const consent = authorizeByDevice({ oauth, scopes: [], print: () => {}, clock, signal: stop.signal });
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  consent.then(over, over);
  return { clock, stop, consent, asked: () => asked, isOver: () => isOver };
}

/** Moves the clock to the next look until the flow is over. */
async function runOut(flow: ReturnType<typeof scripted>): Promise<void> {
  while (!flow.isOver()) {
    if (flow.clock.asleep > 0) flow.clock.advance(flow.clock.sleeps.at(-1) ?? 0);
    await Promise.resolve();
  }
}

describe('the device flow', () => {
  it('prints the code, waits for the user, and gets a token that works', async () => {
    const { simulator, oauth, clock } = await setScene();
    const lines: string[] = [];
    const consent = authorizeByDevice({
      oauth,
      scopes: ['user:read:chat', 'bits:read'],
      print: (line) => lines.push(line),
      clock,
      signal: new AbortController().signal,
    });
    await waitUntil(() => clock.asleep === 1);
    const userCode = /code (\w+)/.exec(lines.join('\n'))?.[1] ?? '';
    expect(lines[0]).toContain('twitch.tv/activate');
    clock.advance(5_000);
    await waitUntil(() => clock.asleep === 1);
    simulator.order({ order: 'approve_device', userCode, login: 'watcher' });
    clock.advance(5_000);
    const result = await consent;
    expect(result).toMatchObject({ outcome: 'granted', grant: { scopes: ['user:read:chat', 'bits:read'] } });
    const accessToken = result.outcome === 'granted' ? result.grant.accessToken : '';
    expect(await oauth.validate(accessToken)).toMatchObject({ user: { login: 'watcher' } });
  });

  const unreachable = new UpstreamError('no network', { retry: true });
  it.each<[string, readonly Look[], string]>([
    ['granted after a while', ['pending', 'pending', 'granted'], 'granted'],
    ['granted after a failing network', ['pending', unreachable, unreachable, 'granted'], 'granted'],
    ['refused by the user', ['pending', 'denied'], 'denied'],
    ['called over by Twitch', ['pending', 'expired'], 'expired'],
    ['never answered', ['pending'], 'expired'],
  ])('ends when it is %s', async (_what, looks, outcome) => {
    const flow = scripted(looks);
    await runOut(flow);
    expect(await flow.consent).toMatchObject({ outcome });
  });

  it('asks less often when told to', async () => {
    const flow = scripted(['slow_down', 'pending', 'slow_down', 'granted']);
    await runOut(flow);
    expect(flow.clock.sleeps).toEqual([5_000, 10_000, 10_000, 15_000]);
  });

  it('can be cancelled', async () => {
    const flow = scripted(['pending']);
    await waitUntil(() => flow.clock.asleep === 1);
    flow.stop.abort();
    expect(await flow.consent).toEqual({ outcome: 'cancelled' });
    expect(flow.asked()).toBe(0);
  });

  it('does not go on when Twitch refuses the application', async () => {
    const flow = scripted([new UpstreamError('wrong credentials', { retry: false })]);
    await runOut(flow);
    await expect(flow.consent).rejects.toMatchObject({ retry: false });
  });
});
