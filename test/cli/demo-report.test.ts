import { describe, expect, it } from 'vitest';
import { compareWithTruth, type DemoEvidence, type StoredChange } from '../../src/cli/demo-report.ts';
import type { Truth } from '../../src/simulator/truth.ts';

const truth = {
  chat: {
    sent: 3,
    byCommand: { PRIVMSG: 2, USERNOTICE: 0, CLEARCHAT: 0, CLEARMSG: 0, NOTICE: 0, ROOMSTATE: 1 },
    joinRoomStates: 1,
    duplicates: 0,
    duplicatesByCommand: {},
    deliveries: 3,
    unjoined: 0,
    control: {},
    malformed: {},
    skipped: {},
  },
  changes: [
    { kind: 'title_changed', channelId: '1', streamId: 's', at: 1000, before: 'a', after: 'b' },
    { kind: 'title_changed', channelId: '1', streamId: 's', at: 2000, before: 'b', after: 'a' },
    { kind: 'title_changed', channelId: '1', streamId: 's', at: 3000, before: 'a', after: 'b' },
    { kind: 'stream_offline', channelId: '1', streamId: 's', at: 4000, before: 's', after: '' },
  ],
  helix: { streamRows: 2, streamAnswers: 2, requests: {} },
} as unknown as Truth;

function change(kind: string, after: string, detectedAt: number): StoredChange {
  return { id: `${kind}${detectedAt}`, kind, channelId: '1', streamId: 's', after, detectedAt };
}

const whole: DemoEvidence = {
  truth,
  rows: [
    { table: 'chat_messages', kind: 'PRIVMSG', distinct: 2, stored: 2 },
    { table: 'chat_events', kind: 'ROOMSTATE', distinct: 1, stored: 1 },
    { table: 'stream_snapshots', kind: 'stream_sample', distinct: 2, stored: 2 },
  ],
  changes: [
    change('title_changed', 'b', 1500),
    change('title_changed', 'a', 2500),
    change('title_changed', 'b', 3500),
    change('stream_offline', '', 7000),
  ],
  fed: { 'chat.message': 2, 'chat.settings': 1, 'stream.update': 3, 'stream.offline': 1 },
  feed: { clients: 1, delivered: 7, holes: 0 },
  rejected: {},
  gaps: [],
};

describe('the comparison with the truth', () => {
  it('agrees when everything was kept, fed and noticed once', () => {
    const report = compareWithTruth(whole);
    expect(report.differences).toEqual([]);
    expect(report).toMatchObject({
      chat: { sent: 3, stored: 3, fed: 3, duplicates: 0, byCommand: { PRIVMSG: { sent: 2, stored: 2 } } },
      changes: { truth: 4, detected: 4, missed: 0, spurious: 0, latencyMs: { p50: 500, p99: 3000 } },
      snapshots: { expected: 2, stored: 2 },
      lost: 0,
    });
  });

  const rows = (distinct: number, stored: number) => [
    { table: 'chat_messages' as const, kind: 'PRIVMSG', distinct, stored },
    ...whole.rows.slice(1),
  ];
  it.each<[string, Partial<DemoEvidence>, string]>([
    ['a lost row', { rows: rows(1, 1) }, 'chat lines stored: 2 instead of 3'],
    ['a doubled row', { rows: rows(2, 3) }, 'rows doubled: 1 instead of 0'],
    ['a line that was not fed', { fed: { ...whole.fed, 'chat.message': 1 } }, 'chat lines fed: 2 instead of 3'],
    ['a missed change', { changes: whole.changes.slice(1) }, 'changes detected: 3 instead of 4'],
    [
      'an invented change',
      { changes: [...whole.changes, change('stream_online', '', 9)] },
      'changes invented: 1 instead of 0',
    ],
    [
      'a change told twice',
      { changes: [...whole.changes, change('title_changed', 'a', 9)] },
      'changes invented: 1 instead of 0',
    ],
    ['a lost snapshot', { rows: whole.rows.slice(0, 2) }, 'snapshots stored: 0 instead of 2'],
    ['a hole in the feed', { feed: { ...whole.feed, holes: 1 } }, 'holes in the feed: 1 instead of 0'],
    ['a line refused without cause', { rejected: { no_command: 1 } }, 'malformed lines counted: 1 instead of 0'],
    ['a gap', { gaps: [{ source: 'chat', reason: 'x', count: 1, totalMs: 5 }] }, 'gaps in listening: 1 instead of 0'],
  ])('notices %s', (_, evidence, difference) => {
    expect(compareWithTruth({ ...whole, ...evidence }).differences).toContain(difference);
  });
});
