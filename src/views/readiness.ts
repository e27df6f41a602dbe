/** Whether every part does its work. */
import type { ReadinessCheck } from '../http/deps.ts';
import type { ViewedParts } from './viewed-parts.ts';

export function checkReadiness(parts: ViewedParts): readonly ReadinessCheck[] {
  const { open, wanted } = parts.chat?.status().connections ?? { open: 0, wanted: 0 };
  return [
    checkStore(parts),
    { name: 'chat', ok: open > 0 || wanted === 0, detail: `${open} of ${wanted} connections open` },
    checkHelix(parts),
  ];
}

function checkStore({ writer, engine, isStoreReady }: ViewedParts): ReadinessCheck {
  const failing = Object.values(writer.status().tables).find((table) => table.isFailing);
  const engineState = engine?.status().state ?? 'open';
  const isFine = failing === undefined && engineState === 'open' && isStoreReady();
  const waiting = isStoreReady() ? `ClickHouse ${engineState}` : 'waiting for ClickHouse to answer';
  return { name: 'store', ok: isFine, detail: failing?.lastError ?? waiting };
}

function checkHelix({ watchList, streams }: ViewedParts): ReadinessCheck {
  const sweep = streams?.status().sweep;
  if (sweep === undefined) return { name: 'helix', ok: true, detail: 'no credentials: chat only' };
  const isFine = sweep.lastError === undefined && sweep.lastSuccessAt !== undefined;
  const swept = sweep.lastSuccessAt === undefined ? 'no sweep yet' : `${watchList.identified().length} channels swept`;
  return { name: 'helix', ok: isFine, detail: sweep.lastError ?? swept };
}
