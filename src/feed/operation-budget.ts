/** How often a client may speak: 50 operations in each window of 10 s, counted from the first one in it. */

const maxOperations = 50;
const windowMs = 10_000;

export class OperationBudget {
  #endsAt = 0;
  #used = 0;

  /** Takes one operation. @returns 0 when it was within the budget, else how long until there is a new one, ms. */
  take(now: number): number {
    if (now >= this.#endsAt) {
      this.#endsAt = now + windowMs;
      this.#used = 0;
    }
    this.#used += 1;
    return this.#used <= maxOperations ? 0 : this.#endsAt - now;
  }
}
