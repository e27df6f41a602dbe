#!/usr/bin/env node
/** Arguments in, signals in, exit code out. The first signal asks for an orderly stop, the second ends the waiting. */
import { runProgram } from './cli/program.ts';

const interrupted = new AbortController();
const hurried = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => (interrupted.signal.aborted ? hurried : interrupted).abort(signal));
}
// A bug, wherever it was thrown: stop in order and let the service manager start afresh.
process.on('uncaughtException', (error) => {
  process.stderr.write(`uncaught: ${error.stack ?? error.message}\n`);
  (interrupted.signal.aborted ? hurried : interrupted).abort(error);
});

process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  columns: process.stderr.columns ?? 80,
  interrupted: interrupted.signal,
  hurried: hurried.signal,
});
