import { describe, expect, it } from 'vitest';
import { createSupervisor, pause, type Service } from '../../src/lib/lifecycle.ts';

function recorder() {
  const events: string[] = [];
  const service = (name: string, over: Partial<Service> = {}): Service => ({
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    ...over,
  });
  const supervise = (services: readonly Service[], stopTimeoutMs = 5_000) =>
    createSupervisor({
      services,
      stopTimeoutMs,
      onFault: ({ service: name, phase, error }) => events.push(`fault ${name} ${phase}: ${error.message}`),
    });
  return { events, service, supervise };
}

describe('the supervisor', () => {
  it('starts in order and stops in reverse', async () => {
    const { events, service, supervise } = recorder();
    const supervisor = supervise([service('a'), service('b')]);
    await supervisor.start();
    await supervisor.stop();
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    expect(await supervisor.closed).toEqual([]);
  });

  it('stops what a failed start began, the failed one included, and throws its error', async () => {
    const { events, service, supervise } = recorder();
    const failing = service('b', { start: () => Promise.reject(new Error('no')) });
    const supervisor = supervise([service('a'), failing, service('c')]);
    await expect(supervisor.start()).rejects.toThrow('no');
    expect(events).toEqual(['start a', 'fault b start: no', 'stop b', 'stop a']);
  });

  it('brings everything down when a running service fails', async () => {
    const { events, service, supervise } = recorder();
    let fail: (error: Error) => void = () => {};
    const failing = service('a', {
      start: async (_, report) => {
        fail = report;
      },
    });
    const supervisor = supervise([failing, service('b')]);
    await supervisor.start();
    fail(new Error('broke'));
    expect(await supervisor.closed).toMatchObject([{ service: 'a', phase: 'run' }]);
    expect(events).toEqual(['start b', 'fault a run: broke', 'stop b', 'stop a']);
  });

  it('reports a stop that fails and goes on with the others', async () => {
    const { events, service, supervise } = recorder();
    const supervisor = supervise([service('a'), service('b', { stop: () => Promise.reject(new Error('stuck')) })]);
    await supervisor.start();
    await supervisor.stop();
    expect(events).toEqual(['start a', 'start b', 'fault b stop: stuck', 'stop a']);
  });

  it('tells a slow stop that its time is over, by deadline or at once', async () => {
    for (const how of ['deadline', 'hurry'] as const) {
      const { service, supervise } = recorder();
      let wasCut = false;
      const slow = service('slow', {
        stop: async (deadline) => {
          wasCut = !(await pause(60_000, deadline));
        },
      });
      const supervisor = supervise([slow], how === 'deadline' ? 10 : 60_000);
      await supervisor.start();
      const stopped = supervisor.stop();
      if (how === 'hurry') supervisor.hurry();
      await stopped;
      expect(wasCut).toBe(true);
    }
  });

  it('waits for the service that is starting before it stops it, so that nothing is left behind', async () => {
    const { events, service, supervise } = recorder();
    let goOn: () => void = () => {};
    const slow = service('slow', {
      start: () =>
        new Promise((resolve) => {
          goOn = () => {
            events.push('slow listens');
            resolve();
          };
        }),
    });
    const supervisor = supervise([slow]);
    const starting = supervisor.start();
    const stopped = supervisor.stop();
    goOn();
    await Promise.all([starting, stopped]);
    expect(events).toEqual(['slow listens', 'stop slow']);
  });

  it('stops once, however often it is asked, and starts nothing more', async () => {
    const { events, service, supervise } = recorder();
    let release: () => void = () => {};
    const held = service('a', {
      start: () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    });
    const supervisor = supervise([held, service('b')]);
    const starting = supervisor.start();
    const stops = [supervisor.stop(), supervisor.stop()];
    release();
    await Promise.all([starting, ...stops]);
    expect(events).toEqual(['stop a']);
  });
});
