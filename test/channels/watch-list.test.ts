import { describe, expect, it } from 'vitest';
import { WatchList } from '../../src/channels/watch-list.ts';

function createList() {
  const events: string[] = [];
  const list = new WatchList({
    now: () => 1000,
    onAdded: ({ login }) => events.push(`added ${login}`),
    onLearnt: ({ login, id }) => events.push(`learnt ${login} ${id}`),
    onRenamed: ({ login }, from) => events.push(`renamed ${from} ${login}`),
  });
  return { events, list };
}

describe('the watch list', () => {
  it('takes a wish once and learns its id once', () => {
    const { events, list } = createList();
    list.add('gaugetown');
    list.add('gaugetown');
    list.learn({ id: '7', login: 'gaugetown' });
    list.learn({ id: '7', login: 'gaugetown' });
    expect(events).toEqual(['added gaugetown', 'learnt gaugetown 7']);
    expect(list.resolve('GaugeTown')).toMatchObject({ id: '7', trackedSince: 1000 });
    expect(list.resolve('id:7')).toMatchObject({ login: 'gaugetown' });
    expect(list.identified()).toEqual([{ id: '7', login: 'gaugetown' }]);
  });

  it('keeps the id through a rename', () => {
    const { events, list } = createList();
    list.add('old');
    list.learn({ id: '7', login: 'old' });
    list.learn({ id: '7', login: 'new' });
    expect(events).toEqual(['added old', 'learnt old 7', 'renamed old new']);
    expect(list.resolve('old')).toBeUndefined();
    expect(list.resolve('id:7')).toMatchObject({ login: 'new' });
  });

  it('ignores what it is told of channels nobody asked for', () => {
    const { events, list } = createList();
    list.learn({ id: '9', login: 'stranger' });
    expect(events).toEqual([]);
    expect(list.all()).toEqual([]);
  });

  it('remembers what an earlier run knew, also of a channel that was renamed meanwhile', () => {
    const { events, list } = createList();
    list.add('gaugetown');
    list.restore({ id: '7', login: 'gaugetown' }, 500);
    expect(list.byId('7')).toMatchObject({ trackedSince: 500 });
    list.learn({ id: '7', login: 'newtown' });
    expect(events).toEqual(['added gaugetown', 'renamed gaugetown newtown']);
  });

  it('says which logins Twitch does not know, until it does', () => {
    const { list } = createList();
    list.add('typo');
    list.markUnknown('typo');
    expect(list.resolve('typo')?.isUnknown).toBe(true);
    list.learn({ id: '1', login: 'typo' });
    expect(list.resolve('typo')?.isUnknown).toBe(false);
  });
});
