/** Takes up where an earlier run ended, so that nothing is announced twice, nothing missed, and a renamed channel is found again. */
import type { WatchList } from '../channels/watch-list.ts';
import type { LiveBoard } from '../detect/live-board.ts';
import type { StoreClient } from '../store/client.ts';
import { formerLogins, knownChannels, lastKnownStreams } from '../store/queries.ts';
import type { RowSink } from '../store/row-sink.ts';
import { encodeChannelRow } from '../store/rows.ts';

export interface RestoreOptions {
  readonly client: StoreClient;
  readonly watchList: WatchList;
  /** undefined without credentials: nobody would ever say that a restored broadcast has ended. */
  readonly board: LiveBoard | undefined;
  readonly rows: RowSink;
  readonly now: () => number;
}

/** A broadcast of an earlier run is believed to be on if it was seen within so many days. */
const restoreDays = 3;

export async function restore({ client, watchList, board, rows, now }: RestoreOptions): Promise<void> {
  const former = await formerLogins(client);
  for (const record of await knownChannels(client)) {
    const { channel, trackedSince } = record;
    const names = [channel.login, ...(former.get(channel.id) ?? [])];
    const wished = names.find((login) => watchList.restore({ id: channel.id, login }, trackedSince));
    // Wished for by a login that the channel no longer has: learning the present one renames it here too.
    if (wished !== undefined) watchList.learn({ id: channel.id, login: channel.login });
    else if (record.isTracked) rows.append(encodeChannelRow({ ...record, isTracked: false, version: now() }));
  }
  if (board === undefined) return;
  for (const known of await lastKnownStreams(client, restoreDays)) {
    if (watchList.byId(known.channel.id) !== undefined) board.restore({ ...known, asOf: known.seenAt });
  }
}
