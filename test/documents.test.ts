import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const left = new Set(['node_modules', 'dist', 'data', '.git']);

function documentsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (left.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documentsBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const documents = documentsBelow(root).map((path) => relative(root, path));

describe('the documents', () => {
  it.each(documents)('%s links only to what is there', (name) => {
    const links = [...readFileSync(join(root, name), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(links.filter((link) => !existsSync(join(root, dirname(name), link)))).toEqual([]);
  });

  it('name only scripts and commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const program = readFileSync(join(root, 'src/cli/program.ts'), 'utf8');
    for (const name of documents) {
      const text = readFileSync(join(root, name), 'utf8');
      for (const [, script] of text.matchAll(/npm run ([a-z]+)/g)) expect(scripts, name).toHaveProperty(script ?? '');
      for (const [, command] of text.matchAll(/(?:dist\/main\.js|`streamgauge) ([a-z][a-z-]+)/g)) {
        expect(program, `${name}: ${command}`).toContain(`command('${command}')`);
      }
    }
  });
});
