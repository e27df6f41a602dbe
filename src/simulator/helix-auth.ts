/** The gate before every Helix call: who asks, may they, and have they points left. */
import { type Answer, type Request, refuse } from './http.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Token, Tokens } from './tokens.ts';

export type Admission =
  | { readonly token: Token; readonly headers: NonNullable<Answer['headers']> }
  | { readonly refusal: Answer };

/** The rate-limit headers go on every answer, refused or not. Without a good token nobody's bucket is touched. */
export function admit(request: Request, tokens: Tokens, rateLimit: RateLimit): Admission {
  const refusal = (message: string): Admission => ({ refusal: refuse(401, message, rateLimit.idle()) });
  const value = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const clientId = request.headers['client-id'];
  if (value === undefined) return refusal('OAuth token is missing');
  const token = tokens.find(value);
  if (!token) return refusal('Invalid OAuth token');
  if (typeof clientId !== 'string') return refusal('Client ID is missing');
  if (token.clientId !== clientId) return refusal('Client ID and OAuth token do not match');
  const { isAllowed, headers } = rateLimit.spend(token.kind === 'user' ? `${clientId}/${token.userId}` : clientId);
  return isAllowed ? { token, headers } : { refusal: refuse(429, 'Too Many Requests', headers) };
}
