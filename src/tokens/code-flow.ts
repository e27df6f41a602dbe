/**
 * A user's consent through a browser on this machine: a server on the loopback address waits for the one visit that Twitch sends
 * the browser on. A visit without our `state` is somebody else's: it is turned away and the wait goes on.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { deferred } from '../lib/lifecycle.ts';
import type { Consent } from './device-flow.ts';
import type { OAuth } from './oauth.ts';

export interface CodeFlowOptions {
  readonly clientId: string;
  readonly oauth: Pick<OAuth, 'redeemCode'>;
  readonly scopes: readonly string[];
  /**
   * As registered with Twitch, to the letter: `http://localhost:PORT/PATH`. The server listens on its port on 127.0.0.1.
   */
  readonly redirectUri: string;
  readonly print: (line: string) => void;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

type Visit =
  | { readonly outcome: 'code'; readonly code: string }
  | { readonly outcome: 'denied' }
  | { readonly outcome: 'cancelled' };

const authorizeUrl = 'https://id.twitch.tv/oauth2/authorize';

/** @throws UpstreamError when Twitch does not answer or refuses the application; an error of `listen` when the port is taken. */
export async function authorizeByCode(options: CodeFlowOptions): Promise<Consent> {
  const { clientId, oauth, scopes, redirectUri, print, signal } = options;
  const state = randomBytes(16).toString('hex');
  const { promise: visit, resolve: arrive } = deferred<Visit>();
  const server = serveCallback(new URL(redirectUri).pathname, state, arrive);
  const cancel = () => arrive({ outcome: 'cancelled' });
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    await listen(server, Number(new URL(redirectUri).port || 80));
    const query = {
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: scopes.join(' '),
      state,
    };
    print(`Open ${authorizeUrl}?${new URLSearchParams(query)}`);
    const arrived = await visit;
    if (arrived.outcome !== 'code') return arrived;
    const answer = await oauth.redeemCode(arrived.code, redirectUri);
    return answer.outcome === 'granted' ? answer : { outcome: 'expired' };
  } finally {
    signal.removeEventListener('abort', cancel);
    await close(server);
  }
}

function serveCallback(path: string, state: string, arrive: (visit: Visit) => void): Server {
  let isOver = false;
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const answer = (status: number, text: string) => {
      const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', connection: 'close' };
      response.writeHead(status, headers).end(page(text));
    };
    if (request.method !== 'GET' || url.pathname !== path) return answer(404, 'There is nothing here.');
    if (isOver) return answer(410, 'This has been done already.');
    if (!isEqual(url.searchParams.get('state') ?? '', state)) return answer(400, 'This visit was not asked for.');
    const code = url.searchParams.get('code');
    isOver = true;
    const isGranted = code !== null && code !== '';
    answer(
      200,
      isGranted ? 'Thank you. You can close this page.' : 'The authorisation was refused. Nothing was stored.',
    );
    response.once('close', () => arrive(isGranted ? { outcome: 'code', code } : { outcome: 'denied' }));
  });
}

const page = (text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>streamgauge</title><p>${text}</p></html>\n`;

/** Takes the same time wherever they differ. */
function isEqual(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
