/** The reference of all settings as Markdown, made from the schema, so that it cannot drift from it. */
import { z } from 'zod';
import { configSchema } from './schema.ts';

interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** A table of every setting: name, type, default, meaning. */
export function renderReference(): string {
  const root = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Node;
  const rows = rowsOf(root, '').map((cells) => `| ${cells.join(' | ')} |`);
  return ['| setting | type | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function rowsOf(node: Node, prefix: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const name = prefix + key;
    if (child.properties !== undefined) return rowsOf(child, `${name}.`);
    return [[`\`${name}\``, typeOf(child), `\`${JSON.stringify(child.default)}\``, child.description ?? '']];
  });
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(' or ');
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeOf(node.items)}s`;
  if (node.type !== 'integer' && node.type !== 'number') return String(node.type ?? 'any');
  const low = node.minimum ?? (node.exclusiveMinimum === undefined ? undefined : node.exclusiveMinimum + 1);
  // zod states the largest safe integer where no bound was given.
  const high = node.maximum === Number.MAX_SAFE_INTEGER ? undefined : node.maximum;
  const bounds = [low === undefined ? '' : `≥ ${low}`, high === undefined ? '' : `≤ ${high}`].filter((b) => b !== '');
  return ['number', ...bounds].join(' ');
}
