/**
 * How many connections one remote address may hold. Loopback is not counted: every overlay on this machine, and everybody behind a
 * proxy on it, has the same address.
 */
import { BlockList, isIP } from 'node:net';

/** An address as text is the key, as the engine writes it; one engine always writes the same address the same way. */
export class AddressLimit {
  readonly #max: number;
  readonly #isExempt: (address: string) => boolean;
  readonly #counts = new Map<string, number>();

  constructor(max: number, isExempt: (address: string) => boolean) {
    this.#max = max;
    this.#isExempt = isExempt;
  }

  hasRoom(address: string): boolean {
    return (this.#counts.get(address) ?? 0) < this.#max;
  }

  enter(address: string): void {
    if (!this.#isExempt(address)) this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  /** To be called once for each `enter`. */
  leave(address: string): void {
    const left = (this.#counts.get(address) ?? 0) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** IPv4 addresses in the clothes of IPv6 (`::ffff:127.0.0.1`), as a dual-stack socket tells them, are recognised. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
