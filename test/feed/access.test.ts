/** Who may knock: the matrix of Host and Origin. */
import { describe, expect, it } from 'vitest';
import { createAccessCheck } from '../../src/feed/access.ts';

const check = createAccessCheck({
  host: '192.0.2.7',
  allowedHosts: ['Gauge.Example'],
  allowedOrigins: ['https://overlay.example', 'http://localhost:5173'],
});
const outcome = (host: string | undefined, origin?: string) => check({ host, origin })?.code ?? 'passes';

describe('the Host header', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:8080',
    '127.0.0.1:8080',
    '[::1]:8080',
    '[0:0:0:0:0:0:0:1]:8080',
    '192.0.2.7:8080',
    'gauge.example',
    'GAUGE.example:443',
  ])('passes as %s', (host) => {
    expect(outcome(host)).toBe('passes');
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.evil.example',
    '127.0.0.1.evil.example',
    'evil-localhost',
    'sub.gauge.example',
    'somebody@localhost',
    'localhost/evil',
    'localhost:80:80',
    'localhost:99999',
    'evil.example#localhost',
    '[::2]',
    '[::1',
    '0.0.0.0:8080',
  ])('is refused as %s', (host) => {
    expect(outcome(host)).toBe('host_not_allowed');
  });
});

describe('the Origin header', () => {
  it.each([
    'http://localhost:8080',
    'http://127.0.0.1:8080',
    'https://gauge.example:8080',
    'https://overlay.example',
    'HTTPS://Overlay.Example',
    'http://localhost:5173',
  ])('passes as %s', (origin) => {
    expect(outcome('localhost:8080', origin)).toBe('passes');
  });

  it.each([
    'null',
    '',
    'http://evil.example',
    'http://localhost:3000',
    'http://localhost',
    'http://localhost.evil.example:8080',
    'https://overlay.example.evil.example',
    'https://overlay.example:444',
    'http://overlay.example',
    'http://somebody@localhost:8080',
    'file://',
    'chrome-extension://localhost',
  ])('is refused as %s', (origin) => {
    expect(outcome('localhost:8080', origin)).toBe('origin_not_allowed');
  });
});

describe('the lists', () => {
  it('are checked when they are set', () => {
    const create = (allowedHosts: string[], allowedOrigins: string[]) => () =>
      createAccessCheck({ host: '0.0.0.0', allowedHosts, allowedOrigins });
    expect(create(['gauge.example:80800'], [])).toThrow('no host name');
    expect(create(['http://gauge.example'], [])).toThrow('no host name');
    expect(create([], ['overlay.example'])).toThrow('no origin');
    expect(create([], ['null'])).toThrow('no origin');
  });

  it('do not take the address for all interfaces for a name', () => {
    const everywhere = createAccessCheck({ host: '0.0.0.0', allowedHosts: [], allowedOrigins: [] });
    expect(everywhere({ host: '0.0.0.0:8080', origin: undefined })?.code).toBe('host_not_allowed');
    expect(everywhere({ host: 'localhost:8080', origin: undefined })).toBeUndefined();
  });
});
