/** Serves one known file of ours: read at its first request, then from memory. Paths never come from a request. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Handler } from 'hono';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** For pages: nothing inline and nothing from elsewhere, so that what chat and titles bring cannot become code. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface LoadedFile {
  readonly body: Buffer<ArrayBuffer>;
  readonly etag: string;
}

/** @param file absolute path or `file:` URL; its ending must be html, css, js or svg. */
export function serveFile(file: string | URL): Handler {
  const ending = extname(file instanceof URL ? file.pathname : file);
  const mediaType = mediaTypes[ending];
  if (mediaType === undefined) throw new TypeError(`no media type is known for ${file}`);
  const policy = ending === '.html' ? { 'content-security-policy': pagePolicy } : {};
  let loaded: Promise<LoadedFile> | undefined;
  return async (c) => {
    loaded ??= load(file).catch((error) => {
      loaded = undefined;
      throw error;
    });
    const { body, etag } = await loaded;
    const headers = { ...policy, etag, 'cache-control': 'no-cache' };
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
    return c.body(body, 200, { ...headers, 'content-type': mediaType });
  };
}

async function load(file: string | URL): Promise<LoadedFile> {
  const body = await readFile(file);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
