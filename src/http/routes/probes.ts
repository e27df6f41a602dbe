/**
 * `/livez`, `/readyz` and `/healthz` for service managers: the status code is the contract, the text is for people.
 * Liveness says only that requests are answered, so that an outage of Twitch or ClickHouse never gets the daemon killed.
 */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Readiness } from '../deps.ts';

const text = { 'text/plain': { schema: z.string() } };
const query = z.object({ verbose: z.string().optional().openapi({ description: 'One line per part' }) });

const live = (path: '/livez' | '/healthz') =>
  createRoute({
    method: 'get',
    path,
    tags: ['probes'],
    summary: 'Does the process answer?',
    responses: { 200: { description: 'It does', content: text } },
  });

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  tags: ['probes'],
  summary: 'Does every part do its work?',
  request: { query },
  responses: {
    200: { description: 'All do', content: text },
    503: { description: 'At least one does not', content: text },
  },
});

export function mountProbes(app: OpenAPIHono, readiness: Readiness): void {
  app.openapi(live('/livez'), (c) => c.text('ok\n', 200));
  app.openapi(live('/healthz'), (c) => c.text('ok\n', 200));

  app.openapi(ready, (c) => {
    const checks = readiness.check();
    const isReady = checks.every((check) => check.ok);
    const verdict = isReady ? 'ready' : 'not ready';
    const lines = checks.map((check) => `[${check.ok ? '+' : '-'}] ${check.name}: ${check.detail}\n`);
    const isVerbose = c.req.valid('query').verbose !== undefined;
    return c.text(`${isVerbose ? lines.join('') : ''}${verdict}\n`, isReady ? 200 : 503);
  });
}
