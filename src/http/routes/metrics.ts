/** `/metrics`: the registry that all parts count into, in the text form that Prometheus scrapes. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Registry } from '../../ops/metrics.ts';

const scrape = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['status'],
  summary: 'Metrics for Prometheus',
  responses: { 200: { description: 'Text exposition format', content: { 'text/plain': { schema: z.string() } } } },
});

export function mountMetrics(app: OpenAPIHono, registry: Registry): void {
  app.openapi(scrape, async (c) => c.text(await registry.metrics(), 200, { 'content-type': registry.contentType }));
}
