/** Runs one statement on a session of its own and returns the result as chunks; nothing of a request outlives its session. */
import { randomUUID } from 'node:crypto';
import { pause } from '../../lib/lifecycle.ts';
import { type EngineFunction, refusedFunctions } from './allowed-functions.ts';
import type { Engine, Session } from './chdb.ts';
import { exception } from './exception.ts';
import type { ReadLimits } from './messages.ts';
import { type GuardOptions, guardRead, isReadFormat } from './read-guard.ts';
import { isIdentifier, literal, parseInsert, verbOf } from './statement.ts';
import type { StatementRequest } from './statement-request.ts';

/**
 * Runs a statement with the rights of its caller. Errors of the query come before the first chunk, seldom after.
 * `gone` aborts when nobody waits for the result any more.
 */
export type Runner = (request: StatementRequest, gone: AbortSignal) => AsyncGenerator<Uint8Array>;

/** A query may be told to end before the engine has begun it, so it is told until it has ended. */
const killEveryMs = 100;

/** For the daemon: everything. */
export function createFullRunner(engine: Engine): Runner {
  return async function* runFull(request) {
    const session = engine.session();
    try {
      configure(session, request, [...request.settings]);
      yield* runAny(session, request);
    } finally {
      session.close();
    }
  };
}

async function* runAny(session: Session, request: StatementRequest): AsyncGenerator<Uint8Array> {
  const { sql, rows, defaultFormat } = request;
  const verb = verbOf(sql);
  if (verb === 'SELECT' || verb === 'WITH') {
    yield* stream(session, sql, defaultFormat);
    return;
  }
  const insert = rows.length > 0 ? parseInsert(sql) : undefined;
  if (insert !== undefined) await session.insert({ ...insert, values: rows });
  else yield (await session.queryAsync(rows.length > 0 ? `${sql}\n${rows}` : sql, { format: defaultFormat })).bytes();
}

/** For analysts: one read of our tables within limits. */
export function createReadRunner(engine: Engine, database: string, limits: ReadLimits): Runner {
  const options = guardOptions(engine, database, limits.maxRows);
  return async function* runRead(request, gone) {
    if (request.rows.length > 0) throw exception(497, 'Not allowed here: rows after the statement');
    const session = engine.session();
    try {
      const guarded = guardRead(await canonical(session, request.sql), options);
      const format = guarded.format ?? request.defaultFormat;
      if (!isReadFormat(format)) throw exception(497, `Not allowed here: the format ${format}`);
      const asked = [...request.settings].filter(([name]) => isReadSetting(name));
      const tag = randomUUID();
      const settings = [...asked, ['log_comment', tag] as const, ...limitSettings(limits)];
      configure(session, { params: request.params, database }, settings);
      // Whole, not streamed: a stream computes subqueries while it begins, and every INSERT of the daemon would wait for that.
      const result = session.queryAsync(guarded.sql, { format });
      yield (await endWhenGone(result, gone, () => engine.kill(tag))).bytes();
    } finally {
      session.close();
    }
  };
}

async function endWhenGone<T>(result: Promise<T>, gone: AbortSignal, kill: () => Promise<void>): Promise<T> {
  const isOver = result.then(
    () => true,
    () => true,
  );
  const killing = async () => {
    while (!(await Promise.race([isOver, pause(killEveryMs).then(() => false)]))) await kill();
  };
  const failed = new Promise<never>((_, reject) => {
    const begin = () => void killing().catch(reject);
    if (gone.aborted) begin();
    else gone.addEventListener('abort', begin);
  });
  return await Promise.race([result, failed]);
}

interface FunctionRow {
  readonly name: string;
  readonly is_aggregate: number;
  readonly alias_to: string;
  readonly category: string;
}

function guardOptions(engine: Engine, database: string, maxRows: number): GuardOptions {
  const session = engine.session();
  const select = <Row>(sql: string): readonly Row[] => JSON.parse(session.query(sql, 'JSON')).data;
  const names = (sql: string) => select<{ name: string }>(sql).map(({ name }) => name);
  const functions = select<FunctionRow>(
    "SELECT name, is_aggregate, alias_to, if(origin = 'System', trim(categories), '') AS category FROM system.functions",
  ).map(
    (row): EngineFunction => ({
      name: row.name,
      isAggregate: row.is_aggregate === 1,
      aliasTo: row.alias_to,
      category: row.category,
    }),
  );
  try {
    return {
      database,
      maxRows,
      refusedFunctions: refusedFunctions(functions),
      tableFunctions: new Set(names('SELECT lower(name) AS name FROM system.table_functions')),
      databases: new Set(
        ['default', 'system', 'information_schema', 'INFORMATION_SCHEMA', ...names('SHOW DATABASES')].filter(
          (name) => name !== database,
        ),
      ),
    };
  } finally {
    session.close();
  }
}

/** The engine's own parser, given the text as a value: refuses several statements, takes comments away. */
async function canonical(session: Session, sql: string): Promise<string> {
  if (sql.includes('\0')) throw exception(62, 'A NUL byte in the query');
  const result = await session.queryBindAsync(
    'SELECT formatQuerySingleLine({query:String})',
    { query: sql.trim().replace(/;+$/, '') },
    { format: 'JSONCompactEachRow' },
  );
  return String(JSON.parse(result.text())[0]);
}

/** Only how a result looks; anything else an analyst's client sends along is ignored. */
function isReadSetting(name: string): boolean {
  return /^(output_format_(json|csv|tsv|pretty|parquet|arrow|native|values|markdown|decimal|write)_\w+|date_time_output_format|session_timezone|join_use_nulls)$/.test(
    name,
  );
}

/** In the order in which they must be set: after `readonly` nothing can be set any more. */
function limitSettings(limits: ReadLimits): [string, string][] {
  return [
    ['max_execution_time', `${limits.maxSeconds}`],
    ['timeout_overflow_mode', 'throw'],
    ['max_result_rows', `${limits.maxRows}`],
    // A result is held as a whole, in the engine's form and in the one asked for.
    ['max_result_bytes', `${Math.ceil(limits.maxMemoryBytes / 2)}`],
    ['result_overflow_mode', 'throw'],
    ['max_memory_usage', `${limits.maxMemoryBytes}`],
    ['max_threads', '2'],
    ['allow_introspection_functions', '0'],
    // Else an ORDER BY inside the wrapped query may be taken for superfluous.
    ['query_plan_remove_redundant_sorting', '0'],
    ['readonly', '1'],
  ];
}

function configure(
  session: Session,
  request: Pick<StatementRequest, 'params' | 'database'>,
  settings: readonly (readonly [string, string])[],
): void {
  if (request.database !== undefined) {
    if (!isIdentifier(request.database)) throw exception(36, 'The name of the database must be a plain identifier');
    session.query(`USE ${request.database}`);
  }
  const params = [...request.params].map(([name, value]) => [`param_${name}`, value] as const);
  const inOrder = [...settings].sort(([a], [b]) => Number(a === 'readonly') - Number(b === 'readonly'));
  const assignments = [...params, ...inOrder].map(([name, value]) => {
    if (!isIdentifier(name)) throw exception(36, `${name} is no name of a setting`);
    return `${name} = ${literal(value)}`;
  });
  if (assignments.length > 0) session.query(`SET ${assignments.join(', ')}`);
}

async function* stream(session: Session, sql: string, format: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of session.queryStream(sql, { format })) yield chunk.raw();
}
