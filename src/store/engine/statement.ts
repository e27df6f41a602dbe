/** What kind of statement a text is, and the parts of an INSERT whose rows travel apart from it. */

/** An INSERT whose rows are handed over as bytes. */
export interface RawRows {
  readonly table: string;
  readonly columns?: readonly string[];
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly format: string;
  readonly values: Buffer;
}

/** Formats whose rows the engine takes as raw bytes after the statement. */
const rawFormats = new Set(['JSONEachRow', 'JSONCompactEachRow', 'TabSeparated', 'TSV', 'CSV', 'CSVWithNames']);

const leading = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/;

/** The first word in upper case, comments skipped; `SELECT` also for one in parentheses. */
export function verbOf(sql: string): string {
  const text = sql.replace(leading, '');
  if (text.startsWith('(')) return 'SELECT';
  return /^[a-z]+/i.exec(text)?.[0].toUpperCase() ?? '';
}

const insertPattern =
  /^\s*INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`]+)\s*(?:\(([^()]*)\))?\s*(?:SETTINGS\s+(.*?))?\s+FORMAT\s+(\w+)\s*;?\s*$/is;

/**
 * Takes a plain `INSERT INTO t (columns) SETTINGS k = v FORMAT f` apart.
 * @returns undefined for any other shape; such a statement has to go to the engine as text.
 */
export function parseInsert(sql: string): Omit<RawRows, 'values'> | undefined {
  const match = insertPattern.exec(sql);
  if (match === null) return undefined;
  const [, table = '', columns, settings, format = ''] = match;
  const parsed = parseSettings(settings ?? '');
  if (parsed === undefined || !rawFormats.has(format)) return undefined;
  return {
    table: unquote(table),
    ...(columns === undefined ? {} : { columns: columns.split(',').map((name) => unquote(name.trim())) }),
    settings: parsed,
    format,
  };
}

function unquote(name: string): string {
  return name.replaceAll('`', '');
}

const settingPattern = /\s*(\w+)\s*=\s*(?:'([^'\\]*)'|(\d+))\s*(?:,|$)/y;

function parseSettings(text: string): Record<string, string | number> | undefined {
  const settings: Record<string, string | number> = {};
  settingPattern.lastIndex = 0;
  while (settingPattern.lastIndex < text.length) {
    const match = settingPattern.exec(text);
    if (match === null) return undefined;
    const [, name = '', quoted, digits] = match;
    settings[name] = quoted ?? Number(digits);
  }
  return settings;
}

/** A text as a literal of ClickHouse's SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Whether the text can stand in SQL as a name without quotes. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text);
}
