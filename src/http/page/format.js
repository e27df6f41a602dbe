/** Numbers, durations and instants as people read them. The page is in English whatever the browser's language is. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** @param {number} value */
export function formatCount(value) {
  return whole.format(value);
}

/** Small rates with one decimal, since between 0 and 1 is where most channels live. @param {number} value */
export function formatRate(value) {
  return value > 0 && value < 10 ? fine.format(value) : whole.format(value);
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? whole.format(value) : fine.format(value)} ${units[power]}`;
}

/** The two largest units: `3 d 4 h`, `2 h 05 m`, `40 s`. @param {number} ms */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${String(minutes % 60).padStart(2, '0')} m`;
  return minutes > 0 ? `${minutes} m` : `${seconds} s`;
}

/** @param {number} ms since the epoch */
export function formatClock(ms) {
  return clock.format(ms);
}

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
