import { expect, test } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { fakeDeps } from './fakes.ts';

const app = createHttpApp(fakeDeps());
const document = (await (await app.request('/openapi.json')).json()) as {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, { parameters?: { name: string; schema: object; required?: boolean }[] }>>;
};

test('the document is OpenAPI 3.1 and names the running version', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info.version).toBe('1.2.3');
});

test('every route for programs is in the document', () => {
  const routes = app.routes.filter(
    ({ method, path }) => method === 'GET' && !/^\/($|docs|assets\/|openapi)/.test(path),
  );
  const paths = new Set(routes.map(({ path }) => path.replace(/:(\w+)/g, '{$1}')));
  expect(Object.keys(document.paths).toSorted()).toEqual([...paths].toSorted());
});

test('numbers in the query are described as numbers, with bounds and preset', () => {
  const parameters = document.paths['/api/v1/streams']?.get?.parameters ?? [];
  expect(parameters.find(({ name }) => name === 'limit')).toMatchObject({
    schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
  });
});

test('every reference inside the document leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => String(path));
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const target = reference.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
    expect(target, reference).toBeDefined();
  }
});

test.each(['/docs', '/assets/docs.js', '/assets/swagger-ui.css', '/assets/swagger-ui-bundle.js'])(
  'the reference page has %s from our own origin',
  async (path) => {
    const response = await app.request(path);
    expect(response.status).toBe(200);
    expect((await response.text()).length).toBeGreaterThan(100);
  },
);
