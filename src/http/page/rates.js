/**
 * How many of something per time bucket, over the last while. A bucket in which we were not listening is null, not zero:
 * silence and deafness must not look the same.
 */
export class RateWindow {
  #bucketMs;
  /** @type {(number | null)[]} oldest first; the last one is still filling */
  #buckets;
  /** @type {number | undefined} */
  #newest;

  /** @param {{ bucketMs: number, buckets: number }} size */
  constructor({ bucketMs, buckets }) {
    this.#bucketMs = bucketMs;
    this.#buckets = new Array(buckets + 1).fill(null);
  }

  /** Moves the window up to `now`. @param {number} now @param {boolean} isListening */
  advance(now, isListening) {
    const index = Math.floor(now / this.#bucketMs);
    const steps = Math.min(this.#buckets.length, index - (this.#newest ?? index - 1));
    for (let step = 0; step < steps; step += 1) {
      this.#buckets.shift();
      this.#buckets.push(isListening ? 0 : null);
    }
    if (steps > 0) this.#newest = index;
  }

  /** @param {number} now */
  add(now) {
    this.advance(now, true);
    const last = this.#buckets.length - 1;
    this.#buckets[last] = (this.#buckets[last] ?? 0) + 1;
  }

  /** Whole buckets only, as rates per second, oldest first. @returns {(number | null)[]} */
  perSecond() {
    return this.#buckets.slice(0, -1).map((count) => (count === null ? null : (count * 1000) / this.#bucketMs));
  }

  /** Mean of the newest whole buckets; undefined when none of them was listened to. @param {number} buckets */
  mean(buckets) {
    const heard = this.perSecond()
      .slice(-buckets)
      .filter((rate) => rate !== null);
    return heard.length === 0 ? undefined : heard.reduce((sum, rate) => sum + rate, 0) / heard.length;
  }
}

/**
 * SVG path data for a line and the area under it, broken where the series is null.
 *
 * @param {(number | null)[]} series
 * @param {{ width: number, height: number, top: number }} box `top` is the value at full height
 */
export function drawPaths(series, { width, height, top }) {
  const step = width / Math.max(1, series.length - 1);
  let line = '';
  let area = '';
  /** @type {string[]} */
  let run = [];
  let runStart = 0;
  const finish = (/** @type {number} */ end) => {
    if (run.length > 1) {
      const points = run.join('L');
      line += `M${points}`;
      area += `M${(runStart * step).toFixed(1)},${height}L${points}L${(end * step).toFixed(1)},${height}Z`;
    }
    run = [];
  };
  series.forEach((value, index) => {
    if (value === null) {
      finish(index - 1);
      return;
    }
    if (run.length === 0) runStart = index;
    run.push(`${(index * step).toFixed(1)},${(height - (Math.min(value, top) / top) * height).toFixed(1)}`);
  });
  finish(series.length - 1);
  return { line, area };
}
