/** Whose connections count together, and whose do not. */
import { expect, it } from 'vitest';
import { AddressLimit, isLoopback } from '../../src/feed/address-limit.ts';

it.each([
  ['127.0.0.1', true],
  ['127.9.8.7', true],
  ['::1', true],
  ['0000:0000:0000:0000:0000:0000:0000:0001', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['::ffff:192.0.2.7', false],
  ['fe80::1', false],
  ['', false],
  ['localhost', false],
])('the address "%s" is a loopback address: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

it('counts each address for itself and forgets those that left', () => {
  const limit = new AddressLimit(2, isLoopback);
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '::1', '::1', '::1']) limit.enter(address);
  expect(['192.0.2.1', '192.0.2.2', '::1', '192.0.2.3'].map((address) => limit.hasRoom(address))).toEqual([
    false,
    true,
    true,
    true,
  ]);
  limit.leave('192.0.2.1');
  limit.leave('::1');
  expect(limit.hasRoom('192.0.2.1')).toBe(true);
  expect(limit.hasRoom('::1')).toBe(true);
});
