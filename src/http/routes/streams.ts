/** `/api/v1/streams`: who is live now, most watched first. `asOf` tells how old that knowledge is; null means there is none. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { LiveStream, StreamsView } from '../deps.ts';
import { problemResponse } from '../problem.ts';
import { channelShape, instant, pageOf, pageQuery, toChannel, toInstant, toInstantOrNull, toPage } from '../schemas.ts';

const streamSchema = z
  .object({
    id: z.string().openapi({ description: "Twitch's stream id; names the session", example: '39574629358' }),
    channel: z.object(channelShape),
    title: z.string(),
    category: z.object({ id: z.string(), name: z.string() }).openapi({ description: 'Empty strings: none chosen' }),
    viewers: z.int(),
    startedAt: instant,
    tags: z.array(z.string()),
    language: z.string().openapi({ example: 'en' }),
    isMature: z.boolean(),
    thumbnailUrl: z.string(),
    isLive: z.literal(true),
  })
  .openapi('Stream');

const list = createRoute({
  method: 'get',
  path: '/api/v1/streams',
  tags: ['streams'],
  summary: 'Watched channels that are live now, most viewers first',
  request: {
    query: z.strictObject({
      ...pageQuery,
      categoryId: z.string().optional().openapi({ example: '509658' }),
      category: z.string().optional().openapi({ description: 'Name, in any case', example: 'just chatting' }),
      language: z.string().toLowerCase().optional().openapi({ example: 'en' }),
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: z.object({
            ...pageOf(streamSchema),
            totalViewers: z.int().openapi({ description: 'Viewers of all that match, on all pages' }),
            asOf: instant.nullable().openapi({ description: 'When this was last known to be true; null: never' }),
          }),
        },
      },
    },
    400: problemResponse('A parameter is wrong or unknown'),
  },
});

export function mountStreams(app: OpenAPIHono, streams: StreamsView): void {
  app.openapi(list, (c) => {
    const query = c.req.valid('query');
    const category = query.category?.toLowerCase();
    const matching = streams
      .live()
      .filter(
        ({ stream }) =>
          (query.categoryId === undefined || stream.category.id === query.categoryId) &&
          (category === undefined || stream.category.name.toLowerCase() === category) &&
          (query.language === undefined || stream.language.toLowerCase() === query.language),
      )
      .toSorted((a, b) => b.stream.viewers - a.stream.viewers || (a.stream.id < b.stream.id ? -1 : 1));
    const page = toPage(matching, query);
    const answer = {
      ...page,
      items: page.items.map(toJson),
      totalViewers: matching.reduce((sum, { stream }) => sum + stream.viewers, 0),
      asOf: toInstantOrNull(streams.asOf()),
    };
    return c.json(answer, 200);
  });
}

function toJson({ channel, displayName, stream }: LiveStream): z.infer<typeof streamSchema> {
  return {
    id: stream.id,
    channel: toChannel(channel, displayName),
    title: stream.title,
    category: { id: stream.category.id, name: stream.category.name },
    viewers: stream.viewers,
    startedAt: toInstant(stream.startedAt),
    tags: [...stream.tags],
    language: stream.language,
    isMature: stream.isMature,
    thumbnailUrl: stream.thumbnailUrl,
    isLive: true,
  };
}
