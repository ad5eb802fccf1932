/**
 * Asks while somebody types: only once they pause, one question at a time, and only the answer to the newest one is
 * shown. Pure but for the timer it is given; the builder's preview stands on it.
 */

export const PAUSE_MS = 250;

/**
 * @template Question, Answer
 */
export class Latest {
  /**
   * @param {(question: Question) => Promise<Answer>} ask
   * @param {(answer: Answer) => void} show
   * @param {(ms: number, act: () => void) => () => void} after
   */
  constructor(ask, show, after) {
    this.ask = ask;
    this.show = show;
    this.after = after;
    /** @type {{question: Question} | null} */
    this.wanted = null;
    this.asking = false;
    this.paused = true;
    this.stopTimer = () => {};
  }

  /** @param {Question} question */
  want(question) {
    this.drop();
    this.wanted = { question };
    this.stopTimer = this.after(PAUSE_MS, () => {
      this.paused = true;
      void this.#next();
    });
    this.paused = false;
  }

  /** Nobody wants to know any more, not even what is being asked. */
  drop() {
    this.stopTimer();
    this.wanted = null;
  }

  async #next() {
    if (this.asking || !this.paused || this.wanted === null) return;
    const { wanted } = this;
    this.asking = true;
    const answer = await this.ask(wanted.question);
    this.asking = false;
    if (this.wanted === wanted) {
      this.wanted = null;
      this.show(answer);
    }
    await this.#next();
  }
}
