/** One piece of work at a time for each key: who asks while it is under way gets its result instead of a second run. */

export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    const under = this.#flights.get(key);
    if (under !== undefined) return under;
    const flight = work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  /** Resolves when what is under way now is over, well or badly. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
  }
}
