/** Where the port of an authority begins, at its colon; -1 if it has none. Colons inside `[…]` are no port. */
export function hostPortStart(authority: string): number {
  const colon = authority.lastIndexOf(":");
  return colon === -1 || authority.lastIndexOf("]") > colon ? -1 : colon;
}
