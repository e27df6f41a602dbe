/**
 * Decides what analysts may run on the embedded engine, over the canonical text that the engine's own parser made of their query (one
 * statement, no comments). `readonly = 1` alone is not enough there: it still reads any file, writes files and stops merges.
 */
import { exception } from './exception.ts';

export interface GuardedRead {
  readonly sql: string;
  /** The format the query names itself; undefined when it names none. */
  readonly format: string | undefined;
  /** Whether the engine can stream it: a SELECT, not a DESCRIBE or SHOW. */
  readonly isSelect: boolean;
}

export interface GuardOptions {
  readonly database: string;
  readonly maxRows: number;
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

/** Functions that reach files, the network or the process, burn time, or tell about the machine. */
const refusedFunction =
  /^(file|filesystem\w*|catboost\w*|ai[a-z]\w*|chdb|sleep\w*|getserver\w*|getclienthttpheader|getmacro|getoskernelversion|tcpport|showcertificate|serveruuid|generateserialid|zookeeper\w*|eval\w*|fuzz\w*|addressto\w*|demangle|joinget\w*|dictget\w*|hasthreadfuzzer|execut\w*|input)$/;

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
  if (description !== undefined) return { sql: description, format, isSelect: description.startsWith('SELECT') };
  if (!/^(SELECT|WITH)\b|^\(/.test(body)) throw refused('a statement other than SELECT');
  checkTokens(tokenize(body), options);
  // One row more than allowed, so that the engine's own limit reports a long result instead of this one cutting it.
  return { sql: `SELECT * FROM (${body}) LIMIT ${options.maxRows + 1}`, format, isSelect: true };
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
    if (!token.isName) continue;
    const next = tokens[at + 1]?.text;
    const name = token.text.toLowerCase();
    if (next === '(') checkFunction(name, options.tableFunctions);
    if (next === '.' && tokens[at - 1]?.text !== '.')
      checkDatabase(token.text, tokens[at + 2]?.text, options.databases);
    if (token.text === 'SETTINGS' && tokens[at + 2]?.text === '=') throw refused('SETTINGS inside the query');
    if (token.text === 'OUTFILE') throw refused('INTO OUTFILE');
    if (name === 'identifier' && tokens[at - 1]?.text === ':') throw refused('a parameter of type Identifier');
  }
}

function checkFunction(name: string, tableFunctions: ReadonlySet<string>): void {
  if (refusedFunction.test(name)) throw refused(`the function ${name}`);
  if (tableFunctions.has(name) && !harmlessTableFunctions.has(name)) throw refused(`the table function ${name}`);
}

function checkDatabase(name: string, table: string | undefined, databases: ReadonlySet<string>): void {
  if (!databases.has(name)) return;
  if (name === 'system' && table !== undefined && harmlessSystemTables.has(table)) return;
  throw refused(`${name}.${table ?? ''}`);
}

function refused(what: string) {
  return exception(497, `Not allowed here: ${what}. This port reads the tables of streamgauge, nothing else`);
}

interface Token {
  readonly text: string;
  /** A word or a quoted name, quotes taken off; not a literal and not punctuation. */
  readonly isName: boolean;
}

const tokenPattern = /'(?:[^'\\]|\\.)*'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)|\s+|./gsu;

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(tokenPattern)) {
    const name = match[1] ?? match[2] ?? match[3];
    if (name !== undefined) tokens.push({ text: name.replaceAll(/\\(.)/gs, '$1'), isName: true });
    else if (match[0].trim() !== '') tokens.push({ text: match[0], isName: false });
  }
  return tokens;
}
