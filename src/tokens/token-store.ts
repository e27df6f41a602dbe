/**
 * Where users' tokens are kept between runs. Both tokens of a user are one record, saved whole: a refresh token works once, so a
 * record that holds the old one beside the new one logs the user out.
 */
import { z } from 'zod';
import type { UserGrant } from './oauth.ts';

export const storedToken = z.strictObject({
  userId: z.string().min(1),
  login: z.string(),
  clientId: z.string().min(1),
  accessToken: z.string().min(1),
  /** Without one, the user has to consent again when the access token ends. */
  refreshToken: z.string().min(1).nullable(),
  scopes: z.array(z.string()),
  /** ms since the epoch. */
  obtainedAt: z.number(),
  expiresAt: z.number(),
});
export type StoredToken = z.infer<typeof storedToken>;

/** A file here; a server that several daemons share can be one as well, so every call may wait and fail. */
export interface TokenStore {
  list(): Promise<readonly StoredToken[]>;
  load(userId: string): Promise<StoredToken | undefined>;
  /** Replaces the user's record. When it resolves, the record outlives a crash of this process and of the machine. */
  save(token: StoredToken): Promise<void>;
  /** No error when there is none. */
  remove(userId: string): Promise<void>;
  /**
   * Runs `work` while nobody else who shares this store does so for the same user. A store that several daemons share
   * takes a lease that ends by itself; within one process the caller already sees to it.
   */
  exclusively<T>(userId: string, work: () => Promise<T>): Promise<T>;
}

/** @param about.obtainedAt when Twitch gave it, ms since the epoch. */
export function toStoredToken(
  grant: UserGrant,
  about: Pick<StoredToken, 'userId' | 'login' | 'clientId' | 'obtainedAt'>,
): StoredToken {
  const { userId, login, clientId, obtainedAt } = about;
  return {
    userId,
    login,
    clientId,
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken ?? null,
    scopes: [...grant.scopes],
    obtainedAt,
    expiresAt: obtainedAt + grant.expiresInSeconds * 1_000,
  };
}
