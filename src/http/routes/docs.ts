/** `/openapi.json` and, made from it, the reference page at `/docs`, all from our own origin so that it works offline. */
import { createRequire } from 'node:module';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { serveFile } from '../static-file.ts';

export function mountDocs(app: OpenAPIHono, version: string): void {
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'streamgauge',
      version,
      description:
        'Live channels on Twitch, as this daemon knows them now. Errors are problem documents (RFC 9457). ' +
        'Instants are RFC 3339 in UTC; `null` means "not known".',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
  });

  const folder = new URL('../page/', import.meta.url);
  const resolve = createRequire(import.meta.url).resolve;
  app.get('/docs', serveFile(new URL('docs.html', folder)));
  app.get('/assets/docs.js', serveFile(new URL('docs.js', folder)));
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    app.get(`/assets/${name}`, serveFile(resolve(`swagger-ui-dist/${name}`)));
  }
}
