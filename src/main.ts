#!/usr/bin/env node
/** Arguments in, signals in, exit code out. The first signal asks for an orderly stop, the second ends the waiting. */
import { runProgram } from './cli/program.ts';

const interrupted = new AbortController();
const hurried = new AbortController();
let hasBug = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => (interrupted.signal.aborted ? hurried : interrupted).abort(signal));
}
// A bug, wherever it was thrown: stop in order and let the service manager start afresh.
process.on('uncaughtException', (error) => {
  hasBug = true;
  process.stderr.write(`uncaught: ${error.stack ?? error.message}\n`);
  interrupted.abort(error);
});
// Whoever read us has gone. Without results there is nothing left to do; without words there is.
process.stdout.on('error', () => interrupted.abort('standard output was closed'));
process.stderr.on('error', () => {});

const code = await runProgram(process.argv.slice(2), {
  out: process.stdout,
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  columns: process.stderr.columns || 80,
  interrupted: interrupted.signal,
  hurried: hurried.signal,
});
process.exitCode = hasBug ? 1 : code;
// Everything has stopped; a request of a library that nobody can cancel must not keep the process. Results are written first.
setInterval(() => process.stdout.writableLength === 0 && process.exit(), 250).unref();
