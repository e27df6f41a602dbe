/** `/api/v1/channels`: what is watched, whether its chat arrives, and whether it is live. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { RequestError } from '../../lib/errors.ts';
import { type ChannelsView, joinStates, type TrackedChannel } from '../deps.ts';
import { problemResponse } from '../problem.ts';
import { channelId, channelShape, instant, pageOf, pageQuery, toChannel, toInstant, toPage } from '../schemas.ts';

const channelSchema = z
  .object({
    ...channelShape,
    chat: z.object({
      state: z.enum(joinStates).openapi({ description: '`joined` only once Twitch has confirmed it' }),
      reason: z.string().nullable(),
    }),
    isLive: z.boolean().nullable().openapi({ description: 'null: not known, nothing has told yet' }),
    trackedSince: instant,
  })
  .openapi('Channel');

const list = createRoute({
  method: 'get',
  path: '/api/v1/channels',
  tags: ['channels'],
  summary: 'All watched channels, by login',
  request: {
    query: z.strictObject({
      ...pageQuery,
      login: z.string().toLowerCase().optional(),
      chat: z.enum(joinStates).optional().openapi({ description: 'Only channels in this join state' }),
      live: z.enum(['true', 'false']).optional(),
    }),
  },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: z.object(pageOf(channelSchema)) } } },
    400: problemResponse('A parameter is wrong or unknown'),
  },
});

const one = createRoute({
  method: 'get',
  path: '/api/v1/channels/{id}',
  tags: ['channels'],
  summary: 'One watched channel',
  request: { params: z.object({ id: channelId }) },
  responses: {
    200: { description: 'The channel', content: { 'application/json': { schema: channelSchema } } },
    400: problemResponse('The id is not a number'),
    404: problemResponse('The channel is not watched'),
  },
});

export function mountChannels(app: OpenAPIHono, channels: ChannelsView): void {
  app.openapi(list, (c) => {
    const query = c.req.valid('query');
    const matching = channels
      .list()
      .filter(
        (tracked) =>
          (query.login === undefined || tracked.channel.login === query.login) &&
          (query.chat === undefined || tracked.chat.state === query.chat) &&
          (query.live === undefined || String(tracked.isLive) === query.live),
      )
      .toSorted((a, b) => (a.channel.login < b.channel.login ? -1 : 1));
    const page = toPage(matching, query);
    return c.json({ ...page, items: page.items.map(toJson) }, 200);
  });

  app.openapi(one, (c) => {
    const { id } = c.req.valid('param');
    const tracked = channels.find(id);
    if (tracked === undefined) throw new RequestError(404, 'channel_not_watched', `Channel ${id} is not watched.`);
    return c.json(toJson(tracked), 200);
  });
}

function toJson(tracked: TrackedChannel): z.infer<typeof channelSchema> {
  return {
    ...toChannel(tracked.channel, tracked.displayName),
    chat: { state: tracked.chat.state, reason: tracked.chat.reason ?? null },
    isLive: tracked.isLive ?? null,
    trackedSince: toInstant(tracked.trackedSince),
  };
}
