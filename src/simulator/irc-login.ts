/** Who may log in to chat: anybody as `justinfan…`, others with a user token of their own. */
import type { IrcSession } from './irc-session.ts';
import type { Tokens } from './tokens.ts';

/** @returns what Twitch says to a login that it refuses; `undefined` when the login is good, and then the account is set. */
export function refusalOf(session: IrcSession, nick: string, tokens: Tokens): string | undefined {
  if (/^justinfan\d+$/.test(nick)) return undefined;
  if (!/^[a-z0-9_]{1,25}$/.test(nick)) return 'Invalid NICK';
  if (!session.pass?.startsWith('oauth:')) return 'Improperly formatted auth';
  const token = tokens.find(session.pass.slice('oauth:'.length));
  const mayRead =
    token?.kind === 'user' && token.login === nick && token.scopes.some((scope) => scope.startsWith('chat:'));
  if (!mayRead) return 'Login authentication failed';
  session.account = token.userId;
  return undefined;
}
