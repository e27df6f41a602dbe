/** Carries out an order: one line for each, so that what can be ordered is seen at a glance. */
import type { ChatPump } from './chat-pump.ts';
import type { EventSub } from './eventsub.ts';
import type { Faults } from './faults.ts';
import type { IrcServer } from './irc.ts';
import type { OAuth } from './oauth.ts';
import type { CompleteOrder } from './orders.ts';
import type { Replay } from './replay.ts';
import type { Account, Grant, Tokens } from './tokens.ts';
import { directory } from './vocabulary.ts';
import type { DescriptionPatch, World } from './world.ts';

export interface Means {
  readonly world: World;
  readonly faults: Faults;
  readonly irc: IrcServer;
  readonly eventsub: EventSub;
  readonly tokens: Tokens;
  readonly oauth: OAuth;
  readonly replay: Replay | undefined;
  readonly pump: ChatPump;
  readonly now: () => number;
  readonly grant: (login: string, scopes: readonly string[]) => Grant;
  readonly account: (login: string) => Account;
  /** `ws://host:port` for the addresses of EventSub reconnects. */
  readonly eventSubBase: string;
}

/** @returns what the order yields: a grant, a count, whether it applied; `undefined` for most. Throws RangeError for unknown channels. */
export function obey(order: CompleteOrder, means: Means): unknown {
  const { world, faults, irc, eventsub, tokens } = means;
  switch (order.order) {
    case 'go_live':
      return world.goLive(order.channelId);
    case 'go_offline':
      return world.goOffline(order.channelId);
    case 'describe':
      return world.describe(order.channelId, patchOf(order));
    case 'set_viewers':
      return world.setViewers(order.channelId, order.viewers);
    case 'rename':
      return world.rename(order.channelId, order.login);
    case 'suspend':
      return world.suspend(order.channelId);
    case 'raid':
      return world.raid(order.fromId, order.toId);
    case 'speak':
      return means.pump.speakLines(order.lines, means.now());
    case 'freeze':
      means.replay?.stop();
      return world.freeze();
    case 'begin_replay':
      void means.replay?.begin();
      return means.replay !== undefined;
    case 'disturb_irc':
      return irc.disturb(order.how, order.sessions, order.closeAfterMs);
    case 'lines_per_frame':
      return irc.setLinesPerFrame(order.lines);
    case 'lay_fault':
      return faults.lay(order.fault, order.times);
    case 'hide_stream':
      return faults.hideStream(order.channelId, order.times);
    case 'http_status':
      return faults.layHttp({ kind: 'status', status: order.status }, order.path, order.times);
    case 'http_slow':
      return faults.layHttp({ kind: 'slow', delayMs: order.delayMs }, order.path, order.times);
    case 'http_hang':
      return faults.layHttp({ kind: 'hang' }, order.path, order.times);
    case 'http_truncate':
      return faults.layHttp({ kind: 'truncate' }, order.path, order.times);
    case 'behave':
      return faults.clear();
    case 'emit_eventsub':
      return eventsub.emit(order.type, order.condition, order.event);
    case 'reconnect_eventsub':
      return eventsub.reconnect(means.eventSubBase);
    case 'close_eventsub':
      return eventsub.closeAll(order.code);
    case 'disturb_eventsub':
      return order.how === 'drop' ? eventsub.dropAll() : eventsub.muteAll();
    case 'revoke_eventsub':
      return eventsub.revoke(order.status, order.type);
    case 'expire_tokens':
      return tokens.expireAll();
    case 'grant':
      return means.grant(order.login, order.scopes);
    case 'approve_device':
      return means.oauth.approveDevice(order.userCode, means.account(order.login));
  }
}

function patchOf(order: Extract<CompleteOrder, { order: 'describe' }>): DescriptionPatch {
  const { title, categoryId, tags, language } = order;
  const category = categoryId === undefined ? undefined : directory.find(({ id }) => id === categoryId);
  if (categoryId !== undefined && !category) throw new RangeError(`no category ${categoryId} in the directory`);
  return {
    ...(title === undefined ? {} : { title }),
    ...(category === undefined ? {} : { category }),
    ...(tags === undefined ? {} : { tags }),
    ...(language === undefined ? {} : { language }),
  };
}
