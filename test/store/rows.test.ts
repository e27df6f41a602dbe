import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/fact.ts';
import { encodeChannelRow, encodeRow, type Row } from '../../src/store/rows.ts';
import { columnsOf } from '../../src/store/tables.ts';
import {
  changes,
  channel,
  chatEvent,
  chatMessage,
  sample,
  startOfTime,
  startStore,
  type TestStore,
} from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

let tokens = 0;
async function insert(rows: readonly Row[]): Promise<void> {
  const table = rows[0]!.table;
  tokens += 1;
  const body = Buffer.from(rows.map(({ line }) => line).join('\n'));
  await store.client.insert({ table, columns: columnsOf(table), token: `rows:${tokens}`, body });
}

function encode(fact: Fact): Row {
  const row = encodeRow(fact);
  if (row === undefined) throw new Error('this fact should be stored');
  return row;
}

const nasty = [
  '',
  'plain',
  '😀 👩‍👩‍👧 🏳️‍🌈 é e\u0301',
  'lone \ud83d high',
  '\udc00 lone low',
  'nul \u0000 and \u0001 and \u007f',
  `it's "quoted" \`and\` \\back\\slashed\\`,
  "'); DROP TABLE chat_messages; --",
  'tab\tnew\nline\r\n\u2028\u2029',
  '{database} {settings} {x:String} \\N NULL',
  '\ufeffbom \ufffe',
];

