/**
 * A user's consent without a browser on this machine: shows a code, and waits until it has been typed in at Twitch.
 * A network that fails for a while does not end the wait; only the user or the code's age does.
 */
import { UpstreamError } from '../lib/errors.ts';
import type { Clock } from './clock.ts';
import type { DeviceAnswer, OAuth, UserGrant } from './oauth.ts';

export interface DeviceFlowOptions {
  readonly oauth: Pick<OAuth, 'beginDevice' | 'askDevice'>;
  readonly scopes: readonly string[];
  readonly print: (line: string) => void;
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

export type Consent =
  | { readonly outcome: 'granted'; readonly grant: UserGrant }
  | { readonly outcome: 'denied' | 'expired' | 'cancelled' };

/** RFC 8628 §3.5: so much longer between two looks after `slow_down`. */
const slowerByMs = 5_000;

/** @throws UpstreamError when no code can be had, or when Twitch refuses the application. */
export async function authorizeByDevice(options: DeviceFlowOptions): Promise<Consent> {
  const { oauth, scopes, print, clock, signal } = options;
  const code = await oauth.beginDevice(scopes);
  const endsAt = clock.elapsed() + code.expiresInSeconds * 1_000;
  let intervalMs = code.intervalSeconds * 1_000;
  print(`Open ${code.verificationUri}`);
  print(`and enter the code ${code.userCode} (it works for ${Math.floor(code.expiresInSeconds / 60)} minutes).`);
  while (await clock.sleep(intervalMs, signal)) {
    if (clock.elapsed() >= endsAt) return { outcome: 'expired' };
    const answer = await ask(options, code.deviceCode);
    if (answer.outcome === 'slow_down') intervalMs += slowerByMs;
    else if (answer.outcome === 'granted') return answer;
    else if (answer.outcome !== 'pending') return { outcome: answer.outcome };
  }
  return { outcome: 'cancelled' };
}

async function ask({ oauth, scopes }: DeviceFlowOptions, deviceCode: string): Promise<DeviceAnswer> {
  try {
    return await oauth.askDevice(deviceCode, scopes);
  } catch (thrown) {
    if (thrown instanceof UpstreamError && thrown.retry) return { outcome: 'pending' };
    throw thrown;
  }
}
