/**
 * The one gate before Helix for one token: requests wait here for their turn and their point. Nothing leaves before the bucket
 * has a point for it, at most a few are under way at once, and a 429 holds everything until Twitch's reset.
 * Overflow: see request-queue.ts; who is turned away hears so at once and is counted.
 */
import { UpstreamError } from '../lib/errors.ts';
import { asError, deferred } from '../lib/lifecycle.ts';
import type { BudgetMetrics, BudgetStatus } from './metrics.ts';
import { PointsBucket, type Settlement, type Spending } from './points-bucket.ts';
import { type Priority, RequestQueue, type Waiting } from './request-queue.ts';

export interface BudgetOptions {
  /** Whose bucket: the value of the metrics' label `bucket`. */
  readonly name: string;
  readonly metrics: BudgetMetrics;
  /** Requests that may wait; 2000 when not given. */
  readonly maxQueued?: number;
  /** Requests under way at once; 16 when not given. */
  readonly maxUnderWay?: number;
  /** ms of a clock that never jumps. */
  readonly now?: () => number;
}

export interface PointRequest {
  readonly priority: Priority;
  /** The value of the metrics' label `purpose`: a word of ours, never data. */
  readonly purpose: string;
  readonly signal: AbortSignal;
}

/** Leave to send one request. What is called first counts; one of the two must be called. */
export interface Permit {
  /** The request has ended, well or badly. */
  settle(settlement: Settlement): void;
  /** The request was never sent. */
  giveBack(): void;
}

type Applicant = PointRequest & { readonly grant: (permit: Permit) => void; readonly refuse: (error: Error) => void };

/** Longest wait that a timer is set for; then it is looked again. */
const maxTimerMs = 60_000;

export class Budget {
  readonly #options: BudgetOptions;
  readonly #now: () => number;
  readonly #bucket: PointsBucket;
  readonly #queue: RequestQueue<Applicant>;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#bucket = new PointsBucket(this.#now());
    this.#queue = new RequestQueue(options.maxQueued ?? 2_000);
    options.metrics.watch(options.name, () => this.status());
  }

  /**
   * Waits for a point.
   * @throws UpstreamError with `retry` when the queue is full or the budget stops; the signal's reason when it aborts.
   */
  async acquire(request: PointRequest): Promise<Permit> {
    request.signal.throwIfAborted();
    if (this.#isStopped) throw stopped();
    const { promise, resolve: grant, reject: refuse } = deferred<Permit>();
    const waiting = { item: { ...request, grant, refuse }, priority: request.priority, since: this.#now() };
    const cancel = () => {
      if (this.#queue.remove(waiting)) refuse(asError(request.signal.reason));
      this.#serve();
    };
    request.signal.addEventListener('abort', cancel, { once: true });
    this.#turnAway(this.#queue.add(waiting));
    this.#serve();
    try {
      return await promise;
    } finally {
      request.signal.removeEventListener('abort', cancel);
    }
  }

  status(): BudgetStatus {
    return {
      limit: this.#bucket.limit,
      left: Math.max(0, Math.floor(this.#bucket.left(this.#now()))),
      queued: this.#queue.size,
      underWay: this.#bucket.underWay,
    };
  }

  /** Refuses all who wait, and all who come. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { item } of this.#queue.drain()) item.refuse(stopped());
    this.#options.metrics.unwatch(this.#options.name);
  }

  /** Lets go whoever may, in turn; sets the timer for the next. */
  #serve(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const maxUnderWay = this.#options.maxUnderWay ?? 16;
    while (this.#bucket.underWay < maxUnderWay) {
      const now = this.#now();
      const turn = this.#queue.next(now, this.#bucket.limit);
      if (turn === undefined) return;
      const waitMs = this.#bucket.msUntil(turn.needs, now);
      if (waitMs > 0) {
        // What is under way serves again when it ends.
        if (Number.isFinite(waitMs)) this.#timer = setTimeout(() => this.#serve(), Math.min(waitMs, maxTimerMs));
        return;
      }
      this.#queue.take(turn);
      this.#grant(turn.waiting.item, this.#bucket.spend(now));
    }
  }

  #grant({ grant, purpose }: Applicant, spending: Spending): void {
    let isOver = false;
    const end = (book: () => void) => {
      if (isOver) return;
      isOver = true;
      book();
      if (!this.#isStopped) this.#serve();
    };
    grant({
      settle: (settlement) =>
        end(() => {
          this.#options.metrics.countPoint(this.#options.name, purpose);
          this.#bucket.settle(spending, settlement, this.#now());
        }),
      giveBack: () => end(() => this.#bucket.giveBack(this.#now())),
    });
  }

  #turnAway(victim: Waiting<Applicant> | undefined): void {
    if (victim === undefined) return;
    this.#options.metrics.countDropped('queue_full');
    victim.item.refuse(new UpstreamError('too many requests to Helix are waiting already', { retry: true }));
  }
}

const stopped = (): UpstreamError => new UpstreamError('requests to Helix have been stopped', { retry: true });
