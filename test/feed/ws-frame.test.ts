/** Our framing, read back by the parser of an independent implementation. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { encodeTextFrames } from '../../src/feed/ws-frame.ts';

it('frames texts of every size class so that a client reads them back', async () => {
  const texts = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000].flatMap((size) => [
    'a'.repeat(size),
    '👋é'.repeat(size / 6),
  ]);
  const server = createServer();
  const upgrades = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    upgrades.handleUpgrade(request, socket, head, () => socket.write(encodeTextFrames(texts)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const read: string[] = [];
  client.on('message', (data) => read.push(String(data)));
  await expect.poll(() => read.length).toBe(texts.length);
  expect(read).toEqual(texts);
  client.terminate();
  server.close();
  await once(server, 'close');
});
