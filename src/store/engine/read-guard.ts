/**
 * Decides what analysts may run on the embedded engine, over the canonical text that the engine's own parser made of their query.
 * `readonly = 1` alone is not enough there: it still reads any file, writes files and stops merges. A function needs no parenthesis to run
 * (`APPLY file`, `arrayMap(file, …)`), so a refused one is refused wherever its name could stand for it.
 */
import { exception } from './exception.ts';
import { type Token, tokenize } from './tokens.ts';

export interface GuardedRead {
  readonly sql: string;
  /** The format the query names itself; undefined when it names none. */
  readonly format: string | undefined;
}

export interface GuardOptions {
  readonly database: string;
  readonly maxRows: number;
  /** Lower case. */
  readonly refusedFunctions: ReadonlySet<string>;
  /** Lower case. All that the engine has: those not known to be harmless are refused. */
  readonly tableFunctions: ReadonlySet<string>;
  /** All others than ours. */
  readonly databases: ReadonlySet<string>;
}

const harmlessTableFunctions = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generateseries',
  'generate_series',
  'values',
  'view',
  'null',
  'format',
]);

/** What clients and dashboards ask for when they connect. The rest of `system` shows other people's queries, or the machine. */
const harmlessSystemTables = new Set(
  'one numbers zeros settings functions formats data_type_families databases tables columns parts parts_columns data_skipping_indices'.split(
    ' ',
  ),
);

/** Columns that tell where on the machine the data lies, by table of `system`. */
const hiddenColumns = new Map([
  ['databases', 'data_path, metadata_path'],
  ['tables', 'data_paths, metadata_path'],
  ['parts', 'path'],
  ['parts_columns', 'path'],
]);

const textFormats =
  /^(Null|Vertical|Values|XML|Markdown|SQLInsert|(JSON|CSV|TSV|TabSeparated|Pretty|RowBinary)\w*|Parquet|Arrow|ArrowStream|Native|MsgPack|ORC|Avro)$/;

export function isReadFormat(name: string): boolean {
  return textFormats.test(name);
}

/**
 * @param canonical what `formatQuerySingleLine` returned.
 * @throws EngineException 497 with the reason
 */
export function guardRead(canonical: string, options: GuardOptions): GuardedRead {
  const { body, format } = cutFormat(canonical.trim());
  if (format !== undefined && !isReadFormat(format)) throw refused(`the format ${format}`);
  const description = describe(body, options.database);
  if (description !== undefined) return { sql: description, format };
  if (!/^(SELECT|WITH)\b|^\(/.test(body)) throw refused('a statement other than SELECT');
  const tokens = tokenize(body);
  checkTokens(tokens, options);
  // One row more than allowed, so that the engine's own limit reports a long result instead of this one cutting it.
  return { sql: `SELECT * FROM (${hideColumns(body, tokens)}) LIMIT ${options.maxRows + 1}`, format };
}

function cutFormat(text: string): { body: string; format: string | undefined } {
  const match = /^(.*) FORMAT (\w+)$/s.exec(text);
  return match === null ? { body: text, format: undefined } : { body: match[1] ?? '', format: match[2] };
}

/** The statements beside SELECT that describe our own tables, rebuilt from their parts; undefined for any other text. */
function describe(text: string, database: string): string | undefined {
  if (text === 'SHOW DATABASES') return `SELECT '${database}' AS name`;
  if (text === 'SHOW TABLES' || text === `SHOW TABLES FROM ${database}`) return `SHOW TABLES FROM ${database}`;
  const match = /^(DESCRIBE TABLE|SHOW CREATE TABLE|EXISTS TABLE) (?:(\w+)\.)?([A-Za-z_]\w*)$/.exec(text);
  if (match === null || (match[2] !== undefined && match[2] !== database)) return undefined;
  return `${match[1]} ${database}.${match[3]}`;
}

function checkTokens(tokens: readonly Token[], options: GuardOptions): void {
  for (const [at, token] of tokens.entries()) {
    if (token.name === undefined) continue;
    const name = token.name.toLowerCase();
    const before = tokens[at - 1]?.raw;
    const next = tokens[at + 1]?.raw;
    checkFunction(name, { isCalled: next === '(', isLabel: before === 'AS' || before === '.' }, options);
    if (next === '.' && before !== '.') checkDatabase(token.name, tokens[at + 2]?.name, options.databases);
    if (name === 'settings' && tokens[at + 2]?.raw === '=') throw refused('SETTINGS inside the query');
    if (name === 'outfile') throw refused('INTO OUTFILE');
    if (name === 'identifier' && before === ':') throw refused('a parameter of type Identifier');
  }
}

/** @param place isLabel: it names a result or a column there, and cannot stand for a function unless it is called. */
function checkFunction(
  name: string,
  { isCalled, isLabel }: { isCalled: boolean; isLabel: boolean },
  { refusedFunctions, tableFunctions }: GuardOptions,
): void {
  if (refusedFunctions.has(name) && (isCalled || !isLabel)) throw refused(`the function ${name}`);
  const isHarmless = harmlessTableFunctions.has(name) || !tableFunctions.has(name);
  if (isCalled && !isHarmless) throw refused(`the table function ${name}`);
}

function checkDatabase(name: string, table: string | undefined, databases: ReadonlySet<string>): void {
  if (!databases.has(name)) return;
  if (name === 'system' && table !== undefined && harmlessSystemTables.has(table)) return;
  throw refused(`${name}.${table ?? ''}`);
}

function refused(what: string) {
  return exception(497, `Not allowed here: ${what}. This port reads the tables of streamgauge, nothing else`);
}

/** Puts a query that leaves the hidden columns out in the place of each table that has some. */
function hideColumns(body: string, tokens: readonly Token[]): string {
  let text = '';
  let done = 0;
  for (const [at, { name, from }] of tokens.entries()) {
    const table = tokens[at + 2];
    const isOfSystem = name === 'system' && tokens[at + 1]?.raw === '.' && tokens[at - 1]?.raw !== '.';
    const hidden = isOfSystem ? hiddenColumns.get(table?.name ?? '') : undefined;
    if (hidden === undefined || table === undefined) continue;
    const alias = tokens[at + 3]?.raw === 'AS' ? '' : ` AS ${table.name}`;
    text += `${body.slice(done, from)}(SELECT * EXCEPT (${hidden}) FROM system.${table.name})${alias}`;
    done = table.to;
  }
  return text + body.slice(done);
}
