/** What holds for every answer: browsers get strict headers, a wrong method is told so. Whoever owns the socket checks the Host. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { answerProblem } from './problem.ts';

/** Adds headers that keep browsers from guessing types, leaking addresses and framing; pages bring a policy of their own. */
export function setSecurityHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    headers.set('x-content-type-options', 'nosniff');
    headers.set('referrer-policy', 'no-referrer');
    headers.set('cross-origin-resource-policy', 'same-origin');
    if (!headers.has('content-security-policy')) {
      headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    }
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  };
}

/** Answers 405 with `Allow` where a path exists but not for this method. Call it after the last route is mounted. */
export function refuseOtherMethods(app: OpenAPIHono): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue;
    const known = methods.get(path) ?? new Set();
    known.add(method);
    if (method === 'GET') known.add('HEAD');
    methods.set(path, known);
  }
  for (const [path, known] of methods) {
    const allow = [...known].toSorted().join(', ');
    app.all(path, (c) => {
      const detail = `${c.req.method} is not possible here; ${allow} is.`;
      return answerProblem({ status: 405, code: 'method_not_allowed', detail, headers: { allow } });
    });
  }
}
