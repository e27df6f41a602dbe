import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveBoard } from '../../src/detect/live-board.ts';
import type { Change } from '../../src/domain/change.ts';
import type { Stream, StreamAbsence, StreamSample } from '../../src/domain/stream.ts';

const channel = { id: '77', login: 'gaugetown' };
const minute = 60_000;
const start = 1_795_300_000_000;

function stream(over: Partial<Stream> = {}): Stream {
  return {
    id: 's1',
    title: 'High water',
    category: { id: '10', name: 'Rivers' },
    viewers: 5,
    startedAt: start - minute,
    language: 'en',
    tags: ['English'],
    isMature: false,
    thumbnailUrl: '',
    ...over,
  };
}

function sample(at: number, over: Partial<Stream> = {}): StreamSample {
  return { kind: 'stream_sample', channel, stream: stream(over), sweptAt: at, receivedAt: at + 100 };
}

function absence(at: number): StreamAbsence {
  return { kind: 'stream_absence', channel, sweptAt: at, receivedAt: at + 100 };
}

function createBoard(watchedSince = start, runStartedAt = start): LiveBoard {
  return new LiveBoard({ offlineRule: { misses: 3, afterMs: minute }, watchedSince: () => watchedSince, runStartedAt });
}

function play(board: LiveBoard, seen: readonly (StreamSample | StreamAbsence)[]): Change[] {
  return seen.flatMap((observation) => board.observe(observation));
}

const kinds = (changes: readonly Change[]) => changes.map((change) => change.kind);

describe('the first look', () => {
  it('announces nothing that began before we watched', () => {
    expect(play(createBoard(), [sample(start + 1)])).toEqual([]);
  });

  it('announces what began after', () => {
    const changes = play(createBoard(), [sample(start + minute, { startedAt: start + 5 })]);
    expect(changes).toMatchObject([
      { kind: 'stream_online', streamId: 's1', occurredAt: start + 5, detectedAt: start + minute + 100, isLate: false },
    ]);
  });
});

describe('a live channel', () => {
  it('goes offline only after enough misses over enough time, as of the first of them', () => {
    const board = createBoard();
    const changes = play(board, [
      sample(start),
      absence(start + 30_000),
      absence(start + 60_000),
      absence(start + 89_000),
      absence(start + 90_000),
    ]);
    expect(changes).toMatchObject([{ kind: 'stream_offline', occurredAt: start + 30_000, streamId: 's1' }]);
    expect(board.state('77')?.phase).toBe('offline');
  });

  it('forgets misses when it is seen again', () => {
    const seen = [sample(start), absence(start + 30_000), absence(start + 60_000), sample(start + 90_000)];
    expect(play(createBoard(), [...seen, absence(start + 120_000), absence(start + 150_000)])).toEqual([]);
  });

  it('tells each difference once, with before and after', () => {
    const after = { title: 'Low water', category: { id: '11', name: 'Lakes' }, language: 'de', tags: ['Deutsch'] };
    const board = createBoard();
    const changes = play(board, [sample(start), sample(start + 1, after), sample(start + 2, after)]);
    expect(changes).toMatchObject([
      { kind: 'title_changed', before: 'High water', after: 'Low water', occurredAt: start + 1 },
      { kind: 'category_changed', before: { id: '10', name: 'Rivers' }, after: { id: '11', name: 'Lakes' } },
      { kind: 'tags_changed', before: ['English'], after: ['Deutsch'] },
      { kind: 'language_changed', before: 'en', after: 'de' },
    ]);
  });

  it('knows a new stream id as a new session, though the end of the old one was never seen', () => {
    const changes = play(createBoard(), [
      sample(start),
      sample(start + minute, { id: 's2', startedAt: start + 20_000 }),
    ]);
    expect(changes).toMatchObject([
      { kind: 'stream_offline', streamId: 's1', occurredAt: start + 20_000 },
      { kind: 'stream_online', streamId: 's2', occurredAt: start + 20_000 },
    ]);
  });

  it('does not believe a cache that still shows the session before', () => {
    const next = { id: 's2', startedAt: start + 20_000 };
    const seen = [sample(start), sample(start + 1, next), sample(start + 2), sample(start + 3, next)];
    expect(kinds(play(createBoard(), seen))).toEqual(['stream_offline', 'stream_online']);
  });

  it('ignores a sweep that is older than what is known', () => {
    expect(play(createBoard(), [sample(start + 2), sample(start + 1, { title: 'old' })])).toEqual([]);
  });

  it('is renamed with its id kept', () => {
    const renamed = { ...sample(start + 1), channel: { id: '77', login: 'newtown' } };
    expect(play(createBoard(), [sample(start), renamed])).toMatchObject([
      { kind: 'channel_renamed', before: 'gaugetown', after: 'newtown', channel: { id: '77', login: 'newtown' } },
    ]);
  });
});

