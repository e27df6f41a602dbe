/**
 * The one junction. Every Observation goes to all sinks, then through the detectors, whose Changes go to all sinks, all
 * on the stack of whoever received it: between the socket and the buffers there is no promise and no queue.
 */
import type { Change } from './domain/change.ts';
import type { Fact, Observation } from './domain/fact.ts';

/** Takes a Fact and returns; must not throw for a Fact it does not want. */
export type Sink = (fact: Fact) => void;

/** Owns its memory: an Observation in, Changes out. */
export type Detector = (observation: Observation) => readonly Change[];

export type Ingest = (observation: Observation) => void;

export function createIngest(parts: {
  readonly detectors: readonly Detector[];
  readonly sinks: readonly Sink[];
}): Ingest {
  return (observation) => {
    for (const sink of parts.sinks) sink(observation);
    for (const detect of parts.detectors) {
      for (const change of detect(observation)) {
        for (const sink of parts.sinks) sink(change);
      }
    }
  };
}
