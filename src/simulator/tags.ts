/** The escaping of IRCv3 message tags, in the one direction that a server needs. */

const escapes: Readonly<Record<string, string>> = { ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' };

/** @see https://ircv3.net/specs/extensions/message-tags#escaping-values */
export function escapeTag(value: string): string {
  return value.replace(/[; \\\r\n]/g, (char) => escapes[char] ?? char);
}

/** `@a=1;b=2 `, keys in the order of Twitch (alphabetical), with the space that follows. */
export function writeTags(tags: Readonly<Record<string, string | number>>): string {
  const pairs = Object.keys(tags)
    .toSorted()
    .map((key) => `${key}=${escapeTag(String(tags[key]))}`);
  return `@${pairs.join(';')} `;
}
