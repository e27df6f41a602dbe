/** An error as ClickHouse's HTTP interface tells it: a number, a sentence and a name, and an HTTP status that clients expect. */

/** The ones that the front itself raises; names and numbers are ClickHouse's (src/Common/ErrorCodes.cpp). */
const names = {
  27: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  36: 'BAD_ARGUMENTS',
  48: 'NOT_IMPLEMENTED',
  62: 'SYNTAX_ERROR',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  236: 'ABORTED',
  497: 'ACCESS_DENIED',
  516: 'AUTHENTICATION_FAILED',
} as const;

export class EngineException extends Error {
  override readonly name = 'EngineException';
  readonly code: number;

  /** @param text whole, as ClickHouse words it: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
  constructor(code: number, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}

export function exception(code: keyof typeof names, sentence: string): EngineException {
  return new EngineException(code, `Code: ${code}. DB::Exception: ${sentence}. (${names[code]})`);
}

/** An error of the engine as the exception that it carries; undefined for what is not the engine's. */
export function engineException(thrown: unknown): EngineException | undefined {
  if (thrown instanceof EngineException) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  const [, text, code] = /^(?:Query failed: )?(Code: (\d+)\..*)$/s.exec(thrown.message) ?? [];
  return text === undefined ? undefined : new EngineException(Number(code), text, { cause: thrown });
}

const statusOf = new Map<number, number>([
  [60, 404],
  [81, 404],
  ...[6, 16, 25, 26, 27, 33, 36, 38, 41, 43, 46, 47, 53, 62, 72, 117, 376, 467, 691].map(
    (code) => [code, 400] as const,
  ),
  ...[164, 192, 193, 194, 497, 516].map((code) => [code, 403] as const),
  [159, 408],
  [202, 503],
  [236, 503],
]);

export function httpStatus(code: number): number {
  return statusOf.get(code) ?? 500;
}
