import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** What a file of src imports from src, type imports too. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return targets.map((target) => relative(root, join(root, dirname(file), target)));
}

/** The first folder, or the file itself at the top of src. */
const roomOf = (file: string) => file.split('/')[0] ?? file;

const graph = new Map(files.map((file) => [file, importsOf(file)]));

/** What each room may import beside itself. Rooms that are not named are siblings: domain, lib and ops only. */
const mayImport: Readonly<Record<string, readonly string[] | 'all'>> = {
  domain: [],
  lib: [],
  ops: ['lib'],
  'ingest.ts': ['domain'],
  'app.ts': 'all',
  views: 'all',
  wiring: 'all',
  cli: 'all',
  'main.ts': ['cli'],
};

describe('the arrows of src', () => {
  it.each(files)('%s imports only what its room may', (file) => {
    const room = roomOf(file);
    const allowed = mayImport[room] ?? ['domain', 'lib', 'ops'];
    const wrong = (graph.get(file) ?? []).filter((target) => {
      const other = roomOf(target);
      if (other === room) return false;
      if (allowed === 'all') return other === 'main.ts' || (room === 'app.ts' && other === 'cli');
      return !allowed.includes(other);
    });
    expect(wrong).toEqual([]);
  });

  it('has no rings', () => {
    expect(findRing()).toEqual([]);
  });

  it('resolves every import to a file that exists', () => {
    const missing = [...graph].flatMap(([file, targets]) =>
      targets.filter((target) => target.endsWith('.ts') && !graph.has(target)).map((target) => `${file} → ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it('reads the environment in one place only', () => {
    const readers = files.filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'));
    expect(readers).toEqual(['config/load.ts']);
  });

  it('has no junk drawers and no empty catches', () => {
    expect(files.filter((file) => /(^|\/)(index|types|utils|helpers?)\.ts$/.test(file))).toEqual([]);
    const silent = files.filter((file) =>
      /catch\s*(\([^)]*\))?\s*\{\s*\}/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(silent).toEqual([]);
  });

  it('starts in a main of at most 40 lines', () => {
    expect(readFileSync(join(root, 'main.ts'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  });
});

function findRing(): string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const ring = visit(next, [...path, file]);
      if (ring.length > 0) return ring;
    }
    done.add(file);
    return [];
  };
  for (const file of files) {
    const ring = visit(file, []);
    if (ring.length > 0) return ring;
  }
  return [];
}
