import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { HttpDeps } from '../../src/http/deps.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { fakeDeps, healthyStatus, liveStream, startedAt, tracked } from './fakes.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const mayRun = executablePath !== undefined || process.env.CI === 'true';
if (!mayRun) console.warn('skipped: the page tests need Chromium (apt-get install chromium)');

const hostile = '<img src=x onerror="document.title=1"> & <script>document.title=2</script>';

describe.skipIf(!mayRun)('the pages in Chromium', () => {
  let browser: Browser;
  let daemon: FakeDaemon | undefined;
  let page: Page | undefined;
  let complaints: string[];

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error('CI needs Chromium for the page tests; none was found');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });

  afterEach(async () => {
    await page?.close();
    await daemon?.close();
    page = daemon = undefined;
  });

  afterAll(async () => {
    await browser?.close();
  });

  async function open(path: string, overrides: Partial<HttpDeps> = {}, width = 1280): Promise<Page> {
    daemon = new FakeDaemon(fakeDeps(overrides));
    const url = await daemon.listen();
    page = await browser.newPage({ viewport: { width, height: 800 } });
    complaints = [];
    page.on('console', (line) => complaints.push(line.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (new URL(request.url()).host !== new URL(url).host) complaints.push(`asked ${request.url()}`);
    });
    await page.goto(new URL(path, url).href);
    return page;
  }

  const text = (at: Page, selector: string) => at.locator(selector).innerText();
  const becomes = (at: Page, selector: string, pattern: RegExp) =>
    vi.waitUntil(async () => pattern.test(await text(at, selector)), { timeout: 15_000, interval: 50 });

  test('what is live and connected is shown, and no text of strangers becomes markup', async () => {
    const streams = [
      liveStream('1', { title: hostile, viewers: 1234 }),
      liveStream('2', { category: { id: '1', name: hostile }, viewers: 99_000 }),
    ];
    const at = await open('/', { streams: { live: () => streams, asOf: () => Date.now() } });
    await becomes(at, '#live-count', /^2$/);
    expect(await text(at, '#viewer-count')).toBe('100,234');
    expect(await at.locator('#streams tbody tr').count()).toBe(2);
    expect(await text(at, '#streams tbody tr:nth-child(1) .viewers')).toBe('99,000');
    expect(await text(at, '#streams tbody tr:nth-child(2) .title')).toBe(hostile);
    expect(await at.locator('main img, main script').count()).toBe(0);
    expect(await text(at, '#connections')).toMatch(/Channels joined\s*3 of 3[\s\S]*Helix budget\s*780 of 800/);
    expect(await at.title()).toBe('2 live, streamgauge');
    expect(complaints).toEqual([]);
  });

  test('chat and changes on the feed show at once, without copies from shared chats', async () => {
    const streams = [liveStream('1', { viewers: 2 }), liveStream('2', { viewers: 1 })];
    const at = await open('/', { streams: { live: () => streams, asOf: () => startedAt } });
    await becomes(at, '#feed-state', /^connected$/);
    expect(daemon?.feedRequests).toEqual(['/v1/feed?types=chat.message,stream.*']);
    daemon?.emit('stream.update', 'login1', { changed: ['title'], title: hostile, before: { title: 'Old' } });
    daemon?.emit('stream.online', 'login2', { title: 'Hello' });
    for (let n = 0; n < 40; n += 1) daemon?.emit('chat.message', 'login1', { text: hostile });
    for (let n = 0; n < 40; n += 1) daemon?.emit('chat.message', 'login2', { origin: { ch: '77', id: 'x' } });
    await becomes(at, '#changes', /login2 went live\s+Hello[\s\S]*login1 changed the title/);
    expect(await text(at, '#changes li:nth-child(2)')).toContain(hostile);
    await becomes(at, '#river-top', /^peak \d+\/s$/);
    await becomes(at, '#streams tr:nth-child(1) .rate', /^[1-9][\d.,]* per min$/);
    expect(await text(at, '#streams tr:nth-child(2) .rate')).toBe('0 per min');
    expect(complaints).toEqual([]);
  });

  test('a lost feed is said and found again; chat is unknown meanwhile, not zero', async () => {
    const at = await open('/');
    await becomes(at, '#feed-state', /^connected$/);
    await becomes(at, '#chat-rate', /^0$/);
    daemon?.closeFeed(4001, 'restart', { k: 'bye', code: 4001, retry_ms: 1500 });
    await becomes(at, '#feed-state', /^connection lost, next try in [12] s$/);
    expect(await text(at, '#chat-rate')).toBe('–');
    await becomes(at, '#feed-state', /^connected$/);
    expect(daemon?.feedRequests).toHaveLength(2);
  });

  test('a feed that refuses is not asked again, and its reason is shown', async () => {
    const at = await open('/');
    await becomes(at, '#feed-state', /^connected$/);
    daemon?.closeFeed(4500, 'bad request', { k: 'err', code: 'bad_filter', msg: 'unknown type', retry: false });
    await becomes(at, '#feed-state', /^feed refused: unknown type$/);
  });

  test('when the daemon no longer answers, the page says since when it knows nothing new', async () => {
    const at = await open('/');
    await becomes(at, '#live-count', /^1$/);
    await daemon?.close();
    daemon = undefined;
    await becomes(at, '#outage', /^The daemon does not answer. What you see is from \d\d:\d\d:\d\d/);
    expect(await at.locator('main.stale').count()).toBe(1);
  });

  test('without credentials it says what to set, and shows channels by chat', async () => {
    const status = healthyStatus({ helix: undefined, credentials: { state: 'absent', reason: 'no client id is set' } });
    const failed = tracked('2', { isLive: undefined, chat: { state: 'failed', reason: 'no answer to JOIN' } });
    const channels = [tracked('1', { isLive: undefined }), failed];
    const at = await open('/', {
      status: { read: () => status },
      streams: { live: () => [], asOf: () => undefined },
      channels: { list: () => channels, find: () => undefined },
    });
    await becomes(at, '#streams-empty', /Chat only[\s\S]*Set TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET/);
    expect(await text(at, '#live-count')).toBe('–');
    expect(await text(at, '#warnings')).toBe('Who is live is not known: no client id is set.');
    expect(await text(at, '#streams tbody tr:nth-child(2)')).toMatch(
      /Chat not joined\s+no answer to JOIN[\s\S]*not heard/,
    );
    expect(complaints).toEqual([]);
  });

  test.each([
    ['nobody is live', [tracked('1', { isLive: false })], /^No channel is live\./],
    ['nothing is watched', [], /^No channel is watched yet\.[\s\S]*--channels LOGIN,LOGIN/],
  ])('when %s, it says so', async (_case, channels, pattern) => {
    const at = await open('/', {
      streams: { live: () => [], asOf: () => startedAt },
      channels: { list: () => channels, find: () => undefined },
    });
    await becomes(at, '#streams-empty', pattern);
  });

  test('on a narrow screen nothing sticks out', async () => {
    const streams = [liveStream('1', { title: 'x'.repeat(140) })];
    const at = await open('/', { streams: { live: () => streams, asOf: () => startedAt } }, 360);
    await becomes(at, '#live-count', /^1$/);
    const width = await at.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
  });

  test('the reference page lists the routes, from our own origin alone', async () => {
    const at = await open('/docs');
    await at.locator('.opblock-summary-path').first().waitFor();
    const paths = await at.locator('.opblock-summary-path').allInnerTexts();
    expect(paths.map((path) => path.replaceAll('\u200b', ''))).toContain('/api/v1/streams');
    await at.locator('.opblock-summary-control').nth(2).click();
    await at.locator('.try-out__btn').click();
    await at.locator('.execute').click();
    await becomes(at, '.live-responses-table tbody .response-col_status', /^200/);
    expect(complaints).toEqual([]);
  });
});
