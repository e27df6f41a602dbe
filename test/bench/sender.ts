/** The simulated Twitch of a benchmark: sends its lines once, when told, and says when the last has left. */
import { createSimulator } from '../../src/simulator/simulator.ts';

const [file = '', rate = 'max'] = process.argv.slice(2);
const simulator = createSimulator({
  replay: { file, rate: rate === 'max' ? 'max' : Number(rate), begin: 'order' },
  changesPerMinute: 0,
});
await simulator.start(new AbortController().signal, (error) => {
  throw error;
});
process.send?.({ kind: 'port', port: simulator.port });
process.on('message', () => {
  void simulator.replay?.begin();
  void simulator.replay?.done.then(() => process.send?.({ kind: 'sent' }));
});
process.on('SIGTERM', () => void simulator.stop(AbortSignal.abort()).then(() => process.exit(0)));