describe('encodeRow', () => {
  const facts: readonly Fact[] = [chatMessage(1), chatEvent(2), sample(startOfTime), ...changes];

  it.each(facts.map((fact) => [fact.kind, fact] as const))('has a value for every column of a %s', (_, fact) => {
    const row = encode(fact);
    const values: unknown[] = JSON.parse(row.line);
    expect(values).toHaveLength(columnsOf(row.table).length);
    expect(values).not.toContain(null);
    expect(row.line).not.toContain('\n');
  });

  it('stores no absence', () => {
    expect(encodeRow({ kind: 'stream_absence', channel, sweptAt: 1, receivedAt: 2 })).toBeUndefined();
  });

  it('keeps every field of a message', async () => {
    const fact = chatMessage(100, {
      id: '885196DE-cb67-427a-baa8-82f9b0fcd05f',
      sentAt: 1_700_000_000_123,
      receivedAt: 1_700_000_000_100,
      flags: 0b111_1111_1111,
      badges: ['subscriber/12', 'vip/1'],
      emotes: [
        {
          id: '25',
          at: [
            [0, 4],
            [12, 16],
          ],
        },
        { id: 'emotesv2_x', at: [[6, 10]] },
      ],
      origin: { channelId: '999', messageId: '0cb67aa1-1111-4222-8333-444455556666' },
      extra: { 'client-note': 'a;b', odd: '\\s' },
      user: { id: '18446744073709551615', login: 'max', displayName: 'MAX', color: '' },
      type: 'highlighted-message',
      subscriberMonths: 77,
      bits: 4_000_000_000,
      reply: {
        messageId: '11111111-2222-4333-8444-555555555555',
        userId: '42',
        userLogin: 'asker',
        displayName: 'Asker',
        text: 'why?',
        threadMessageId: '',
      },
    });
    await insert([encode(fact)]);
    const [row] = await store.client.select<Record<string, unknown>>(
      `SELECT * EXCEPT ts, toUnixTimestamp64Milli(ts) AS ts, toUnixTimestamp64Milli(received_at) AS received_at,
         is_mod, is_historical, is_mirrored
       FROM ${store.client.database}.chat_messages WHERE message_id = '885196de-cb67-427a-baa8-82f9b0fcd05f'`,
    );
    expect(row).toMatchObject({
      message_id: '885196de-cb67-427a-baa8-82f9b0fcd05f',
      ts: '1700000000123',
      recv_lag_ms: -23,
      received_at: '1700000000100',
      channel_id: channel.id,
      channel_login: channel.login,
      user_id: '18446744073709551615',
      user_login: 'max',
      display_name: 'MAX',
      text: 'message 100',
      flags: 0b111_1111_1111,
      is_mod: true,
      is_historical: true,
      is_mirrored: true,
      badges: ['subscriber/12', 'vip/1'],
      emote_ids: ['25', '25', 'emotesv2_x'],
      emote_first: [0, 12, 6],
      emote_last: [4, 16, 10],
      source_channel_id: '999',
      extra: { 'client-note': 'a;b', odd: '\\s' },
      type: 'highlighted-message',
      sub_months: 77,
      bits: 4_000_000_000,
      reply_to: '11111111-2222-4333-8444-555555555555',
      reply_thread: '00000000-0000-0000-0000-000000000000',
      reply_user_id: '42',
      reply_text: 'why?',
    });
  });

  it('stores every other kind of fact', async () => {
    const others = [chatEvent(300), sample(startOfTime), ...changes].map(encode);
    for (const row of others) await insert([row]);
    await insert([
      encodeChannelRow({ channel, displayName: 'River', trackedSince: startOfTime, isTracked: true, version: 1 }),
    ]);
    const rows = await store.client.select<{ kind: string; before: string; after_tags: string[]; viewers: number }>(
      `SELECT kind, before, after_tags, viewers FROM ${store.client.database}.stream_changes ORDER BY kind`,
    );
    expect(rows).toHaveLength(changes.length);
    expect(rows).toContainEqual({ kind: 'category_changed', before: 'One', after_tags: [], viewers: 0 });
    expect(rows).toContainEqual({ kind: 'tags_changed', before: '', after_tags: ['x', 'y'], viewers: 0 });
    expect(rows).toContainEqual({ kind: 'stream_offline', before: '', after_tags: [], viewers: 9 });
  });

  it('brings any text through unharmed; a lone surrogate becomes the replacement character', async () => {
    const random = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { numRuns: 300, seed: 7 });
    const halves = fc.sample(fc.string({ unit: 'grapheme', maxLength: 9 }), { numRuns: 100, seed: 8 });
    const all = [...nasty, ...random, ...halves.map((text) => text.slice(0, -1))];
    const rows = all.map((text, index) =>
      encode(
        chatMessage(1_000 + index, {
          text,
          badges: [text],
          extra: { [text]: text },
          user: { id: '1', login: text, displayName: text, color: text },
        }),
      ),
    );
    await insert(rows);
    const stored = await store.client.select<{ text: string; badges: string[]; extra: Record<string, string> }>(
      `SELECT text, badges, extra FROM ${store.client.database}.chat_messages WHERE recv_lag_ms = 40 AND ts >= fromUnixTimestamp64Milli({from:Int64}) ORDER BY ts`,
      { from: startOfTime + 1_000 },
    );
    const expected = all.map((text) => Buffer.from(text).toString('utf8'));
    expect(stored.map(({ text }) => text)).toEqual(expected);
    expect(stored.map(({ badges }) => badges[0])).toEqual(expected);
    expect(stored.map(({ extra }) => Object.entries(extra)[0])).toEqual(expected.map((text) => [text, text]));
  });

  it('makes numbers fit instead of letting them wrap around', async () => {
    const extremes = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 2 ** 53, 0.5, 70_000];
    const rows = extremes.map((value, index) =>
      encode(
        chatMessage(5_000 + index, {
          id: `no uuid ${index}`,
          sentAt: value,
          receivedAt: value,
          flags: value,
          bits: value,
          subscriberMonths: value,
          emotes: [{ id: 'e', at: [[value, value]] }],
          user: { id: `${value}`, login: 'extreme', displayName: 'extreme', color: '' },
        }),
      ),
    );
    await insert(rows);
    const stored = await store.client.select<{ flags: number; bits: number; user_id: string; year: number }>(
      `SELECT flags, bits, user_id, toYear(ts) AS year FROM ${store.client.database}.chat_messages WHERE user_login = 'extreme' ORDER BY bits, flags`,
    );
    expect(stored).toHaveLength(extremes.length);
    expect(stored.map(({ flags }) => flags)).toEqual([0, 0, 0, 0, 65_535, 65_535, 65_535]);
    expect(stored.at(-1)!.bits).toBe(4_294_967_295);
    expect(stored.map(({ year }) => year).every((year) => year === 1970 || year === 2299)).toBe(true);
  });

  it('never makes a line that ClickHouse could misread, whatever the fact holds', () => {
    const anything = fc.record({
      id: fc.string({ unit: 'binary' }),
      text: fc.string({ unit: 'binary' }),
      sentAt: fc.double(),
      receivedAt: fc.double(),
      flags: fc.double(),
      bits: fc.double(),
      subscriberMonths: fc.double(),
      badges: fc.array(fc.string({ unit: 'binary' })),
      extra: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
    });
    fc.assert(
      fc.property(anything, (changed) => {
        const { line } = encode(chatMessage(1, changed));
        expect(line).not.toMatch(/[\n\r]/);
        const values: unknown[] = JSON.parse(line);
        expect(values).toHaveLength(columnsOf('chat_messages').length);
        expect(
          values.map((value) => (typeof value === 'object' ? Object.entries(value ?? {}) : value)).join(),
        ).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});
