/**
 * The HTTP side as a plain value: ask it with `app.request(path)`, or hand `app.fetch` to whatever owns the socket.
 * A new route is one file under `routes/` and one `mount…` line here.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpDeps } from './deps.ts';
import { refuseOtherMethods, setSecurityHeaders } from './guards.ts';
import { answerError, answerInvalid, answerProblem } from './problem.ts';
import { mountChannels } from './routes/channels.ts';
import { mountDocs } from './routes/docs.ts';
import { mountMetrics } from './routes/metrics.ts';
import { mountPage } from './routes/page.ts';
import { mountProbes } from './routes/probes.ts';
import { mountStatus } from './routes/status.ts';
import { mountStreams } from './routes/streams.ts';

/** Does no I/O and holds no timer. */
export function createHttpApp(deps: HttpDeps): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => (result.success ? undefined : answerInvalid(result.target, result.error)),
  });
  app.onError((error) => answerError(error, deps.log));
  app.notFound((c) => answerProblem({ status: 404, code: 'not_found', detail: `There is nothing at ${c.req.path}.` }));
  app.use(setSecurityHeaders());

  mountPage(app);
  mountChannels(app, deps.channels);
  mountStreams(app, deps.streams);
  mountStatus(app, deps.status, deps.version);
  mountProbes(app, deps.readiness);
  mountMetrics(app, deps.registry);
  mountDocs(app, deps.version);

  refuseOtherMethods(app);
  return app;
}
