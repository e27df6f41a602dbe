/** The analysts' password: where it is kept, and whether a request carries it. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { exception } from './exception.ts';
import { urlFields } from './statement-request.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface QueryCredentials extends Credentials {
  /** Where the password is kept; undefined when the operator gave it. */
  readonly passwordFile: string | undefined;
}

/** What the operator gave, completed: `analyst` for the user, and a password of our own. */
export async function loadCredentials(
  given: { readonly user?: string; readonly password?: string },
  passwordFile: string,
): Promise<QueryCredentials> {
  const user = given.user ?? 'analyst';
  if (given.password !== undefined) return { user, password: given.password, passwordFile: undefined };
  return { user, password: await keepPassword(passwordFile), passwordFile };
}

/** Reads the password from the file, or draws one and writes it there, for the owner's eyes only. */
async function keepPassword(file: string): Promise<string> {
  try {
    await writeFile(file, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  return (await readFile(file, 'utf8')).trim();
}

/** Looks in the three places where ClickHouse looks. @throws EngineException 516 */
export function checkCredentials(request: IncomingMessage, expected: Credentials): void {
  const given = fromBasic(request) ?? fromHeaders(request) ?? fromQuery(request);
  const isRight =
    given !== undefined && isEqual(given.user, expected.user) && isEqual(given.password, expected.password);
  if (!isRight) throw exception(516, 'Authentication failed: the user or the password is wrong');
}

function fromBasic(request: IncomingMessage): Credentials | undefined {
  const encoded = /^Basic (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { user, password: password.join(':') };
}

function fromHeaders(request: IncomingMessage): Credentials | undefined {
  const user = request.headers['x-clickhouse-user'];
  const password = request.headers['x-clickhouse-key'];
  return typeof user === 'string' && typeof password === 'string' ? { user, password } : undefined;
}

function fromQuery(request: IncomingMessage): Credentials | undefined {
  const fields = urlFields(request);
  const user = fields.get('user');
  const password = fields.get('password');
  return user === null || password === null ? undefined : { user, password };
}

/** Digests first: the comparison then takes the same time whatever the lengths are. */
function isEqual(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
