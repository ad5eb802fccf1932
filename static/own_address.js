/**
 * Where a person wanted to be before signing in. It comes out of an address that anybody may have written, so nothing
 * leads away from here: not to another site, not to a script.
 */

/**
 * @param {string | null} wanted a path of ours, with what follows it
 * @param {string} home the origin of this page
 * @returns {string} the same path if it is one, else that of the lists
 */
export function ownAddress(wanted, home) {
  if (wanted === null || !wanted.startsWith("/")) return "/";
  try {
    const { origin, pathname, search, hash } = new URL(wanted, home);
    // A browser reads `//host` and `/\host` as another site; and two slashes may be left once dots are resolved.
    return origin === home && !pathname.startsWith("//") && pathname !== "/login" ? pathname + search + hash : "/";
  } catch {
    return "/";
  }
}

/**
 * @param {{pathname: string, search: string, hash: string}} here
 * @returns {string} the form's address, which leads back to here
 */
export function loginFrom({ pathname, search, hash }) {
  const wanted = pathname + search + hash;
  return wanted === "/" ? "/login" : `/login?next=${encodeURIComponent(wanted)}`;
}
