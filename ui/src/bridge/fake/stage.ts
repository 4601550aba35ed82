// What the fake's parts share: how to say something to the window, and how long things take.

import type { CommandError } from '../generated/CommandError';
import type { ErrorCode } from '../generated/ErrorCode';
import type { Event } from '../generated/Event';
import type { Reply } from '../generated/Reply';

export const DONE: Reply = { type: 'done' };

export function refused(code: ErrorCode): CommandError {
  return { code, message: `the fake refuses: ${code}` };
}

export class Stage {
  readonly #hearers = new Set<(event: Event) => void>();
  /** Scales every delay: 1 is lifelike, 0 is at once. */
  readonly pace: number;

  constructor(pace: number) {
    this.pace = pace;
  }

  hear(hear: (event: Event) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  /** Say something to the window as the engine would. */
  tell(event: Event): void {
    for (const hear of this.#hearers) hear(structuredClone(event));
  }

  wait(ms: number): Promise<void> {
    return ms * this.pace === 0 ? Promise.resolve() : new Promise((done) => setTimeout(done, ms * this.pace));
  }
}
