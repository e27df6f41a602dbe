/** Bounds on work that would otherwise go on for ever because somebody else does not answer. */
import { UpstreamError } from './errors.ts';
import { deferred } from './lifecycle.ts';

/**
 * The result of `work`, or an UpstreamError when it takes too long or the signal aborts first. The work itself cannot be
 * ended from here; whatever it yields later is ignored.
 */
export async function withTimeLimit<T>(
  work: Promise<T>,
  limit: { readonly what: string; readonly ms: number; readonly signal?: AbortSignal },
): Promise<T> {
  const { promise: over, reject } = deferred<never>();
  const stop = () => reject(new UpstreamError(`${limit.what}: stopped`, { retry: true }));
  const timer = setTimeout(
    () => reject(new UpstreamError(`${limit.what}: no answer within ${limit.ms / 1000} s`, { retry: true })),
    limit.ms,
  );
  limit.signal?.addEventListener('abort', stop, { once: true });
  if (limit.signal?.aborted) stop();
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    limit.signal?.removeEventListener('abort', stop);
    // Nobody waits for it any more, so nobody would hear it fail.
    work.catch(() => undefined);
  }
}
