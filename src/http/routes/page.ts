/** `/`: the dashboard. Its files lie in `../page/`, beside the sources and beside the built code alike. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { serveFile } from '../static-file.ts';

const assets = [
  'dashboard.css',
  'dashboard.js',
  'connections.js',
  'dom.js',
  'empty.js',
  'feed.js',
  'format.js',
  'rates.js',
  'streams.js',
  'view.js',
  'icon.svg',
];

export function mountPage(app: OpenAPIHono): void {
  const folder = new URL('../page/', import.meta.url);
  app.get('/', serveFile(new URL('dashboard.html', folder)));
  for (const name of assets) app.get(`/assets/${name}`, serveFile(new URL(name, folder)));
}
