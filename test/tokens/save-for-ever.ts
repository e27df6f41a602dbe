/** Saves one pair after another at the path that it is given, and prints the number of each that is saved. Waits to be killed. */
import { createFileTokenStore } from '../../src/tokens/file-token-store.ts';

const store = createFileTokenStore(process.argv[2] ?? '');
for (let generation = 1; ; generation++) {
  await store.save({
    userId: '1',
    login: 'watcher',
    clientId: 'client',
    accessToken: `access-${generation}`,
    refreshToken: `refresh-${generation}`,
    scopes: [],
    obtainedAt: generation,
    expiresAt: generation + 1,
  });
  process.stdout.write(`${generation}\n`);
}
