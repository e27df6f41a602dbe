/** Who may log in to chat (anybody as `justinfan…`, others with a user token of their own), and what they are told then. */
import type { IrcSession } from './irc-session.ts';
import { writeTags } from './tags.ts';
import type { Tokens } from './tokens.ts';

/** The prefix of lines from the server itself. */
export const server = ':tmi.twitch.tv';

const greeting = [
  '001 :Welcome, this gauge is simulated!',
  '002 :Your host is tmi.twitch.tv',
  '003 :This server was made up a moment ago',
  '004 :-',
  '375 :-',
  '372 :Nobody here is real.',
  '376 :>',
];

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

/** The lines that answer a good login. */
export function greetingOf(session: IrcSession, nick: string): readonly string[] {
  const lines = greeting.map((line) => `${server} ${line.slice(0, 3)} ${nick} ${line.slice(4)}`);
  return session.isNamed ? [...lines, `${ownTags(session)}${server} GLOBALUSERSTATE`] : lines;
}

/** The tags that tell a named account about itself. */
export function ownTags({ account, nick = '' }: IrcSession): string {
  const common = { 'badge-info': '', badges: '', color: '', 'emote-sets': '0', 'user-type': '' };
  return writeTags({ ...common, 'display-name': nick, 'user-id': account });
}
