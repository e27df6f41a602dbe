/**
 * Errors as RFC 9457 problem documents. A fault of ours tells the caller nothing but an `instance`, under which the log
 * holds the rest.
 */
import { randomUUID } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import type { ZodError } from 'zod';
import { RequestError } from '../lib/errors.ts';
import { internalFaultCode, problemContentType, problemDocument } from '../lib/problem.ts';
import type { Logger } from '../ops/log.ts';

const problemSchema = z
  .object({
    type: z.string().openapi({ description: 'Always `about:blank`: look at `code` instead.', example: 'about:blank' }),
    title: z.string().openapi({ example: 'Bad Request' }),
    status: z.int().openapi({ example: 400 }),
    code: z.string().openapi({ description: 'Stable, for programs.', example: 'invalid_request' }),
    detail: z.string().openapi({ description: 'For people; may change.' }),
    instance: z.string().optional().openapi({ description: 'Names this one occurrence; the log has it too.' }),
    errors: z
      .array(
        z.object({
          in: z.enum(['query', 'path', 'header', 'cookie', 'body']),
          pointer: z.string().openapi({ description: 'JSON pointer into that part.', example: '#/limit' }),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .openapi('Problem');

export type Problem = z.infer<typeof problemSchema>;
type FieldError = NonNullable<Problem['errors']>[number];

/** What a route declares under `responses` for an error, in OpenAPI's shape. */
export function problemResponse(description: string) {
  return { description, content: { [problemContentType]: { schema: problemSchema } } };
}

export interface ProblemFields {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance?: string;
  readonly errors?: FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer itself. */
export function answerProblem({ headers, ...fields }: ProblemFields): Response {
  const body: Problem = problemDocument(fields);
  return new Response(JSON.stringify(body), {
    status: fields.status,
    headers: { ...headers, 'content-type': problemContentType, 'cache-control': 'no-store' },
  });
}

/** Turns what a request handler threw into an answer. Whatever is not the caller's fault is logged and kept to ourselves. */
export function answerError(error: Error, log: Logger): Response {
  if (error instanceof RequestError) {
    return answerProblem({ status: error.status, code: error.code, detail: error.message });
  }
  if (error instanceof HTTPException && error.status < 500) {
    return answerProblem({ status: error.status, code: 'invalid_request', detail: error.message });
  }
  const instance = `urn:uuid:${randomUUID()}`;
  log.error({ err: error, instance }, 'request failed');
  const detail = 'The daemon could not answer. Its log holds the reason under this instance.';
  return answerProblem({ status: 500, code: internalFaultCode, detail, instance });
}

const parts: Readonly<Record<string, FieldError['in']>> = { param: 'path', json: 'body', form: 'body' };

/** @param target the part of the request that was looked at, in hono's words. */
export function answerInvalid(target: string, error: ZodError): Response {
  const where = parts[target] ?? (target as FieldError['in']);
  const errors = error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ in: where, pointer: pointerTo([key]), detail: 'There is no such parameter.' }))
      : [{ in: where, pointer: pointerTo(issue.path), detail: issue.message }],
  );
  const detail = `The request is not valid: ${errors.map((e) => `${e.in} ${e.pointer}: ${e.detail}`).join(' ')}`;
  return answerProblem({ status: 400, code: 'invalid_request', detail, errors });
}

/** RFC 6901, as the fragment of a URI. */
function pointerTo(path: readonly PropertyKey[]): string {
  return `#${path.map((key) => `/${encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;
}
