/** The unions that travel: sources hand Observations to ingest, sinks see Facts. */
import type { Change } from './change.ts';
import type { ChatEvent, ChatMessage } from './chat.ts';
import type { StreamAbsence, StreamSample } from './stream.ts';

/** What a source saw. */
export type Observation = ChatMessage | ChatEvent | StreamSample | StreamAbsence;

/** All that sinks ever see, discriminated by `kind`. */
export type Fact = Observation | Change;
