/** The one place that makes loggers. Secrets are cut out of every string before a line is written. */
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

import { limitRepeats } from './repeat-limit.ts';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go; standard error when not given, so that standard output stays for results. */
  readonly destination?: DestinationStream;
}

export function createLog(options: LogOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      hooks: { logMethod: limitRepeats() },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: Error) => redactDeep(stdSerializers.err(error)) },
      redact: {
        paths: ['token', 'password', 'clientSecret', '*.token', '*.password', '*.clientSecret'],
        censor: '***',
      },
    },
    options.destination ?? standardError(),
  );
}

function standardError(): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true });
  // Whoever read the log has gone: there is nobody left to tell, and the daemon works on.
  destination.on('error', () => {});
  return destination;
}

/** Where secrets stand in texts: twurple's errors carry them in query strings, answers in JSON, overlays in their URL. */
const secretPatterns: readonly RegExp[] = [
  /\b((?:client_secret|access_token|refresh_token|device_code|code|token|password)=)[^\s&"',;]+/gi,
  /("(?:client_secret|access_token|refresh_token|device_code|token|password)"\s*:\s*")[^"]+/gi,
  /\b(oauth:|Bearer |OAuth )[^\s"',;]+/g,
];

/** Cuts the values of well-known secrets out of a text, keeping their names. Words that only sound like them stay. */
export function redact(text: string): string {
  return secretPatterns.reduce((rest, pattern) => rest.replace(pattern, '$1***'), text);
}

function redactDeep(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === 'string'
        ? redact(inner)
        : inner !== null && typeof inner === 'object'
          ? redactDeep(inner)
          : inner,
    ]),
  );
}
