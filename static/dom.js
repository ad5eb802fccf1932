/**
 * The few things the page does to the document: make elements, write text where it changed, and paint once per frame.
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{[attribute: string]: string}} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Writing the same text again would still cost a layout.
 * @param {Node} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Collects whatever has something to paint and paints it in the next frame. A hidden page gets no frames, so all that
 * happened meanwhile is painted once on return.
 */
export class Painter {
  constructor() {
    /** @type {Set<{paint: (now: number) => void}>} */
    this.waiting = new Set();
  }

  /** @param {{paint: (now: number) => void}} part */
  request(part) {
    if (this.waiting.size === 0) requestAnimationFrame(() => this.#paint());
    this.waiting.add(part);
  }

  #paint() {
    const parts = [...this.waiting];
    this.waiting.clear();
    const now = performance.now();
    for (const part of parts) part.paint(now);
  }
}

/**
 * Save by the form's button, or by Ctrl Enter from wherever one types in it.
 * @param {HTMLFormElement} form
 * @param {() => void} save
 */
export function onSave(form, save) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}
