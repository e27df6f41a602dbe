/** A log whose lines, from warnings up, a test can read. */
import { Writable } from 'node:stream';
import { createLog } from '../../../src/ops/log.ts';

export function createMemoryLog() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, log: createLog({ level: 'warn', destination }) };
}