describe('an ended session that comes back', () => {
  it('is told again under an id of its own', () => {
    const gone = [0, 1, 2].map((n) => absence(start + minute * (n + 1)));
    const changes = play(createBoard(), [sample(start), ...gone, sample(start + 5 * minute)]);
    expect(kinds(changes)).toEqual(['stream_offline', 'stream_online']);
    const again = [6, 7, 8].map((n) => absence(start + minute * n));
    const board = createBoard();
    const all = play(board, [sample(start), ...gone, sample(start + 5 * minute), ...again, sample(start + 9 * minute)]);
    expect(new Set(all.map((change) => change.id)).size).toBe(4);
  });
});

describe('after a restart', () => {
  it('tells late, once, what happened meanwhile', () => {
    const board = createBoard(start, start + 10 * minute);
    board.restore({ channel, stream: stream(), hasEnded: false, hadEnded: false, asOf: start });
    const changes = play(board, [
      sample(start + 11 * minute, { title: 'Changed while away' }),
      sample(start + 12 * minute, { title: 'Changed again' }),
    ]);
    expect(changes).toMatchObject([
      { kind: 'title_changed', after: 'Changed while away', isLate: true },
      { kind: 'title_changed', after: 'Changed again', isLate: false },
    ]);
  });

  it('announces nothing twice', () => {
    const board = createBoard(start, start + 10 * minute);
    board.restore({ channel, stream: stream(), hasEnded: false, hadEnded: false, asOf: start });
    expect(play(board, [sample(start + 11 * minute)])).toEqual([]);
  });

  it('announces late a stream that began while nobody watched', () => {
    const board = createBoard(start, start + 10 * minute);
    expect(play(board, [sample(start + 11 * minute, { startedAt: start + 5 * minute })])).toMatchObject([
      { kind: 'stream_online', isLate: true },
    ]);
  });
});

/** What really happened to one channel, one step a sweep; the sweeps that show it may be lost, doubled or come late. */
const history = fc.array(
  fc.record({
    step: fc.constantFrom('stay', 'title', 'category', 'restart', 'flap'),
    sweep: fc.constantFrom('seen', 'seen', 'seen', 'lost', 'twice', 'stale'),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('any history', () => {
  it('gives Changes that lead from the first look to the last, each id once', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const board = createBoard();
        let truth = stream();
        let shown = truth;
        let last = sample(start);
        const changes = play(board, [last]);
        steps.forEach(({ step, sweep }, i) => {
          const at = start + (i + 1) * 10_000;
          if (step === 'title') truth = { ...truth, title: `title ${i}` };
          if (step === 'category') truth = { ...truth, category: { id: String(100 + i), name: `category ${i}` } };
          if (step === 'restart') truth = { ...truth, id: `s${i + 2}`, startedAt: at };
          if (sweep === 'stale') changes.push(...board.observe(last));
          if (sweep === 'lost' || sweep === 'stale') return;
          const seen = step === 'flap' ? absence(at) : { ...sample(at), stream: truth };
          if (seen.kind === 'stream_sample') {
            shown = truth;
            last = seen;
          }
          changes.push(...board.observe(seen));
          if (sweep === 'twice') changes.push(...board.observe(seen));
        });
        expect(new Set(changes.map((change) => change.id)).size).toBe(changes.length);
        expect(board.state('77')?.stream ?? shown).toMatchObject({ id: shown.id });
        expect(replay(changes)).toMatchObject({ id: shown.id, title: shown.title, category: shown.category });
      }),
    );
  });
});

/** Follows the Changes alone, as a reader of the feed would. */
function replay(changes: readonly Change[]): Stream {
  let known = stream();
  for (const change of changes) {
    if (change.kind === 'stream_online') known = change.stream;
    if (change.kind === 'title_changed') {
      expect(change.before).toBe(known.title);
      known = { ...known, title: change.after };
    }
    if (change.kind === 'category_changed') {
      expect(change.before).toEqual(known.category);
      known = { ...known, category: change.after };
    }
  }
  return known;
}
