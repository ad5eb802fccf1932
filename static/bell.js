/**
 * Makes alerts heard and seen outside of the page: a sound, spoken words, a desktop notification, as the reader chose in
 * this browser. Of several windows one rings: each alert is claimed by name, and who cannot make a sound yet lets others
 * go first. No timer stands between an alert and its sound, as a hidden tab's timers are late.
 */

/**
 * @typedef {import("./protocol.js").Alert} Alert
 * @typedef {{sound: boolean, speech: boolean, desktop: boolean, volume: number}} Choices
 * @typedef {readonly (readonly [frequency: number, from: number, seconds: number])[]} Notes
 */

export const STORED = "tradeul.bell";
/** A window that hears of an alert later than this after another one has rung it would ring it again. */
const CLAIMED_MS = 10_000;
/** How long a window that is still mute waits for one that is not. */
const MUTE_MS = 150;
const LOUDEST = 0.4;
const USUAL = "bell";

/** @type {Readonly<{[name: string]: Notes}>} */
export const SOUNDS = Object.freeze({
  bell: [[880, 0, 0.5], [1_320, 0.02, 0.35]],
  rise: [[523, 0, 0.14], [659, 0.12, 0.14], [784, 0.24, 0.3]],
  fall: [[784, 0, 0.14], [659, 0.12, 0.14], [523, 0.24, 0.3]],
  knock: [[196, 0, 0.09], [196, 0.14, 0.09]],
  alarm: [[988, 0, 0.12], [740, 0.14, 0.12], [988, 0.28, 0.12], [740, 0.42, 0.12]],
});

/**
 * @param {string | null} text as it was stored
 * @returns {Choices} what is not known of it is as usual
 */
export function choicesOf(text) {
  const usual = { sound: true, speech: false, desktop: false, volume: 0.7 };
  try {
    const stored = JSON.parse(text ?? "{}");
    const flags = Object.fromEntries(["sound", "speech", "desktop"].flatMap((name) => {
      return typeof stored?.[name] === "boolean" ? [[name, stored[name]]] : [];
    }));
    const volume = Number.isFinite(stored?.volume) ? Math.min(1, Math.max(0, stored.volume)) : usual.volume;
    return { ...usual, ...flags, volume };
  } catch {
    return usual;
  }
}

/**
 * @typedef {{claim: (name: string, ms: number) => Promise<boolean>, audio: () => AudioContext | null,
 *   speak: (words: string) => void, notify: (alert: Alert) => void, wait: (ms: number) => Promise<void>}} Means
 */

export class Bell {
  /**
   * @param {Means} means
   * @param {Choices} choices
   */
  constructor(means, choices) {
    this.means = means;
    this.choices = choices;
    /** How often this window rang. */
    this.rang = 0;
  }

  /** Whether the browser lets this window be heard; it wants a press or a key first. */
  get audible() {
    return this.means.audio()?.state === "running";
  }

  /** @param {Alert} alert */
  async ring(alert) {
    const { sound, speech, desktop } = this.choices;
    if (!sound && !speech && !desktop) return false;
    if (sound && !this.audible) await this.means.wait(MUTE_MS);
    if (!(await this.means.claim(`tradeul.alert.${alert.id}`, CLAIMED_MS))) return false;
    this.rang += 1;
    if (sound) this.play(String(alert.data.sound ?? USUAL));
    if (speech) this.means.speak(alert.text);
    if (desktop) this.means.notify(alert);
    return true;
  }

  /** @param {string} name one that is not known is the usual one */
  play(name) {
    const audio = this.means.audio();
    if (audio === null) return;
    const loudness = LOUDEST * this.choices.volume;
    for (const [frequency, from, seconds] of SOUNDS[name] ?? SOUNDS[USUAL] ?? []) {
      const begin = audio.currentTime + from;
      const tone = audio.createOscillator();
      const gain = audio.createGain();
      tone.frequency.value = frequency;
      gain.gain.setValueAtTime(loudness, begin);
      gain.gain.exponentialRampToValueAtTime(0.001, begin + seconds);
      tone.connect(gain).connect(audio.destination);
      tone.start(begin);
      tone.stop(begin + seconds);
    }
  }
}

/** @returns {Means} those of a browser */
export function browserMeans() {
  /** @type {AudioContext | null} */
  let audio = null;
  const unlock = () => {
    audio ??= new AudioContext();
    void audio.resume();
  };
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, unlock, { capture: true, passive: true });
  return {
    claim,
    audio: () => audio,
    speak: (words) => globalThis.speechSynthesis?.speak(new SpeechSynthesisUtterance(words)),
    notify: ({ id, text, rule }) => {
      if (globalThis.Notification?.permission !== "granted") return;
      new Notification(text, { body: rule, tag: `tradeul.${id}` });
    },
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  };
}

/**
 * @param {string} name
 * @param {number} ms how long it stays claimed
 * @returns {Promise<boolean>} whether no other window of this browser has it; where that cannot be known, yes
 */
function claim(name, ms) {
  const { locks } = navigator;
  if (locks === undefined) return Promise.resolve(true);
  return new Promise((answer) => {
    void locks.request(name, { ifAvailable: true }, (lock) => {
      answer(lock !== null);
      return lock === null ? undefined : new Promise((done) => setTimeout(done, ms));
    });
  });
}
