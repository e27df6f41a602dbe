import { describe, expect, it } from 'vitest';
import type { Change } from '../src/domain/change.ts';
import type { StreamAbsence } from '../src/domain/stream.ts';
import { createIngest } from '../src/ingest.ts';

const absence: StreamAbsence = { kind: 'stream_absence', channel: { id: '7', login: 'a' }, sweptAt: 1, receivedAt: 2 };

describe('ingest', () => {
  it('hands the Observation and then its Changes to every sink, before it returns', () => {
    const change = { kind: 'channel_renamed' } as Change;
    const taken: string[] = [];
    const ingest = createIngest({
      detectors: [() => [change], () => []],
      sinks: [(fact) => taken.push(`a ${fact.kind}`), (fact) => taken.push(`b ${fact.kind}`)],
    });
    ingest(absence);
    expect(taken).toEqual(['a stream_absence', 'b stream_absence', 'a channel_renamed', 'b channel_renamed']);
  });
});
