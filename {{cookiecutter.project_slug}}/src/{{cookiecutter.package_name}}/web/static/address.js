/** Where the service is: one level above its static files, whichever prefix it is served under. */

/** The address of `path`, which is relative to the service. */
export function address(path) {
  return new URL(`../${path}`, import.meta.url);
}
