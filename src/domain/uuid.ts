/** Name-based UUIDs (RFC 9562 §5.5, version 5) for things that Twitch gives no id. */
import { createHash } from 'node:crypto';

/** Our own namespace, drawn once at random. Changing it would give every derived id a new value. */
const namespace = Buffer.from('7b1f3a52c6d84e0fa1946a0d2f5e8b31', 'hex');

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return text.length === 36 && uuidPattern.test(text);
}

/** @param parts joined with a byte that no part contains, so that `['a','bc']` and `['ab','c']` differ. */
export function uuidFrom(...parts: readonly (string | number)[]): string {
  const hash = createHash('sha1').update(namespace).update(parts.join('\u0000')).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
